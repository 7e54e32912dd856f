import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { writeFileAtomic } from "../core/atomic-write.ts";
import { canonicalJson, type Json, sha256 } from "../core/canonical-json.ts";
import { readBounded } from "../core/read-bounded.ts";
import type { Plan } from "../plan/types.ts";

/** In every report's folder: which experiment it is of. */
const MARK = "experiment.json";

/** It holds a hash; a larger file is somebody else's. */
const MAX_MARK_BYTES = 100_000;

/**
 * The folder of a plan's report: `reports/NAME`, or `reports/NAME-HASH` when that belongs to another experiment of the name (other fields, other
 * data, other seeds). So a folder never mixes two, and a finished report is not replaced by that of a changed spec.
 * @param also what else tells this report from others of the same experiment
 * @returns the folder, marked as this experiment's, and whether the plain name was taken
 */
export function reportFolder(
  plan: Plan,
  out: string,
  also: Json = null,
): { readonly folder: string; readonly isTaken: boolean } {
  const hash = experimentHash(plan, also);
  const plain = join(resolve(out), "reports", plan.spec.name);
  const isTaken = existsSync(plain) && markOf(plain) !== hash;
  const folder = isTaken ? `${plain}-${hash.slice(0, 8)}` : plain;
  if (markOf(folder) !== hash)
    writeFileAtomic(join(folder, MARK), `${JSON.stringify({ name: plan.spec.name, sha256: hash }, null, 2)}\n`);
  return { folder, isTaken };
}

/** Everything that a report is made of, whether done or not: the stages by their keys, what each means, and the margins of the verdicts. */
function experimentHash({ spec, stages, arms, comparisons }: Plan, also: Json): string {
  const identity = {
    stages: [...stages.keys()].sort(),
    variants: spec.variants.map(({ id, label }) => ({ id, label })),
    seeds: spec.seeds,
    verdict: { ...spec.verdict },
    arms: arms.length,
    comparisons: comparisons.length,
    also,
  };
  return sha256(canonicalJson(identity));
}

function markOf(folder: string): string | undefined {
  try {
    const mark: unknown = JSON.parse(readBounded(join(folder, MARK), MAX_MARK_BYTES)?.toString("utf8") ?? "");
    return typeof mark === "object" && mark !== null && "sha256" in mark ? String(mark.sha256) : undefined;
  } catch {
    return undefined; // none, or a damaged one: somebody else's folder
  }
}

/** What is said when a report could not have the plain name. */
export function takenNotice(name: string, folder: string): string {
  return `note: reports/${name} belongs to another experiment of this name; this one is in ${folder}\n`;
}
