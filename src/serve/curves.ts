import type { Json } from "../core/canonical-json.ts";
import { CorruptObjectError, type Store } from "../store/store.ts";
import { percentOf, type StageStates } from "./stage-states.ts";
import type { CurveView, RunRow } from "./views.ts";

/** The learning curve of a run so far: from its object when it is finished, else from what the training appends. */
export function curveOf({ id, key }: RunRow, states: StageStates, store: Store): CurveView {
  const { record } = states.get(key);
  const lines =
    record === undefined
      ? states.progress(key).epochs.map((line) => ({ ...line }))
      : storedCurve(key, Object.hasOwn(record.files, "metrics.jsonl"), store);
  const column = (name: string) => lines.map((line) => numberIn(line, name));
  const shares = (name: string) => column(name).map((share) => percentOf(share) ?? 0);
  return {
    id,
    epochs: column("epoch"),
    testAccuracy: shares("testAccuracy"),
    trainAccuracy: shares("trainAccuracy"),
    testLoss: column("testLoss"),
    trainLoss: column("trainLoss"),
    lr: column("lr"),
  };
}

function storedCurve(key: string, hasMetrics: boolean, store: Store): readonly Json[] {
  try {
    return hasMetrics ? store.readMetrics(key) : [];
  } catch (error) {
    if (error instanceof CorruptObjectError) return []; // moved aside by the store
    throw error;
  }
}

function numberIn(line: Json, name: string): number {
  const value =
    typeof line === "object" && line !== null ? (line as { readonly [field: string]: Json })[name] : undefined;
  return typeof value === "number" ? value : Number.NaN;
}
