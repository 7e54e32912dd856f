import type { Stage } from "../plan/types.ts";

/** What running one stage came to. `diverged` is a stored result; `interrupted` left a checkpoint. */
export type StageStatus = "done" | "diverged" | "interrupted" | "busy";

/** Where in a training a worker is; other stages report nothing. */
export interface Progress {
  /** Epoch under way, from 1, of `epochs`. */
  readonly epoch: number;
  readonly epochs: number;
  readonly step: number;
  readonly steps: number;
  readonly imagesPerSecond: number;
  /** Share of the test set that was right after the last finished epoch, in [0, 1]. */
  readonly testAccuracy?: number;
}

/** What happens during a run, for whoever shows it. */
export type RunEvent =
  | { readonly type: "start"; readonly stage: Stage; readonly worker: number }
  | { readonly type: "progress"; readonly stage: Stage; readonly worker: number; readonly progress: Progress }
  | { readonly type: "finish"; readonly stage: Stage; readonly worker: number; readonly status: StageStatus }
  | { readonly type: "fail"; readonly stage: Stage; readonly message: string }
  | { readonly type: "skip"; readonly stage: Stage; readonly because: string }
  | { readonly type: "wait"; readonly stage: Stage; readonly message: string }
  | { readonly type: "notice"; readonly message: string };

/** Something that can run one stage at a time; `inline` has one slot, `local` one per worker process. */
export interface Slot {
  /** Runs the stage to its end. Rejects with StageFailure; resolves with its status. */
  run(stage: Stage, onProgress: (progress: Progress) => void): Promise<StageStatus>;
  /** Asks the running stage to checkpoint and return `interrupted`. */
  interrupt(): void;
  close(): Promise<void>;
}

/** Why a stage did not finish. */
export class StageFailure extends Error {
  override readonly name = "StageFailure";
  /**
   * `fatal`: nothing else can succeed either (disk full, unwritable store): stop the run.
   * `lost`: the worker died; trying again continues from the checkpoint.
   * `corrupt`: an input object was damaged and has been quarantined; recompute `key`.
   * `error`: this stage cannot succeed, others may.
   */
  readonly reason: FailureReason;
  /** Key of the damaged input, for `corrupt`. */
  readonly key: string | undefined;

  constructor(reason: FailureReason, message: string, key?: string) {
    super(message);
    this.reason = reason;
    this.key = key;
  }
}

export type FailureReason = "fatal" | "lost" | "corrupt" | "error";

/** How a whole run ended, in stages. */
export interface RunSummary {
  readonly done: number;
  readonly reused: number;
  readonly diverged: readonly string[];
  readonly failed: ReadonlyMap<string, string>;
  readonly skipped: readonly string[];
  /** Stages that were ready and are held back by a mark (`Store.stops`); those that need them are not listed. */
  readonly stopped: readonly string[];
  readonly interrupted: boolean;
}
