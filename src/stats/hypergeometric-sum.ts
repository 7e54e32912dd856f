import { normalUpperTail } from "./distributions.ts";
import {
  checkHypergeometric,
  type Distribution,
  type Hypergeometric,
  highest,
  logPmf,
  lowest,
  mean,
  NEGLIGIBLE,
  tilted,
  variance,
} from "./hypergeometric.ts";

/** A tail probability, and whether it is exact or from the normal approximation with continuity correction. */
export interface Tail {
  /** In [0, 1]; 0 when below the smallest double (about 1e-308) or impossible. */
  readonly probability: number;
  readonly method: "exact" | "normal";
}

/** Products that the exact convolution may take, at about 1 ns each; beyond, the normal approximation is used. */
export const MAX_PRODUCTS = 5e8;

// exp(±60) is far beyond the ratio of neighbouring probabilities of any hypergeometric distribution that is allowed here.
const MAX_LOG_ODDS = 60;

/**
 * P(X_1 + … + X_L >= x) for independent hypergeometric X_l.
 *
 * Exact by convolution, far out too: every X_l is first reweighted by exp(θx) so that the sum's mean comes to lie at x (exponential
 * tilting), convolved there with negligible tails cut, and the weights are taken back in the sum over the tail. So the cut costs a
 * relative error of about 1e-16 of the tail's own probability, however small that is; in all about 1e-12.
 */
export function upperTail(parts: readonly Hypergeometric[], x: number): Tail {
  for (const part of parts) checkHypergeometric(part);
  if (x <= sum(parts, lowest)) return { probability: 1, method: "exact" };
  if (x > sum(parts, highest)) return { probability: 0, method: "exact" };
  const logOdds = x <= sum(parts, mean) ? 0 : logOddsWithMean(parts, x);
  const distributions = parts.map((part) => tilted(part, logOdds));
  if (products(distributions) > MAX_PRODUCTS) {
    const deviation = Math.sqrt(sum(parts, variance));
    return { probability: normalUpperTail((x - 0.5 - sum(parts, mean)) / deviation), method: "normal" };
  }
  const total = convolveAll(distributions);
  let tail = 0;
  for (let i = total.mass.length - 1; i >= 0; i--) {
    const value = total.start + i;
    if (value >= x) tail += (total.mass[i] as number) * Math.exp(-logOdds * (value - x));
  }
  const probability = logOdds === 0 ? tail : Math.exp(Math.log(tail) + logScale(parts, distributions, logOdds, x));
  return { probability: Math.min(1, probability), method: "exact" };
}

/** P(X_1 + … + X_L <= x), as `upperTail`: the unmarked draws are hypergeometric too. */
export function lowerTail(parts: readonly Hypergeometric[], x: number): Tail {
  const unmarked = parts.map((part) => ({ ...part, marked: part.population - part.marked }));
  return upperTail(unmarked, sum(parts, ({ draws }) => draws) - x);
}

/** log of P(sum = x) over tilted P(sum = x): the same for every way to reach x, so each part is evaluated at its mode. */
function logScale(
  parts: readonly Hypergeometric[],
  distributions: readonly Distribution[],
  logOdds: number,
  x: number,
): number {
  let log = 0;
  let modes = 0;
  for (const [i, { start, mass }] of distributions.entries()) {
    const peak = mass.reduce((best, p, at) => (p > (mass[best] as number) ? at : best), 0);
    log += logPmf(parts[i] as Hypergeometric, start + peak) - Math.log(mass[peak] as number);
    modes += start + peak;
  }
  return log + logOdds * (modes - x);
}

/** θ at which the tilted sum's mean is within a tenth of its standard deviation of x, which is above the plain mean. */
function logOddsWithMean(parts: readonly Hypergeometric[], x: number): number {
  let [low, high] = [0, MAX_LOG_ODDS];
  for (let round = 0; round < 60; round++) {
    const middle = (low + high) / 2;
    const moments = parts.map((part) => momentsOf(tilted(part, middle)));
    const distance = sum(moments, (m) => m.mean) - x;
    if (Math.abs(distance) <= 0.1 * Math.sqrt(sum(moments, (m) => m.variance))) return middle;
    if (distance < 0) low = middle;
    else high = middle;
  }
  return high;
}

function momentsOf({ start, mass }: Distribution): { mean: number; variance: number } {
  const first = mass.reduce((total, p, i) => total + p * i, 0);
  return { mean: start + first, variance: mass.reduce((total, p, i) => total + p * (i - first) ** 2, 0) };
}

/** Upper bound of the multiplications that convolving them all takes. */
function products(distributions: readonly Distribution[]): number {
  let width = 0;
  let count = 0;
  for (const { mass } of distributions) {
    count += width * mass.length;
    width += mass.length;
  }
  return count;
}

function convolveAll(distributions: readonly Distribution[]): Distribution {
  const byWidth = [...distributions].sort((a, b) => a.mass.length - b.mass.length);
  return byWidth.reduce(convolve, { start: 0, mass: Float64Array.of(1) });
}

/** Distribution of the sum of two independent variables, negligible ends cut. */
function convolve(a: Distribution, b: Distribution): Distribution {
  const mass = new Float64Array(a.mass.length + b.mass.length - 1);
  for (let i = 0; i < a.mass.length; i++) {
    const p = a.mass[i] as number;
    for (let j = 0; j < b.mass.length; j++) mass[i + j] = (mass[i + j] as number) + p * (b.mass[j] as number);
  }
  const least = NEGLIGIBLE * mass.reduce((largest, p) => Math.max(largest, p), 0);
  const first = mass.findIndex((p) => p >= least);
  const last = mass.findLastIndex((p) => p >= least);
  return { start: a.start + b.start + first, mass: mass.subarray(first, last + 1) };
}

function sum<T>(items: readonly T[], term: (item: T) => number): number {
  return items.reduce((total, item) => total + term(item), 0);
}
