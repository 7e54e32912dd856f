import { type HostArray, type StateDict, sameShape } from "../core/array.ts";
import { InputError, type Issue } from "../core/errors.ts";
import { exactFraction, roundedShare } from "../masks/counts.ts";
import { type Selection, selectLargest } from "../masks/keep-largest.ts";
import type { Mask } from "../masks/mask.ts";
import { normalUpperTail } from "./distributions.ts";
import type { Hypergeometric } from "./hypergeometric.ts";
import { lowerTail, type Tail, upperTail } from "./hypergeometric-sum.ts";

/** Which of the two weight sets are sparse; both by the same mask in `sparse-sparse`, `a` alone in `sparse-dense`. */
export type CorrelationMode = "dense-dense" | "sparse-sparse" | "sparse-dense";

export interface CorrelationInput {
  readonly mode: CorrelationMode;
  /** float32 or float64 weights by parameter name; in the sparse modes only those that the mask keeps are looked at. */
  readonly a: StateDict;
  /** As `a`; all weights are looked at in the dense modes. */
  readonly b: StateDict;
  /** The prunable layers over which R_p is taken. */
  readonly layers: readonly string[];
  /** Required in the sparse modes, refused in `dense-dense`. Layers that it does not name are dense. */
  readonly mask?: Mask;
  /** Fractions in (0, 1]; in `sparse-dense` each below 1 - sparsity of every masked layer. */
  readonly p: readonly number[];
  /** Leave out layers of which the mask keeps nothing, and each p whose top sets do not fit into the mask, instead of refusing them. */
  readonly partial?: boolean;
}

/** An observed R_p and its null: what it would be if the large weights of `a` were placed at random, given b and m. */
export type AgainstNull = {
  /** Observed R_p, a fraction. */
  readonly rp: number;
  /** Mean of R_p under the null, in the same units. */
  readonly nullRp: number;
  /** (R_p - null mean) / null standard deviation; null when the null allows one value only. */
  readonly z: number | null;
  /** P(R_p at least as large as observed) under the null. */
  readonly pValue: number;
  /** Twice the smaller of the upper and the lower tail, at most 1. */
  readonly pValueTwoSided: number;
  /** `exact`, or `normal` approximation (layers too large to convolve, with continuity correction; and ties at a threshold, without). */
  readonly method: "exact" | "normal";
};

/** Overlap of one layer: hypergeometric(population, marked, k) under the null, as long as no weights tie at a threshold. */
export type LayerCorrelation = AgainstNull & {
  readonly layer: string;
  /** N_l: the weights that p refers to (those that m keeps in `sparse-sparse`, else all). */
  readonly n: number;
  /** Size of both top sets: p·N_l to the nearest integer, halves up, at least 1. */
  readonly k: number;
  /** Weights among which the null places the top set of `a`: N_l, or |m^l| in `sparse-dense`. */
  readonly population: number;
  /** Those of them that are in the top set of `b`: k, or c_l = |T_p(b^l) ∩ m^l| in `sparse-dense`. */
  readonly marked: number;
  /** |T_p(a^l) ∩ T_p(b^l)|; with ties at a threshold its expectation over all ways to break them. */
  readonly overlap: number;
  /** Weights of each set that are equal at its threshold while not all of them fit into its top set; absent when there are none. */
  readonly ties?: readonly [number, number];
};

export type CorrelationAtP = AgainstNull & { readonly p: number; readonly layers: readonly LayerCorrelation[] };

/**
 * Correlation indicator R_p: share of the top-p weights that two weight sets have in common, with its null distribution.
 *
 *     R_p(a, b) = Σ_l |T_p(a^l) ∩ T_p(b^l)| / Σ_l k_l
 *
 * T_p: the k_l largest magnitudes of the layer. The paper divides by p·Σ_l N_l, which is Σ_l k_l up to the rounding of each k_l; with
 * the sizes that the sets have, equal inputs without ties give exactly 1 and nothing gives more.
 *
 * Weights that are equal at the threshold (the zeros of a pruned file, the levels of a quantised one) have no order of their own, and an
 * order by index would be the same in both sets and count as correlation. So each counts with the probability that a random choice
 * takes it, independently in `a` and `b`: the overlap is then the expected one. Sets that are all ties are at their null, equal ones too.
 *
 * The null: given b (and m), the weights of `a` lie at random where they can be, so its top set is a uniformly random k_l-subset. For
 * `sparse-sparse` that presumes that m was not chosen by the magnitudes of `a` or `b`. With ties mean and variance are those of the linear
 * permutation statistic Σ_i x_π(i)·y_i of the probabilities x and y (Hoeffding 1951), and the tails are normal.
 * @returns one entry per p, in the order given; with `partial` those that fit, over the layers that the mask does not empty
 * @throws InputError with everything that is wrong with the layers, the mask and p
 * @source Liu et al., ICML 2021, definition of R_p; the null is ours
 */
