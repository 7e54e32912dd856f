import { holm } from "./holm.ts";
import { type DifferenceSummary, pairedTTest, seedsNeeded, summarize, tInterval } from "./paired-t.ts";
import { signedRankTest } from "./wilcoxon.ts";

/** A p-value as it is, and corrected by Holm. */
export type PValue = { readonly raw: number; readonly adjusted: number };

export type SeedCount = number | "more than 1000";

/** The claim "the mean paired difference is above `threshold`", judged. */
export type Condition = {
  /** `not met` means that the opposite is established, not that proof is lacking. */
  readonly state: "met" | "not met" | "undecided";
  /** Why it is undecided; null when it is not. */
  readonly reason: "no pairs" | "one seed" | "no spread" | "p above alpha" | null;
  /** Accuracy points: -equivalenceMargin, or minDifference. */
  readonly threshold: number;
  /** Seeds with both runs. */
  readonly n: number;
  /** Seeds left out because a run diverged or is missing. */
  readonly dropped: number;
  /** Mean paired difference in accuracy points; null without pairs. */
  readonly effect: number | null;
  /** Standard deviation of the differences; null with fewer than two pairs. */
  readonly sd: number | null;
  /**
   * t interval of the effect that belongs to the one-sided tests at alpha: where one of them is significant it lies wholly on that side of the
   * threshold. Not corrected for several sparsities; null with fewer than two pairs.
   */
  readonly interval: readonly [number, number] | null;
  /** Coverage of the interval, both sides: 1 - 2·alpha. */
  readonly level: number;
  /** One-sided p of "above the threshold", corrected over the family of `met` claims; null where the t test does not apply. */
  readonly pMet: PValue | null;
  /** One-sided p of "below the threshold", corrected over the family of `not met` claims; null where the t test does not apply. */
  readonly pNotMet: PValue | null;
  /** Wilcoxon's signed-rank p of "above the threshold", from 6 differing seeds on; for comparison, it decides nothing. */
  readonly wilcoxon: number | null;
  /**
   * When undecided: the seeds at which the t test would decide if effect and spread stayed as observed (so an even chance), at the
   * strictest level that Holm may ask for; null where the t test does not apply.
   */
  readonly seedsToDecide: SeedCount | null;
};

/** Paired differences of one condition at one sparsity, before any correction. */
export interface Sample {
  readonly differences: readonly number[];
  readonly dropped: number;
  readonly threshold: number;
}

const MOST_SEEDS = 1000;

/** Mean and spread, or undefined without pairs. */
export function summaryOf({ differences }: Sample): DifferenceSummary | undefined {
  return differences.length === 0 ? undefined : summarize(differences);
}

/** One-sided p of a claim about the sample's threshold; undefined where the t test does not apply. */
export function claimP(sample: Sample, claim: "greater" | "less"): number | undefined {
  const summary = summaryOf(sample);
  return summary && pairedTTest(summary, sample.threshold, claim);
}

/** Holm's correction of a family in which tests that do not apply count as p = 1, so that the family does not shrink. */
export function adjust(family: readonly (number | undefined)[]): (PValue | null)[] {
  const adjusted = holm(family.map((p) => p ?? 1));
  return family.map((raw, i) => (raw === undefined ? null : { raw, adjusted: adjusted[i] as number }));
}

/**
 * The verdict on one condition at one sparsity.
 * @param metFamily, notMetFamily  sizes of the families that the two p-values were corrected over
 */
export function conclude(
  sample: Sample,
  pMet: PValue | null,
  pNotMet: PValue | null,
  { alpha, metFamily, notMetFamily }: { alpha: number; metFamily: number; notMetFamily: number },
): Condition {
  const summary = summaryOf(sample);
  const { differences, dropped, threshold } = sample;
  const isMet = pMet !== null && pMet.adjusted <= alpha;
  const isNotMet = pNotMet !== null && pNotMet.adjusted <= alpha;
  const isUndecided = !isMet && !isNotMet;
  const shifted = differences.map((d) => d - threshold);
  return {
    state: isMet ? "met" : isNotMet ? "not met" : "undecided",
    reason: isUndecided ? whyUndecided(summary) : null,
    threshold,
    n: differences.length,
    dropped,
    effect: summary?.mean ?? null,
    sd: summary?.sd ?? null,
    interval: (summary && tInterval(summary, 1 - 2 * alpha)) ?? null,
    level: 1 - 2 * alpha,
    pMet,
    pNotMet,
    wilcoxon: signedRankTest(shifted, "greater")?.pValue ?? null,
    seedsToDecide: isUndecided ? seedsToDecide(summary, threshold, alpha / metFamily, alpha / notMetFamily) : null,
  };
}

/** Seeds at which a condition would be met at `level`, also one that is met already; null where the t test does not apply. */
export function seedsToMeet({ effect, sd, threshold }: Condition, level: number): SeedCount | null {
  if (effect === null || sd === null || sd === 0) return null;
  return seedsNeeded(effect - threshold, sd, level, MOST_SEEDS) ?? "more than 1000";
}

function whyUndecided(summary: DifferenceSummary | undefined): Condition["reason"] {
  if (summary === undefined) return "no pairs";
  if (summary.sd === null) return "one seed";
  return summary.sd === 0 ? "no spread" : "p above alpha";
}

function seedsToDecide(
  summary: DifferenceSummary | undefined,
  threshold: number,
  metLevel: number,
  notMetLevel: number,
): SeedCount | null {
  if (summary === undefined || summary.sd === null || summary.sd === 0) return null;
  const distance = summary.mean - threshold;
  const level = distance > 0 ? metLevel : notMetLevel;
  return seedsNeeded(Math.abs(distance), summary.sd, level, MOST_SEEDS) ?? "more than 1000";
}
