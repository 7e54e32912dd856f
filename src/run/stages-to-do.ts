import { inputsOf } from "../plan/stage-table.ts";
import type { Stage } from "../plan/types.ts";

/** What a store holds, asked without computing anything. */
export interface StoredStages {
  /** Whether a stage is done and all these outputs were kept. */
  isStored(key: string, outputs: readonly string[]): boolean;
  /** Whether the stage ended with a loss that is not finite. */
  isDiverged(key: string): boolean;
}

/**
 * Keys of the stages that are not finished. Weights are made to be read: a stage that is done and lacks only weights (its results were taken in
 * from an export, which has none) is unfinished only while an unfinished stage reads those weights. Then it is computed again.
 * @param stages by key, each after its inputs
 */
export function stagesToDo(stages: ReadonlyMap<string, Stage>, stored: StoredStages): ReadonlySet<string> {
  // A large store is asked once per stage, and twice only for what is not finished.
  const lacking = new Set(
    [...stages.values()]
      .filter(
        ({ key, outputs }) =>
          !stored.isStored(
            key,
            outputs.filter((output) => !isWeights(output)),
          ),
      )
      .map(({ key }) => key),
  );
  const blocked = blockedStages(stages, (key) => lacking.has(key) && stored.isDiverged(key));
  const toDo = new Set<string>();
  const read = new Map<string, string[]>();
  for (const stage of [...stages.values()].reverse()) {
    const { key } = stage;
    const weights = read.get(key) ?? [];
    if (!lacking.has(key) && (weights.length === 0 || stored.isStored(key, weights))) continue;
    toDo.add(key);
    if (blocked.has(key)) continue; // what can never run reads nothing
    for (const ref of inputsOf(stage).filter(({ output }) => isWeights(output)))
      read.set(ref.key, [...(read.get(ref.key) ?? []), ref.output]);
  }
  return toDo;
}

/** Stages that will never be done: those that diverged, and what needs them. */
export function blockedStages(
  stages: ReadonlyMap<string, Stage>,
  isDiverged: (key: string) => boolean,
): ReadonlySet<string> {
  const blocked = new Set<string>();
  for (const stage of stages.values()) {
    const isBlocked = inputsOf(stage).some(({ key }) => blocked.has(key));
    if (isBlocked || isDiverged(stage.key)) blocked.add(stage.key);
  }
  return blocked;
}

/** Whether an output is weights: large, and wanted only by other stages and by whoever takes a network away. */
export function isWeights(output: string): boolean {
  return output.startsWith("weights@");
}
