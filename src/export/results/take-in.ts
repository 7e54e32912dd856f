import type { Json } from "../../core/canonical-json.ts";
import { STAGE_FILE } from "../../store/layout.ts";
import type { Store } from "../../store/store.ts";
import type { ObjectRecord } from "../../store/types.ts";
import type { FinishedResult } from "./results-file.ts";

/** What became of the results of an export, in numbers. */
export interface TakenIn {
  /** Now in the store. */
  readonly added: number;
  /** In the store already, the same. */
  readonly known: number;
  /** In the store already, computed there with another outcome (another processor, say): that one stays. */
  readonly different: number;
  /** Being computed by another process. */
  readonly busy: number;
}

/** Files that differ from one computation of the same bits to the next. */
const TIMES = "timing.jsonl";

/**
 * Adds finished results to a store as objects without weights. What the store has stays as it is.
 * @throws RunError when the disk is full or not writable
 */
export function takeIn(results: readonly FinishedResult[], store: Store): TakenIn {
  const counts = { added: 0, known: 0, different: 0, busy: 0 };
  for (const result of results) counts[takeInOne(result, store)]++;
  return counts;
}

function takeInOne(result: FinishedResult, store: Store): keyof TakenIn {
  const { key, kind, status, summary, provenance } = result.record;
  const known = store.record(key);
  if (known !== undefined) return isSame(known, result.record) ? "known" : "different";
  const lease = store.claim(key);
  if (lease === undefined) return "busy";
  try {
    if (store.record(key) !== undefined) return "known"; // another process was faster
    lease.dropCheckpoint();
    for (const [file, bytes] of result.files) if (file !== STAGE_FILE) lease.write(file, bytes);
    const stage = JSON.parse(result.files.get(STAGE_FILE)?.toString("utf8") ?? "null") as Json;
    lease.commit({ stage, kind, status, summary, provenance });
    store.clearFailure(key);
    return "added";
  } finally {
    lease.release();
  }
}

/** Whether two records are of one outcome, as far as both have its files. */
function isSame(a: ObjectRecord, b: ObjectRecord): boolean {
  const differs = (file: string) => {
    const [one, other] = [a.files[file], b.files[file]];
    return file !== TIMES && one !== undefined && other !== undefined && one.sha256 !== other.sha256;
  };
  return a.status === b.status && !Object.keys(a.files).some(differs);
}
