import { startName } from "../plan/retraining.ts";
import { percent } from "../run/labels.ts";
import { listText } from "./format.ts";
import { variantLabel } from "./groups.ts";
import type { ArmResult, Results } from "./types.ts";

/**
 * What a figure or table leaves out, for its caption: `Left out: lr 0.1, ticket, iterative 90 %, seed 2 (diverged).`
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
  return parts.length === 0 ? undefined : `Left out: ${parts.join("; ")}.`;
}

function statusText({ status }: ArmResult): string {
  return { done: "done", diverged: "diverged", failed: "failed", skipped: "an input failed", missing: "not run yet" }[
    status
  ];
}
