import type { DeviceSplit } from "../data/device.ts";
import { hasOwnKernels } from "../tensor/engine.ts";
import type { EpochSums } from "./checkpoint.ts";
import { EagerSteps } from "./eager-steps.ts";
import type { TrainJob } from "./job.ts";
import type { Optimizer } from "./optimizer.ts";
import { PlannedSteps } from "./planned-steps.ts";

/** What the steps of a training work with; it stays the same all the time. */
export interface StepContext {
  readonly job: TrainJob;
  readonly optimizer: Optimizer;
  readonly images: DeviceSplit;
  /** Per epoch. */
  readonly steps: number;
  /** The learning rate of a step. @param epoch finished epochs @param step finished steps of this one */
  readonly learningRate: (epoch: number, step: number) => number;
}

/** Runs the steps of one epoch after the other, and adds up losses and right answers. */
export interface Steps {
  /**
   * To be called before the first step, and before the first one of every later epoch.
   * @param epoch finished epochs
   * @param step  finished steps of this one, whose sums are `sums`
   */
  begin(epoch: number, step: number, sums: EpochSums): void;
  /** Runs the next step. @returns the first step, from 1, whose loss is known not to be finite */
  run(): number | undefined;
  /** Of the steps read so far. */
  readonly sums: EpochSums;
  /** Reads the results of all steps run, waiting for them. @returns as `run` does */
  read(): number | undefined;
  dispose(): void;
}

/** On a CPU each step is told what to do; elsewhere the device has the whole epoch's plan, and the steps are recorded if possible. */
export function stepsFor(context: StepContext): Steps {
  return hasOwnKernels(context.job.device) ? new EagerSteps(context) : new PlannedSteps(context);
}
