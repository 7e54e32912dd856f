import { loadSpec } from "../spec/load.ts";
import type { Spec } from "../spec/types.ts";
import { type PaperFigure, paperFile } from "./catalog.ts";
import { reportedFor, reportedNumbers } from "./reported.ts";
import { scaleSpec } from "./scale.ts";
import { scaleNote } from "./scale-note.ts";
import type { PaperContext, ScaleName } from "./types.ts";

/**
 * The spec of a figure at a scale, and what a report must say about it.
 * @param overrides `a.b=c`, written over the scaled spec
 * @throws InputError for a wrong override, as parseSpec does
 */
export function loadFigure(
  figure: PaperFigure,
  scale: ScaleName,
  overrides: readonly string[] = [],
): { readonly spec: Spec; readonly context: PaperContext } {
  const spec = figureSpec(figure, scale, overrides);
  const full = figureSpec(figure, "full");
  return {
    spec,
    context: {
      id: figure.id,
      title: figure.title,
      shows: figure.shows,
      draws: figure.draws,
      ...(figure.note === undefined ? {} : { note: figure.note }),
      scale,
      scaleNote: scaleNote(spec, full, scale, overrides),
      // Also those that the scale leaves nothing to compare with: the reader should see that they are missing.
      reported: reportedFor(full, reportedNumbers()),
    },
  };
}

/** The spec of a figure at a scale. */
export function figureSpec({ id }: Pick<PaperFigure, "id">, scale: ScaleName, overrides: readonly string[] = []): Spec {
  const path = paperFile(`${id}.yaml`);
  return loadSpec(path, overrides, (tree) => scaleSpec(tree, scale, path));
}
