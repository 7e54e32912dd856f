import { InputError } from "../core/errors.ts";
import { tCritical, tUpperTail } from "./distributions.ts";

/** Differences are in accuracy points or shares; what is smaller than this is rounding of the subtraction, not spread. */
export const ROUNDING = 1e-9;

/** What the alternative says about the mean difference, relative to the value that the null names. */
export type Alternative = "greater" | "less" | "two-sided";

/** Mean and spread of paired differences (one per seed). */
export interface DifferenceSummary {
  readonly n: number;
  readonly mean: number;
  /** Sample standard deviation (n - 1); null for n = 1. Exactly 0 when all differences are equal up to `ROUNDING`. */
  readonly sd: number | null;
}

/** @throws InputError for an empty list or a value that is not finite */
export function summarize(differences: readonly number[]): DifferenceSummary {
  const n = differences.length;
  const bad = differences.find((d) => !Number.isFinite(d));
  if (n === 0 || bad !== undefined)
    throw new InputError({
      where: "differences",
      message: `expected at least one finite difference, got ${bad === undefined ? "none" : String(bad)}`,
    });
  const mean = differences.reduce((sum, d) => sum + d, 0) / n;
  if (n === 1) return { n, mean, sd: null };
  const sd = Math.sqrt(differences.reduce((sum, d) => sum + (d - mean) ** 2, 0) / (n - 1));
  return { n, mean, sd: sd < ROUNDING ? 0 : sd };
}

/**
 * p-value of the paired t test.
 * @param nullMean mean difference under the null
 * @returns undefined when the test does not apply: one seed has no spread to judge by, and neither have equal differences
 *   (a spread of 0 comes from rounded accuracies, and would give p = 0 however few the seeds)
 */
export function pairedTTest(
  { n, mean, sd }: DifferenceSummary,
  nullMean: number,
  alternative: Alternative,
): number | undefined {
  if (sd === null || sd === 0) return undefined;
  const t = (mean - nullMean) / (sd / Math.sqrt(n));
  if (alternative === "greater") return tUpperTail(t, n - 1);
  if (alternative === "less") return tUpperTail(-t, n - 1);
  return 2 * tUpperTail(Math.abs(t), n - 1);
}

/**
 * Two-sided t confidence interval of the mean difference.
 * @param level coverage in (0, 1)
 * @returns undefined for one seed; a point when all differences are equal, which is no evidence of certainty (see `pairedTTest`)
 */
export function tInterval({ n, mean, sd }: DifferenceSummary, level: number): readonly [number, number] | undefined {
  if (sd === null) return undefined;
  const half = tCritical((1 - level) / 2, n - 1) * (sd / Math.sqrt(n));
  return [mean - half, mean + half];
}

/** Equivalence by two one-sided t tests; each at level alpha, p is the larger one. */
export interface Equivalence {
  /** p of "the mean difference is above -margin". */
  readonly pAboveLower: number;
  /** p of "the mean difference is below margin". */
  readonly pBelowUpper: number;
  readonly pValue: number;
}

/**
 * TOST: is the mean difference within ±margin?
 * @param margin > 0
 * @returns undefined where the t test does not apply
 * @source Schuirmann, J. Pharmacokinetics and Biopharmaceutics 15, 1987
 */
export function equivalenceTest(summary: DifferenceSummary, margin: number): Equivalence | undefined {
  const pAboveLower = pairedTTest(summary, -margin, "greater");
  const pBelowUpper = pairedTTest(summary, margin, "less");
  if (pAboveLower === undefined || pBelowUpper === undefined) return undefined;
  return { pAboveLower, pBelowUpper, pValue: Math.max(pAboveLower, pBelowUpper) };
}

/**
 * Smallest number of seeds, from 2 to `most`, at which a one-sided paired t test would reach `alpha` if mean and spread stayed
 * as observed. About even odds, since they will not stay exactly so.
 * @param distance how far the mean is beyond the null value, in the direction of the claim
 * @param sd       observed, > 0
 * @returns        undefined when even `most` seeds do not suffice, also for distance <= 0
 */
export function seedsNeeded(distance: number, sd: number, alpha: number, most: number): number | undefined {
  const reaches = (n: number) => tUpperTail((distance / sd) * Math.sqrt(n), n - 1) <= alpha;
  if (distance <= 0 || !reaches(most)) return undefined;
  // p falls with n for a fixed positive effect, so bisection finds the first n.
  let [low, high] = [2, most];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (reaches(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
