import { percent } from "../run/labels.ts";
import { listText } from "./format.ts";
import { variantLabel } from "./groups.ts";
import type { ArmResult, ComparisonResult, Results } from "./types.ts";

/**
 * What masks with other shares in every layer bring about: layers without a weight left (layer collapse), and each p of R_p whose top
 * weights do not fit into what the mask keeps of every layer. One sentence for each kind and place.
 */
export function unevenNotes(results: Results): readonly string[] {
  return [...collapseNotes(results), ...leftOutNotes(results)];
}

function collapseNotes(results: Results): readonly string[] {
  const emptied = results.arms.filter(({ collapsed }) => collapsed !== undefined);
  const masks = new Map(emptied.map((arm) => [arm.cell?.mask.key, arm]));
  const groups = grouped(
    [...masks.values()],
    (arm) => `${placeOf(results, arm)}: no weight left in ${listText(arm.collapsed ?? [])}`,
  );
  return groups.map(([text, seeds]) => `Collapsed layers: ${text} (${seedList(seeds)}).`);
}

function leftOutNotes(results: Results): readonly string[] {
  const partial = results.comparisons.filter(({ leftOut }) => leftOut !== undefined);
  const groups = grouped(
    partial,
    (one) => `R_p at p = ${listText((one.leftOut ?? []).map(String))} of ${one.measure}, ${placeOf(results, one)}`,
  );
  return groups.map(
    ([text, seeds]) =>
      `Left out: ${text} (${seedList(seeds)}): the mask keeps too little of some layer for the top weights of this share.`,
  );
}

function placeOf(results: Results, { variant, cell }: ArmResult | ComparisonResult): string {
  return `${variantLabel(results, variant)}, ${cell?.pruning ?? ""} ${percent(cell?.sparsity ?? 0)}`;
}

/** What has one text, with the seeds that have it. */
function grouped<T extends { readonly seed: number }>(
  all: readonly T[],
  textOf: (one: T) => string,
): readonly (readonly [string, readonly number[]])[] {
  const seeds = new Map<string, number[]>();
  for (const one of all) seeds.set(textOf(one), [...(seeds.get(textOf(one)) ?? []), one.seed]);
  return [...seeds];
}

function seedList(seeds: readonly number[]): string {
  return `${seeds.length === 1 ? "seed" : "seeds"} ${listText([...new Set(seeds)].map(String))}`;
}
