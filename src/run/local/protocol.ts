import type { Stage } from "../../plan/types.ts";
import type { FailureReason, Progress, StageStatus } from "../types.ts";

/** From the parent to a worker process. */
export type ToWorker = { readonly type: "run"; readonly stage: Stage } | { readonly type: "interrupt" };

/** From a worker process to the parent. */
export type FromWorker =
  | { readonly type: "progress"; readonly progress: Progress }
  | { readonly type: "finish"; readonly status: StageStatus }
  | { readonly type: "fail"; readonly reason: FailureReason; readonly message: string; readonly key?: string };

/** What a worker process needs to know at its start, handed over as one JSON argument. */
export interface WorkerSetup {
  readonly store: string;
  readonly device: string;
  readonly threads: number;
}