export function correlation(input: CorrelationInput): CorrelationAtP[] {
  const layers = checkedLayers(input);
  const fitting = input.p.filter((p) => layers.length > 0 && layers.every((layer) => fits(p, layer, input.mode)));
  const counts = layers.map((layer) => overlaps(layer, input.mode, fitting));
  return fitting.map((p, i) => {
    const perLayer = counts.map((ofLayer) => ofLayer[i] as Overlap);
    return {
      p,
      ...againstNull(perLayer),
      layers: perLayer.map(({ variance: _, ...one }, l) => ({ ...one, ...againstNull(perLayer.slice(l, l + 1)) })),
    };
  });
}

type Overlap = Pick<LayerCorrelation, "layer" | "n" | "k" | "population" | "marked" | "overlap" | "ties"> & {
  /** Of the overlap under the null. */
  readonly variance: number;
};

function againstNull(layers: readonly Overlap[]): AgainstNull {
  const sum = (term: (layer: Overlap) => number) => layers.reduce((total, layer) => total + term(layer), 0);
  const [overlap, unit] = [sum((l) => l.overlap), sum((l) => l.k)];
  const expected = sum(({ k, marked, population }) => (k * marked) / population);
  const deviation = Math.sqrt(sum((l) => l.variance));
  const { upper, lower } = layers.some(({ ties }) => ties !== undefined)
    ? normalTails(overlap - expected, deviation)
    : exactTails(layers, overlap);
  return {
    rp: overlap / unit,
    nullRp: expected / unit,
    z: deviation === 0 ? null : (overlap - expected) / deviation,
    pValue: upper.probability,
    pValueTwoSided: Math.min(1, 2 * Math.min(upper.probability, lower.probability)),
    method: upper.method,
  };
}

function exactTails(layers: readonly Overlap[], overlap: number): { readonly upper: Tail; readonly lower: Tail } {
  const nulls = layers.map(({ population, marked, k }): Hypergeometric => ({ population, marked, draws: k }));
  return { upper: upperTail(nulls, overlap), lower: lowerTail(nulls, overlap) };
}

/** Without a continuity correction: expected overlaps are no whole numbers. */
function normalTails(excess: number, deviation: number): { readonly upper: Tail; readonly lower: Tail } {
  const tail = (x: number): Tail => ({
    probability: deviation === 0 ? 1 : normalUpperTail(x / deviation),
    method: "normal",
  });
  return { upper: tail(excess), lower: tail(-excess) };
}

interface Layer {
  readonly name: string;
  /** |a|, |b| */
  readonly a: Float32Array | Float64Array;
  readonly b: Float32Array | Float64Array;
  readonly keep: Uint8Array | undefined;
  /** Weights that the mask keeps; all without one. */
  readonly kept: number;
}

/** The counts of one layer for every p. */
function overlaps({ name, a, b, keep, kept }: Layer, mode: CorrelationMode, p: readonly number[]): Overlap[] {
  const n = mode === "sparse-sparse" ? kept : a.length;
  return p.map((fraction) => {
    const k = topCount(n, fraction);
    const [topA, topB] = [selectLargest(a, k, keep), selectLargest(b, k, mode === "sparse-dense" ? undefined : keep)];
    const [x, y] = [chances(topA), chances(topB)];
    const { marked, overlap, variance } = permutationStatistic(x, y, keep, kept, k);
    const ties = [openTies(topA), openTies(topB)] as const;
    const isOpen = ties[0] > 0 || ties[1] > 0;
    const counts = { layer: name, n, k, population: kept, marked, overlap, variance };
    return isOpen ? { ...counts, ties } : counts;
  });
}

/** Weights at the threshold of which some are taken and some are not. */
function openTies({ tied, wanted }: Selection): number {
  return wanted > 0 && wanted < tied.length ? tied.length : 0;
}

/** The probability that a weight is in the top set when ties are broken at random. */
function chances({ above, tied, wanted }: Selection): Float64Array {
  const chance = Float64Array.from(above);
  for (const position of tied) chance[position] = wanted / tied.length;
  return chance;
}

/** Σ x_i·y_i, and what its null is made of: x at random places of those that the mask keeps, y given. */
function permutationStatistic(
  x: Float64Array,
  y: Float64Array,
  keep: Uint8Array | undefined,
  population: number,
  k: number,
): { readonly marked: number; readonly overlap: number; readonly variance: number } {
  let [overlap, marked, squaresX, squaresY] = [0, 0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    if (keep !== undefined && keep[i] === 0) continue;
    const [xi, yi] = [x[i] as number, y[i] as number];
    overlap += xi * yi;
    marked += yi;
    squaresX += xi * xi;
    squaresY += yi * yi;
  }
  // Without ties these are the counts themselves, and the variance the hypergeometric one.
  const variance =
    population <= 1 ? 0 : (spread(squaresX, k, population) * spread(squaresY, marked, population)) / (population - 1);
  return { marked, overlap, variance };
}

