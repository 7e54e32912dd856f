import type { ObjectRecord } from "../store/types.ts";
import type { Progress } from "./progress.ts";
import type { RunUse } from "./run-uses.ts";
import { percentOf, type StageNow } from "./stage-states.ts";
import type { RunRow } from "./views.ts";

/** A row of the page. @param isStopped whether the whole experiment is to stop */
export function runRow(use: RunUse, id: string, experiment: string, now: StageNow, isStopped: boolean): RunRow {
  const { key, label, variant, seed, start, pruning, sparsity, epochs } = use;
  const state = isStopped && now.state === "waiting" ? "stopped" : now.state;
  const message = state === now.state ? now.message : "the experiment is stopped";
  const shown = now.record === undefined ? underWay(now.progress) : ended(now, now.record);
  return {
    ...{ id, experiment, key, label, variant, seed, start, pruning, sparsity, state, message, epochs },
    ...shown,
    host: now.host ?? null,
  };
}

type Shown = Pick<
  RunRow,
  | "epoch"
  | "accuracy"
  | "bestAccuracy"
  | "trainLoss"
  | "testLoss"
  | "imagesPerSecond"
  | "secondsLeft"
  | "seconds"
  | "finishedAt"
>;

function ended({ finished }: StageNow, { provenance }: ObjectRecord): Shown {
  return {
    epoch: finished?.epoch ?? 0,
    accuracy: finished?.accuracy ?? null,
    bestAccuracy: finished?.bestAccuracy ?? null,
    trainLoss: finished?.trainLoss ?? null,
    testLoss: finished?.testLoss ?? null,
    imagesPerSecond: null,
    secondsLeft: null,
    seconds: provenance.durationMs / 1000,
    finishedAt: provenance.finishedAt,
  };
}

function underWay(progress: Progress | undefined): Shown {
  const { start, epochs = [], step, secondsLeft, seconds } = progress ?? {};
  const last = epochs.at(-1);
  const share = step === undefined || step.steps === 0 ? 0 : step.step / step.steps;
  const best = epochs.reduce((top, { testAccuracy }) => Math.max(top, testAccuracy), 0);
  return {
    epoch: Number(((last?.epoch ?? start?.from ?? 0) + share).toFixed(3)),
    accuracy: percentOf(last?.testAccuracy),
    bestAccuracy: epochs.length === 0 ? null : percentOf(best),
    trainLoss: step?.loss ?? last?.trainLoss ?? null,
    testLoss: last?.testLoss ?? null,
    imagesPerSecond: step?.imagesPerSecond ?? null,
    secondsLeft: secondsLeft ?? null,
    seconds: seconds ?? null,
    finishedAt: null,
  };
}
