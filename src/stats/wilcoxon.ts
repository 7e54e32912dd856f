import { type Alternative, ROUNDING } from "./paired-t.ts";

/** With fewer differences the test cannot reach 0.05 two-sided (5 give 2/32 at best). */
export const WILCOXON_MIN = 6;

export interface SignedRank {
  /** Sum of the ranks of the positive differences. */
  readonly statistic: number;
  /** Differences other than 0; zeros carry no sign and are dropped. */
  readonly n: number;
  readonly pValue: number;
}

/**
 * Wilcoxon's signed-rank test of paired differences against 0: exact also under ties (mid-ranks), by counting, over all 2^n ways
 * to choose the signs, the rank sums at least as extreme as the observed one.
 * @returns undefined when fewer than `WILCOXON_MIN` differences are not 0
 * @source Wilcoxon, Biometrics Bulletin 1, 1945; conditional on ties as in Pratt & Gibbons 1981
 */
export function signedRankTest(differences: readonly number[], alternative: Alternative): SignedRank | undefined {
  // In whole units of the rounding error, so that ties are ties.
  const nonZero = differences.map((d) => Math.round(d / ROUNDING)).filter((d) => d !== 0);
  const n = nonZero.length;
  if (n < WILCOXON_MIN) return undefined;
  const doubled = doubledRanks(nonZero.map(Math.abs));
  const observed = doubled.reduce((sum, rank, i) => sum + ((nonZero[i] as number) > 0 ? rank : 0), 0);
  const probability = signSums(doubled);
  const upper = probability.slice(observed).reduce((sum, p) => sum + p, 0);
  const lower = probability.slice(0, observed + 1).reduce((sum, p) => sum + p, 0);
  const pValue = { greater: upper, less: lower, "two-sided": 2 * Math.min(upper, lower) }[alternative];
  return { statistic: observed / 2, n, pValue: Math.min(1, pValue) };
}

/** Twice the mid-rank of each value: mid-ranks are multiples of 1/2, so these are integers. */
function doubledRanks(values: readonly number[]): number[] {
  return values.map((v) => {
    const smaller = values.filter((other) => other < v).length;
    const equal = values.filter((other) => other === v).length;
    return 2 * smaller + equal + 1;
  });
}

/** Probability of every sum of a random subset of the doubled ranks. */
function signSums(doubled: readonly number[]): number[] {
  const total = doubled.reduce((sum, rank) => sum + rank, 0);
  const probability = new Array<number>(total + 1).fill(0);
  probability[0] = 1;
  for (const rank of doubled)
    for (let sum = total; sum >= 0; sum--)
      probability[sum] = ((probability[sum] as number) + (sum >= rank ? (probability[sum - rank] as number) : 0)) / 2;
  return probability;
}
