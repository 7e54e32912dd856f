import type { Arm, Cell, Comparison, Connection, Stage } from "../plan/types.ts";
import type { AdmmEpoch } from "../pruners/admm.ts";
import type { Spec } from "../spec/types.ts";
import type { ObjectRecord, Provenance } from "../store/types.ts";
import type { EpochMetrics } from "../train/recipe.ts";

/** `failed`: a worker gave up on it; `skipped`: an input of it diverged or failed; `missing`: not run yet. */
export type Status = "done" | "diverged" | "failed" | "skipped" | "missing";

/** How far something is, and why it is not done. */
export interface Outcome {
  readonly status: Status;
  /** Why it is not done, for the reader. */
  readonly reason?: string;
  /** Of something skipped: what became of the first thing that it needs. */
  readonly cause?: "diverged" | "failed";
}

/** An arm with what its training gave. Accuracies are percent of the test set. */
export interface ArmResult extends Arm, Outcome {
  /** One entry per epoch, fractions in [0, 1] as the trainer recorded them. */
  readonly curve: readonly EpochMetrics[];
  /** After the last epoch; only when done. */
  readonly finalAccuracy?: number;
  /** Highest of all epochs, which is chosen by the test set and therefore optimistic. */
  readonly bestAccuracy?: number;
  readonly bestEpoch?: number;
  /** Share removed over the masked layers, counted in the mask itself. */
  readonly achievedSparsity?: number;
  /** Layers of which the mask keeps no weight; absent when there are none. */
  readonly collapsed?: readonly string[];
  readonly record?: ObjectRecord;
}

/** R_p of one comparison at one p, over all its layers. */
export interface CorrelationPoint {
  readonly p: number;
  readonly rp: number;
  /** Mean of R_p under the null hypothesis, in the same units; for sparse-dense it is not p. */
  readonly nullMean: number;
  /** Null when the null allows a single value. */
  readonly z: number | null;
  /** Upper tail: the chance of at least this much overlap under the null. */
  readonly pValue: number;
}

export interface ComparisonResult extends Comparison, Outcome {
  readonly points: readonly CorrelationPoint[];
  /** p that were asked for and left out, since their top weights do not fit into what the mask keeps of every layer; only when done. */
  readonly leftOut?: readonly number[];
}

/** One ADMM pruning with its residuals. */
export interface AdmmResult extends Outcome {
  readonly variant: string;
  readonly seed: number;
  readonly cell: Cell;
  /** Of all epochs finished; those before the end of one that diverged, too. */
  readonly epochs: readonly AdmmEpoch[];
}

/** One point of the line between two networks. */
export interface PathPoint {
  /** a in a·W1 + (1 − a)·W2. */
  readonly share: number;
  /** Test error in percent. */
  readonly error: number;
  /** Mean cross-entropy of the test images; null where it is not finite. */
  readonly loss: number | null;
}

/** Two copies of a network with the test error between them. */
export interface ConnectionResult extends Connection, Outcome {
  /** From W2 to W1; empty unless done. */
  readonly path: readonly PathPoint[];
  /** Error barrier in percentage points (see `errorBarrier`); only when done. */
  readonly barrier?: number;
}

/** A stage of the plan with where and how it was computed, so that every number can be found and run again. */
export interface StageResult extends Outcome {
  readonly key: string;
  readonly kind: Stage["kind"];
  /** What it is to a person, e.g. `lr 0.1, seed 0, ticket, iterative 50 %`. */
  readonly label: string;
  readonly provenance?: Provenance;
}

/** Everything the report draws from: the plan's arms and comparisons with what the store holds for them. */
export interface Results {
  readonly spec: Spec;
  readonly arms: readonly ArmResult[];
  readonly comparisons: readonly ComparisonResult[];
  /** By variant, seed and cell; only masks that something starts from. */
  readonly admm: readonly AdmmResult[];
  /** By variant and seed: of the dense network by epoch, then of every mask. */
  readonly connections: readonly ConnectionResult[];
  readonly stages: readonly StageResult[];
  /** Trainings after sharing, whether done or not. */
  readonly trainings: number;
  /** Trainings if every (pruning setting, sparsity) derived its mask and its starts on its own. */
  readonly trainingsUnshared: number;
  /** ADMM prunings, which are not counted as trainings. */
  readonly admmRuns: number;
}
