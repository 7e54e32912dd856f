import { describeData } from "../data/check.ts";
import type { ModelSpec } from "../models/types.ts";
import { type PlanSummary, summarise } from "../plan/estimate.ts";
import { epochsToTrain } from "../plan/retraining.ts";
import { inputsOf } from "../plan/stage-table.ts";
import type { Work } from "../plan/union.ts";
import { isDone } from "../run/execute.ts";
import type { Store } from "../store/store.ts";

/** Counts and estimates of a plan; the speed is the one that its finished trainings had, when there are some. */
export function summariseFor(plan: Work, store: Store, workers: number): PlanSummary {
  const done = new Set([...plan.stages.values()].filter((stage) => isDone(store, stage)).map(({ key }) => key));
  const throughput = measuredThroughput(plan, store, done);
  const blocked = blockedStages(plan, store, done);
  return summarise(plan, ({ key }) => blocked.has(key) || done.has(key), {
    workers,
    throughput: (model) => throughput.get(model.name),
  });
}

/** Stages that will never be done: those that diverged, and what needs them. */
function blockedStages(plan: Work, store: Store, done: ReadonlySet<string>): ReadonlySet<string> {
  const blocked = new Set<string>();
  for (const stage of plan.stages.values()) {
    const isBlocked = inputsOf(stage).some(({ key }) => blocked.has(key));
    if (isBlocked || (!done.has(stage.key) && store.record(stage.key)?.status === "diverged")) blocked.add(stage.key);
  }
  return blocked;
}

/** Training images per second of one worker by model name, evaluation counted as a third of the work per image. */
function measuredThroughput(
  plan: Work,
  store: Store,
  done: ReadonlySet<string>,
): ReadonlyMap<ModelSpec["name"], number> {
  const spent = new Map<string, { images: number; seconds: number }>();
  for (const stage of plan.stages.values()) {
    if ((stage.kind !== "train" && stage.kind !== "admm") || !done.has(stage.key)) continue;
    const { model, data } = stage.parameters;
    const { train, test, validation } = describeData(data);
    const sum = spent.get(model.name) ?? { images: 0, seconds: 0 };
    sum.images += epochsToTrain(stage.parameters) * (train + (test + validation) / 3);
    sum.seconds += (store.record(stage.key)?.provenance.durationMs ?? 0) / 1000;
    spent.set(model.name, sum);
  }
  return new Map([...spent].map(([name, { images, seconds }]) => [name, images / seconds]));
}
