import type { SeedCount } from "../stats/condition.ts";
import type { Judged, Proposition, Statement } from "../stats/proposition.ts";
import type { AdmmPruning } from "./admm.ts";
import type { ClaimSetting } from "./setting.ts";

/** How a claim came out; `not run` when nothing of what it needs is there. */
export type ClaimOutcome = "confirmed" | "refuted" | "undecided" | "not run";

/** One paired quantity of a claim, in accuracy points or in percent points of R_p. */
export interface ClaimStatement extends Statement {
  readonly unit: "accuracy points" | "R_p points";
  /** `ticket − dense`, `R_0.2(θ0, θT) − null`. */
  readonly quantity: string;
  /** Means of the two sides over the seeds that have both, in percent: accuracies, or R_p and its null. Absent without such seeds. */
  readonly sides?: readonly [number, number];
  /** Seeds left out because a run is missing or diverged. */
  readonly dropped: number;
  /** How the ADMM prunings ended that made its masks; absent where there are none. */
  readonly admm?: readonly AdmmPruning[];
}

/** A claim of the paper, as it will be tested: written down before any result. */
export interface Claim {
  readonly id: number;
  /** The hypothesis in words, as the paper states it. */
  readonly words: string;
  readonly formula: string;
  /** Where the paper shows it. */
  readonly source: string;
  /** What confirms and what refutes it. */
  readonly rule: string;
  /** The margin and why. */
  readonly margin: string;
  readonly proposition: (setting: ClaimSetting) => Proposition<ClaimStatement>;
  /** What must be said of this setting: an exception that the paper states, or how to read the numbers. */
  readonly note?: (setting: ClaimSetting) => string | undefined;
}

/** One claim, judged in one setting. */
export interface ClaimVerdict {
  readonly claim: Claim;
  readonly setting: ClaimSetting;
  readonly outcome: ClaimOutcome;
  readonly judged: Judged<ClaimStatement>;
  /** When undecided: the seeds that would decide it if means and spreads stayed as observed; null where that cannot be said. */
  readonly seedsToDecide: SeedCount | null;
  readonly note?: string;
  /** That ADMM had not converged where it made masks that the claim rests on. */
  readonly caution?: string;
}

/** All claims in all settings. */
export interface ClaimsResult {
  readonly alpha: number;
  /** What scale the results have, for every output. */
  readonly scale: string;
  readonly settings: readonly ClaimSetting[];
  /** What must be said of all of them: trainings that were computed in different ways. */
  readonly notes: readonly string[];
  /** By claim, then by setting. */
  readonly verdicts: readonly ClaimVerdict[];
}
