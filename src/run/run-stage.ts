import { InputError, InternalError, RunError } from "../core/errors.ts";
import type { Stage } from "../plan/types.ts";
import { LeaseLostError } from "../store/lease-lost.ts";
import { CorruptObjectError } from "../store/store.ts";
import { setThreads } from "../tensor/engine.ts";
import { runAdmm } from "./stages/admm.ts";
import { runCompare } from "./stages/compare.ts";
import { runConnect } from "./stages/connect.ts";
import type { StageContext } from "./stages/context.ts";
import { runInit } from "./stages/init.ts";
import { runLoad } from "./stages/load.ts";
import { runMask } from "./stages/mask.ts";
import { usesEngine } from "./stages/output.ts";
import { runTrain } from "./stages/train.ts";
import { type Progress, StageFailure, type StageStatus } from "./types.ts";

/**
 * Computes one stage and stores it, unless another process holds it (`busy`) or it is done already.
 * @throws StageFailure with the reason that tells the executor what to do next
 */
export async function runStage(stage: Stage, context: Omit<StageContext, "lease">): Promise<StageStatus> {
  const { store } = context;
  try {
    const lease = store.claim(stage.key);
    if (lease === undefined) return "busy";
    try {
      // Another run may have finished it between the plan and the claim.
      if (store.has(stage.key, stage.outputs)) return "done";
      if (usesEngine(stage)) setThreads(context.threads);
      // A step can block the event loop, and with it the lease's own timer, so every step shows that this process lives.
      const onProgress = (progress: Progress) => {
        lease.beat();
        context.onProgress(progress);
      };
      return await compute(stage, { ...context, lease, onProgress });
    } catch (error) {
      // Taken over by another run: its result will do, whatever stopped this one.
      if (error instanceof LeaseLostError || lease.lost) return "busy";
      throw error;
    } finally {
      lease.release();
    }
  } catch (error) {
    throw toFailure(error);
  }
}

function compute(stage: Stage, context: StageContext): StageStatus | Promise<StageStatus> {
  switch (stage.kind) {
    case "init":
      return runInit(stage, context);
    case "load":
      return runLoad(stage, context);
    case "train":
      return runTrain(stage, context);
    case "mask":
      return runMask(stage, context);
    case "admm":
      return runAdmm(stage, context);
    case "compare":
      return runCompare(stage, context);
    case "connect":
      return runConnect(stage, context);
  }
}

function toFailure(error: unknown): StageFailure {
  if (error instanceof CorruptObjectError) return new StageFailure("corrupt", error.message, error.key);
  // An unwritable store hits every stage alike, so the run ends with the one message.
  if (isSystemFailure(error)) return new StageFailure("fatal", error.message);
  if (error instanceof InputError || error instanceof RunError || error instanceof InternalError)
    return new StageFailure("error", error.message);
  return new StageFailure("error", error instanceof Error ? (error.stack ?? error.message) : String(error));
}

/** A failed system call (a full disk, no permission), as writeFileAtomic reports it. */
function isSystemFailure(error: unknown): error is RunError {
  return error instanceof RunError && error.cause instanceof Error && "code" in error.cause;
}
