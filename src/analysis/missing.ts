import { startName } from "../plan/retraining.ts";
import { percent } from "../run/labels.ts";
import { listText } from "./format.ts";
import { variantLabel } from "./groups.ts";
import type { ArmResult, ComparisonResult, Outcome, Results } from "./types.ts";

/** More entries than this are counted instead: nobody reads a caption of a page. */
const MOST_ENTRIES = 8;

/**
 * What a figure or table leaves out, for its caption: `Left out: lr 0.1, ticket, iterative 90 %, seed 2 (diverged).`, or when there is much:
 * `Left out: 34 of 96 runs (33 not run yet, 1 diverged); the report lists them under Not done.`
 * @returns undefined when all of these arms are done
 */
export function missingNote(results: Results, arms: readonly ArmResult[]): string | undefined {
  const places = placesOf(arms, (arm) => {
    const cell = arm.cell === undefined ? "" : `, ${arm.cell.pruning} ${percent(arm.cell.sparsity)}`;
    return `${variantLabel(results, arm.variant)}, ${startName(arm)}${cell}`;
  });
  return leftOut(places, arms, "runs");
}

/**
 * The same for comparisons, of which a variant may have none at all and therefore no panel: `Nothing to draw for lr 0.1
 * (12 not run yet). Left out: lr 0.01, ticket, 90 %, seed 2 (an input diverged).`
 */
export function missingComparisons(results: Results, comparisons: readonly ComparisonResult[]): string | undefined {
  const variants = results.spec.variants.map(({ id }) => comparisons.filter(({ variant }) => variant === id));
  const absent = variants.filter((all) => all.length > 0 && all.every(({ status }) => status !== "done"));
  const others = variants.filter((all) => !absent.includes(all)).flat();
  const panels = absent.map((all) => `${variantLabel(results, all[0]?.variant ?? "")} (${countsText(all)})`);
  const places = placesOf(others, ({ variant, measure, cell }) => {
    const at = cell === undefined ? "" : `, ${percent(cell.sparsity)}`;
    return `${variantLabel(results, variant)}, ${measure}${at}`;
  });
  const sentences = [
    ...(panels.length === 0 ? [] : [`Nothing to draw for ${listText(panels)}.`]),
    leftOut(places, others, "comparisons"),
  ].filter((sentence) => sentence !== undefined);
  return sentences.length === 0 ? undefined : sentences.join(" ");
}

/** What became of those that are not done: `33 not run yet, 1 diverged`. */
export function countsText(all: readonly Outcome[]): string {
  const counts = new Map<string, number>();
  for (const one of all) if (one.status !== "done") counts.set(statusText(one), 1 + (counts.get(statusText(one)) ?? 0));
  return [...counts].map(([status, count]) => `${count} ${status}`).join(", ");
}

/** `lr 0.1, ticket, iterative 90 %, seeds 0 and 1 (not run yet)` for what is not done, those of one place and fate together. */
function placesOf<T extends Outcome & { readonly seed: number }>(
  all: readonly T[],
  placeOf: (one: T) => string,
): readonly string[] {
  const seeds = new Map<string, number[]>();
  for (const one of all) {
    if (one.status === "done") continue;
    const place = `${placeOf(one)}\n${statusText(one)}`;
    seeds.set(place, [...(seeds.get(place) ?? []), one.seed]);
  }
  return [...seeds].map(([place, of]) => {
    const [where = "", status = ""] = place.split("\n");
    return `${where}, ${of.length === 1 ? "seed" : "seeds"} ${listText(of.map(String))} (${status})`;
  });
}

function leftOut(places: readonly string[], all: readonly Outcome[], what: string): string | undefined {
  if (places.length === 0) return undefined;
  if (places.length <= MOST_ENTRIES) return `Left out: ${places.join("; ")}.`;
  const missing = all.filter(({ status }) => status !== "done").length;
  return `Left out: ${missing} of ${all.length} ${what} (${countsText(all)}); the report lists them under Not done.`;
}

function statusText({ status, cause = "failed" }: Outcome): string {
  return { done: "done", diverged: "diverged", failed: "failed", skipped: `an input ${cause}`, missing: "not run yet" }[
    status
  ];
}
