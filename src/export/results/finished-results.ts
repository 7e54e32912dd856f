import type { Plan } from "../../plan/types.ts";
import { isWeights } from "../../run/stages-to-do.ts";
import type { Store } from "../../store/store.ts";
import type { FileEntry, ObjectRecord } from "../../store/types.ts";
import { type FinishedResult, isWeightsFile, type ResultsFile } from "./results-file.ts";

/**
 * Everything of a plan that a store has finished, diverged trainings too, without weights.
 * @throws CorruptObjectError when an object is damaged; it is in the quarantine then
 */
export function finishedResults(plan: Plan, store: Store): ResultsFile {
  const results = [...plan.stages.values()].flatMap(({ key, outputs }) => {
    const record = store.record(key);
    const isFinished =
      record?.status === "diverged" ||
      store.has(
        key,
        outputs.filter((output) => !isWeights(output)),
      );
    return record !== undefined && isFinished ? [finishedResult(record, store)] : [];
  });
  return { name: plan.spec.name, results };
}

function finishedResult(record: ObjectRecord, store: Store): FinishedResult {
  const kept = Object.entries(record.files).filter(([file]) => !isWeightsFile(file));
  // The name on disk is the store's own business.
  const entries = kept.map(([file, { sha256, sizeBytes }]): [string, FileEntry] => [file, { sha256, sizeBytes }]);
  return {
    record: { ...record, files: Object.fromEntries(entries) },
    files: new Map(kept.map(([file]) => [file, store.read(record.key, file)])),
  };
}