/** k_l: p·N_l to the nearest integer, halves up, at least 1. */
function topCount(n: number, p: number): number {
  return Math.max(1, roundedShare(n, p));
}

/** Σ (x - mean)², where what is left by rounding of a set that is all ties is nothing. */
function spread(squares: number, sum: number, n: number): number {
  const difference = squares - (sum * sum) / n;
  return difference > 1e-12 * sum ? difference : 0;
}

function checkedLayers(input: CorrelationInput): Layer[] {
  const { mode, layers, mask, p } = input;
  const issues: Issue[] = [];
  if (layers.length === 0) issues.push({ where: "layers", message: "expected at least one prunable layer, got none" });
  if (mode === "dense-dense" ? mask !== undefined : mask === undefined)
    issues.push({
      where: "mask",
      message:
        mode === "dense-dense" ? "expected no mask for dense-dense, got one" : `expected a mask for ${mode}, got none`,
    });
  for (const [i, fraction] of p.entries())
    if (!(fraction > 0 && fraction <= 1))
      issues.push({ where: `p[${i}]`, message: `expected a fraction in (0, 1], got ${fraction}` });
  if (issues.length > 0) throw new InputError(issues);

  const checked = layers.map((name) => checkedLayer(name, input));
  const found = checked.flatMap((result) => ("issues" in result ? result.issues : []));
  if (found.length > 0) throw new InputError(found);
  return checked.flatMap((result) => ("issues" in result ? [] : [result]));
}

function checkedLayer(name: string, input: CorrelationInput): Layer | { issues: Issue[] } {
  const { mode, a, b, mask, p, partial = false } = input;
  const issue = (message: string, hint?: string) => ({
    issues: [{ where: name, message, ...(hint === undefined ? {} : { hint }) }],
  });
  const [left, right] = [a.get(name), b.get(name)];
  if (left === undefined || right === undefined)
    return issue(`expected weights in both sets, got none in ${left === undefined ? "the first" : "the second"}`);
  if (!sameShape(left.shape, right.shape))
    return issue(`expected equal shapes, got [${left.shape.join(", ")}] and [${right.shape.join(", ")}]`);
  const magnitudes = [absolute(left), absolute(right)] as const;
  for (const [i, values] of magnitudes.entries()) {
    const which = i === 0 ? "first" : "second";
    if (typeof values === "string")
      return issue(`expected float32 or float64 weights in the ${which} set, got ${values}`);
    const bad = values.findIndex((w) => !Number.isFinite(w));
    if (bad !== -1)
      return issue(`expected finite weights in the ${which} set, got a non-finite one at flat index ${bad}`);
  }
  const [absA, absB] = magnitudes;
  if (typeof absA === "string" || typeof absB === "string") return { issues: [] };
  if (mask === undefined || !mask.has(name)) return { name, a: absA, b: absB, keep: undefined, kept: absA.length };

  if (!sameShape(mask.shape(name), left.shape))
    return issue(`expected shape [${mask.shape(name).join(", ")}] as in the mask, got [${left.shape.join(", ")}]`);
  const kept = mask.keptCount(name);
  const layer = { name, a: absA, b: absB, keep: mask.keep(name), kept };
  if (partial) return kept === 0 ? { issues: [] } : layer;
  if (kept === 0) return issue("expected a mask that keeps at least one weight, got none");
  const tooLarge = p.filter((fraction) => !fits(fraction, layer, mode));
  if (tooLarge.length > 0)
    return issue(
      `expected p below the share of weights that the mask keeps (${kept} of ${absA.length}), got ${tooLarge.join(", ")}`,
      "sparse-dense R_p compares top sets of the dense size p·N, which must fit into the mask",
    );
  return layer;
}

/** Whether the top set of `a`, which has the dense size in `sparse-dense`, fits into what the mask keeps. */
function fits(p: number, { a, keep, kept }: Layer, mode: CorrelationMode): boolean {
  return mode !== "sparse-dense" || keep === undefined || isBelow(p, kept, a.length);
}

/** Whether p < kept / n, exactly. */
function isBelow(p: number, kept: number, n: number): boolean {
  const { numerator, denominator } = exactFraction(p);
  return numerator * BigInt(n) < denominator * BigInt(kept);
}

/** |w|, or the name of a type that has no magnitudes here. */
function absolute(array: HostArray): Float32Array | Float64Array | string {
  if (array.dtype === "float32" || array.dtype === "float64") return array.data.map(Math.abs);
  return array.dtype;
}
