import { limits } from "../core/limits.ts";
import { describeData } from "../data/check.ts";
import type { ModelSpec } from "../models/types.ts";
import { type PlanSummary, summarise } from "../plan/estimate.ts";
import { epochsToTrain } from "../plan/retraining.ts";
import type { Stage } from "../plan/types.ts";
import type { Work } from "../plan/union.ts";
import { blockedStages, stagesToDo } from "../run/stages-to-do.ts";
import { isComplete, type Store } from "../store/store.ts";
import type { ObjectRecord } from "../store/types.ts";

/** The records that a store holds of a plan's stages, each read once. */
type Records = ReadonlyMap<string, ObjectRecord | undefined>;

/** Counts and estimates of a plan; the speed is the one that its finished trainings had, when there are some. */
export function summariseFor(plan: Work, store: Store, workers: number): PlanSummary {
  const records: Records = new Map([...plan.stages.keys()].map((key) => [key, store.record(key)]));
  const throughput = measuredThroughput(plan, records);
  const isDiverged = (key: string) => records.get(key)?.status === "diverged";
  const blocked = blockedStages(plan.stages, isDiverged);
  const isStored = (key: string, outputs: readonly string[]) => isComplete(records.get(key), outputs);
  const toDo = stagesToDo(plan.stages, { isStored, isDiverged });
  const isDone = ({ key }: Stage) => blocked.has(key) || !toDo.has(key);
  // More workers than cores share the cores: nothing gets faster by them.
  const busy = Math.min(workers, limits().cores);
  return summarise(plan, isDone, { workers: busy, throughput: (model) => throughput.get(model.name) });
}

/** Training images per second of one worker by model name, evaluation counted as a third of the work per image. */
function measuredThroughput(plan: Work, records: Records): ReadonlyMap<ModelSpec["name"], number> {
  const spent = new Map<string, { images: number; seconds: number }>();
  for (const stage of plan.stages.values()) {
    const record = records.get(stage.key);
    if ((stage.kind !== "train" && stage.kind !== "admm") || !isComplete(record, stage.outputs)) continue;
    const { model, data } = stage.parameters;
    const { train, test, validation } = describeData(data);
    const sum = spent.get(model.name) ?? { images: 0, seconds: 0 };
    sum.images += epochsToTrain(stage.parameters) * (train + (test + validation) / 3);
    sum.seconds += (record?.provenance.durationMs ?? 0) / 1000;
    spent.set(model.name, sum);
  }
  return new Map([...spent].map(([name, { images, seconds }]) => [name, images / seconds]));
}
