import { InternalError } from "../core/errors.ts";

/** Number of marked items among `draws` items taken without replacement from `population` items, `marked` of them marked. */
export interface Hypergeometric {
  readonly population: number;
  readonly marked: number;
  readonly draws: number;
}

/** Probabilities of start, start + 1, …; they sum to 1. */
export interface Distribution {
  readonly start: number;
  readonly mass: Float64Array;
}

/** Probabilities below this share of the largest one are left out of a `Distribution`. */
export const NEGLIGIBLE = 1e-20;

/** Checks what would otherwise give a nonsensical probability. */
export function checkHypergeometric({ population, marked, draws }: Hypergeometric): void {
  const isCount = (n: number, max: number) => Number.isInteger(n) && n >= 0 && n <= max;
  // Products of two counts must be exact integers in double precision.
  if (!isCount(population, 9e7) || !isCount(marked, population) || !isCount(draws, population))
    throw new InternalError(
      `hypergeometric(population ${population}, marked ${marked}, draws ${draws}) does not exist`,
    );
}

/** Smallest possible value. */
export function lowest({ population, marked, draws }: Hypergeometric): number {
  return Math.max(0, draws + marked - population);
}

/** Largest possible value. */
export function highest({ marked, draws }: Hypergeometric): number {
  return Math.min(draws, marked);
}

export function mean({ population, marked, draws }: Hypergeometric): number {
  return population === 0 ? 0 : (draws * marked) / population;
}

export function variance({ population, marked, draws }: Hypergeometric): number {
  if (population <= 1) return 0;
  const share = marked / population;
  return draws * share * (1 - share) * ((population - draws) / (population - 1));
}

/** P(x + 1) / P(x). A ratio of exact integers, so probabilities built from it carry no cancellation error of log-gammas. */
function stepRatio({ population, marked, draws }: Hypergeometric, x: number): number {
  return ((marked - x) * (draws - x)) / ((x + 1) * (population - marked - draws + x + 1));
}

/** Most likely value when P(x) is reweighted by odds^x. */
function modeAt(h: Hypergeometric, odds: number): number {
  let [low, high] = [lowest(h), highest(h)];
  // The ratio falls with x: the mode is the first x after which the probability does not grow any more.
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (stepRatio(h, middle) * odds <= 1) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * The probabilities P(x)·exp(logOdds·x), normalised (Fisher's noncentral hypergeometric distribution; the plain one at 0).
 * Built outwards from the mode by exact ratios and normalised by its sum: relative accuracy about 1e-13.
 * @source Fog, "Calculation methods for Wallenius' and Fisher's noncentral hypergeometric distributions", 2008
 */
export function tilted(h: Hypergeometric, logOdds: number): Distribution {
  const odds = Math.exp(logOdds);
  const mode = modeAt(h, odds);
  const above: number[] = [];
  for (let x = mode, w = 1; x < highest(h); x++) {
    w *= stepRatio(h, x) * odds;
    if (w < NEGLIGIBLE) break;
    above.push(w);
  }
  const below: number[] = [];
  for (let x = mode - 1, w = 1; x >= lowest(h); x--) {
    w /= stepRatio(h, x) * odds;
    if (w < NEGLIGIBLE) break;
    below.push(w);
  }
  const mass = Float64Array.from([...below.reverse(), 1, ...above]);
  const total = mass.reduce((sum, w) => sum + w, 0);
  return { start: mode - below.length, mass: mass.map((w) => w / total) };
}

/** log P(x); -Infinity outside of the support. Relative accuracy of P(x) about 1e-13. */
export function logPmf(h: Hypergeometric, x: number): number {
  if (!Number.isInteger(x) || x < lowest(h) || x > highest(h)) return Number.NEGATIVE_INFINITY;
  const plain = tilted(h, 0);
  const mode = modeAt(h, 1);
  const atMode = Math.log(plain.mass[mode - plain.start] as number);
  return x >= mode ? atMode + logRatio(h, mode, x) : atMode - logRatio(h, x, mode);
}

/** log(P(to) / P(from)), from <= to. */
function logRatio(h: Hypergeometric, from: number, to: number): number {
  let log = 0;
  let product = 1;
  for (let x = from; x < to; x++) {
    product *= stepRatio(h, x);
    // One logarithm for many factors, before the product leaves the range of doubles.
    if (product < 1e-250 || product > 1e250) {
      log += Math.log(product);
      product = 1;
    }
  }
  return log + Math.log(product);
}
