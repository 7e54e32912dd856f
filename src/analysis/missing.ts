import { startName } from "../plan/retraining.ts";
import { percent } from "../run/labels.ts";
import { listText } from "./format.ts";
import { variantLabel } from "./groups.ts";
import type { ArmResult, Results } from "./types.ts";

/** More entries than this are counted instead: nobody reads a caption of a page. */
const MOST_ENTRIES = 8;

/**
 * What a figure or table leaves out, for its caption: `Left out: lr 0.1, ticket, iterative 90 %, seed 2 (diverged).`, or when there is much:
 * `Left out: 34 of 96 runs (33 not run yet, 1 diverged); the report lists them under Not done.`
 * @returns undefined when all of these arms are done
 */
export function missingNote(results: Results, arms: readonly ArmResult[]): string | undefined {
  const seeds = new Map<string, number[]>();
  for (const arm of arms) {
    if (arm.status === "done") continue;
    const cell = arm.cell === undefined ? "" : `, ${arm.cell.pruning} ${percent(arm.cell.sparsity)}`;
    const place = `${variantLabel(results, arm.variant)}, ${startName(arm)}${cell}\n${statusText(arm)}`;
    seeds.set(place, [...(seeds.get(place) ?? []), arm.seed]);
  }
  const parts = [...seeds].map(([place, of]) => {
    const [where = "", status = ""] = place.split("\n");
    return `${where}, ${of.length === 1 ? "seed" : "seeds"} ${listText(of.map(String))} (${status})`;
  });
  if (parts.length > MOST_ENTRIES) return countNote(arms);
  return parts.length === 0 ? undefined : `Left out: ${parts.join("; ")}.`;
}

function countNote(arms: readonly ArmResult[]): string {
  const counts = new Map<string, number>();
  for (const arm of arms)
    if (arm.status !== "done") counts.set(statusText(arm), 1 + (counts.get(statusText(arm)) ?? 0));
  const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const parts = [...counts].map(([status, count]) => `${count} ${status}`);
  return `Left out: ${all} of ${arms.length} runs (${parts.join(", ")}); the report lists them under Not done.`;
}

function statusText({ status }: ArmResult): string {
  return { done: "done", diverged: "diverged", failed: "failed", skipped: "an input failed", missing: "not run yet" }[
    status
  ];
}
