import type { Condition, PValue, SeedCount } from "./condition.ts";

/** Test accuracies in percent of one seed; null where the run diverged or is missing. */
export interface PairedRun {
  readonly seed: number;
  readonly dense: number | null;
  readonly ticket: number | null;
  readonly reinit: number | null;
}

/** The runs of all seeds at one sparsity. */
export interface RunsAtSparsity {
  /** Share removed, in [0, 1). */
  readonly sparsity: number;
  readonly runs: readonly PairedRun[];
}

export interface WinningOptions {
  /** Accuracy points within which a ticket counts as close to dense, > 0. Default 0.5. */
  readonly equivalenceMargin?: number;
  /** Accuracy points by which a ticket must beat random reinitialisation, >= 0. Default 0.5. */
  readonly minDifference?: number;
  /** Family-wise error rate over the sparsities, in (0, 0.5). Default 0.05. */
  readonly alpha?: number;
}

export type SparsityVerdict = {
  readonly sparsity: number;
  readonly verdict: "holds" | "fails" | "undecided";
  /** Condition 1, ticket - dense > -equivalenceMargin: close to dense or above it. */
  readonly closeToDense: Condition;
  /** TOST p of "within ±equivalenceMargin of dense", corrected over the sparsities. For the report: above dense is no failure. */
  readonly equivalence: PValue | null;
  /** Condition 2, ticket - reinit > minDifference. */
  readonly betterThanReinit: Condition;
  /**
   * p of "both conditions are true": the larger of the two, corrected over the sparsities; null where the t test does not apply to
   * both. It decides `holds`.
   */
  readonly both: PValue | null;
  /** When undecided: seeds for the whole verdict, under the assumptions of `Condition.seedsToDecide`. */
  readonly seedsToDecide: SeedCount | null;
  readonly sentence: string;
};

export type WinningProperty = {
  readonly equivalenceMargin: number;
  readonly minDifference: number;
  readonly alpha: number;
  readonly sparsities: readonly SparsityVerdict[];
  readonly sentence: string;
};
