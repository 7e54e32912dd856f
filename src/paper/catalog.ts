import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { z } from "zod";
import { InputError } from "../core/errors.ts";
import { figureKinds } from "./types.ts";

const entry = z.strictObject({
  id: z.string(),
  aliases: z.array(z.string()).default([]),
  title: z.string(),
  /** What the paper shows there. */
  shows: z.string(),
  draws: z.array(z.enum(figureKinds)),
  /** What the paper leaves open, and what the spec does. */
  note: z.string().optional(),
});

/** A figure or table of the paper: an entry of papers/liu2021/catalog.yaml. */
export type PaperFigure = z.output<typeof entry>;

/** The path of one of the files that ship with the package about the paper. */
export function paperFile(name: string): string {
  return fileURLToPath(new URL(`../../papers/liu2021/${name}`, import.meta.url));
}

/** All figures and tables, in the paper's order. */
export function paperFigures(): readonly PaperFigure[] {
  return z.array(entry).parse(parse(readFileSync(paperFile("catalog.yaml"), "utf8")));
}

/**
 * The figure or table of a name: its id or an alias, with or without `Figure` before it, in any case.
 * @throws InputError with all names, those that start so first
 */
export function findFigure(name: string): PaperFigure {
  const figures = paperFigures();
  const wanted = plainName(name);
  const found = figures.find(({ id, aliases }) => [id, ...aliases].some((known) => plainName(known) === wanted));
  if (found !== undefined) return found;
  const ids = figures.map(({ id }) => id);
  // Names are so short that almost all are near each other; only what a name begins with says something.
  const longer = ids.filter((id) => wanted !== "" && plainName(id).startsWith(wanted));
  const known = `known: ${ids.join(", ")}, and all`;
  const hint = longer.length > 0 ? `did you mean ${longer.map((id) => `"${id}"`).join(" or ")}? ${known}` : known;
  throw new InputError({ where: "paper", message: `expected a figure or table of the paper, got "${name}"`, hint });
}

function plainName(name: string): string {
  return name
    .toLowerCase()
    .replace(/^(figure|fig)\b\.?/, "")
    .replaceAll(/[\s,()-]/g, "");
}
