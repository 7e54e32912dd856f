import type { TopLevelSpec } from "vega-lite";

/** A figure before it is drawn. */
export interface Figure {
  /** File name without extension, unique within a report. */
  readonly name: string;
  /** What is shown, in a few words. */
  readonly title: string;
  /** How to read it, n, and what is left out. */
  readonly caption: string;
  /** Vega-Lite 6, complete with its data. */
  readonly spec: TopLevelSpec;
}

/** A pruning setting's name as part of a file name: `one-shot (snip)` → `one-shot-snip`. */
export function slug(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
}

/** Sentences joined to a caption; undefined ones are left out. */
export function captionOf(...sentences: readonly (string | undefined)[]): string {
  return sentences.filter((sentence) => sentence !== undefined).join(" ");
}

/** Lowest and highest value with some room around them, for an axis that need not start at 0. */
export function roomyDomain(values: readonly number[], share = 0.06): [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = Math.max((high - low) * share, 0.001);
  return [low - room, high + room];
}
