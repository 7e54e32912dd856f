import { type HostArray, type StateDict, sameShape } from "../core/array.ts";
import { InputError, type Issue } from "../core/errors.ts";
import { exactFraction, roundedShare } from "../masks/counts.ts";
import { keepLargest } from "../masks/keep-largest.ts";
import type { Mask } from "../masks/mask.ts";
import { type Hypergeometric, mean, variance } from "./hypergeometric.ts";
import { lowerTail, upperTail } from "./hypergeometric-sum.ts";

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
  /** `exact`, or `normal` approximation with continuity correction (layers too large to convolve). */
  readonly method: "exact" | "normal";
};

/** Overlap of one layer: hypergeometric(population, marked, k) under the null. */
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
  readonly overlap: number;
};

export type CorrelationAtP = AgainstNull & { readonly p: number; readonly layers: readonly LayerCorrelation[] };

/**
 * Correlation indicator R_p: share of the top-p weights that two weight sets have in common, with its null distribution.
 *
 *     R_p(a, b) = Σ_l |T_p(a^l) ∩ T_p(b^l)| / (p·Σ_l N_l)
 *
 * T_p: the k_l largest magnitudes of the layer, ties by lower flat index. Equal inputs give 1, up to the rounding of k_l.
 * The null: given b (and m), the top set of `a` is a uniformly random k_l-subset of where it can be. For `sparse-sparse`
 * that presumes that m was not chosen by the magnitudes of `a` or `b`.
 * @returns one entry per p, in the order given
 * @throws InputError with everything that is wrong with the layers, the mask and p
 * @source Liu et al., ICML 2021, definition of R_p; the null is ours
 */
export function correlation(input: CorrelationInput): CorrelationAtP[] {
  const layers = checkedLayers(input);
  const counts = layers.map((layer) => overlaps(layer, input));
  return input.p.map((p, i) => {
    const perLayer = counts.map((ofLayer) => ofLayer[i] as Overlap);
    return {
      p,
      ...againstNull(p, perLayer),
      layers: perLayer.map((one) => ({ ...one, ...againstNull(p, [one]) })),
    };
  });
}

type Overlap = Pick<LayerCorrelation, "layer" | "n" | "k" | "population" | "marked" | "overlap">;

function againstNull(p: number, layers: readonly Overlap[]): AgainstNull {
  const sum = (term: (layer: Overlap) => number) => layers.reduce((total, layer) => total + term(layer), 0);
  const nulls = layers.map(({ population, marked, k }): Hypergeometric => ({ population, marked, draws: k }));
  const [overlap, unit] = [sum((l) => l.overlap), p * sum((l) => l.n)];
  const expected = nulls.reduce((total, h) => total + mean(h), 0);
  const deviation = Math.sqrt(nulls.reduce((total, h) => total + variance(h), 0));
  const upper = upperTail(nulls, overlap);
  const lower = lowerTail(nulls, overlap);
  return {
    rp: overlap / unit,
    nullRp: expected / unit,
    z: deviation === 0 ? null : (overlap - expected) / deviation,
    pValue: upper.probability,
    pValueTwoSided: Math.min(1, 2 * Math.min(upper.probability, lower.probability)),
    method: upper.method,
  };
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
function overlaps({ name, a, b, keep, kept }: Layer, { mode, p }: CorrelationInput): Overlap[] {
  const n = mode === "sparse-sparse" ? kept : a.length;
  return p.map((fraction) => {
    const k = topCount(n, fraction);
    const topA = keepLargest(a, k, keep);
    const topB = keepLargest(b, k, mode === "sparse-dense" ? undefined : keep);
    const marked = keep === undefined ? k : countBoth(topB, keep);
    return { layer: name, n, k, population: kept, marked, overlap: countBoth(topA, topB) };
  });
}

/** k_l: p·N_l to the nearest integer, halves up, at least 1. */
function topCount(n: number, p: number): number {
  return Math.max(1, roundedShare(n, p));
}

function countBoth(x: Uint8Array, y: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < x.length; i++) count += (x[i] as number) & (y[i] as number);
  return count;
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

function checkedLayer(name: string, { mode, a, b, mask, p }: CorrelationInput): Layer | { issues: Issue[] } {
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
  if (kept === 0) return issue("expected a mask that keeps at least one weight, got none");
  const tooLarge = mode === "sparse-dense" ? p.filter((fraction) => !isBelow(fraction, kept, absA.length)) : [];
  if (tooLarge.length > 0)
    return issue(
      `expected p below the share of weights that the mask keeps (${kept} of ${absA.length}), got ${tooLarge.join(", ")}`,
      "sparse-dense R_p compares top sets of the dense size p·N, which must fit into the mask",
    );
  return { name, a: absA, b: absB, keep: mask.keep(name), kept };
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
