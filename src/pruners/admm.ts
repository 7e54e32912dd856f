import type { HostArray, StateDict } from "../core/array.ts";
import { InternalError } from "../core/errors.ts";
import { keptCount } from "../masks/counts.ts";
import { keepLargest } from "../masks/keep-largest.ts";
import { type LayerMask, Mask } from "../masks/mask.ts";

/**
 * ADMM pruning (Zhang et al., ECCV 2018; Liu et al., ICML 2021): minimise loss(W) + Σ g_l(Z_l) subject to W_l = Z_l, where g_l is 0
 * for at most (1 - s)·N_l non-zeros and infinite otherwise. This file has everything but the training: Z, U and rho.
 *
 * | when | what |
 * |---|---|
 * | start | W = θT, Z = projection of θT, U = 0 |
 * | each step of an epoch | SGD on loss + rho/2 · Σ ||W - Z + U||² |
 * | after each epoch | Z := projection of W + U; U := U + W - Z |
 * | after each stage but the last | rho := growth · rho; U := U / growth |
 * | end | mask = support of the projection of W |
 *
 * U is the scaled dual variable: the multiplier itself is rho·U and must not jump when rho does (Boyd et al., Distributed
 * Optimization and Statistical Learning via ADMM, 2011, section 3.4.1), hence the division. Some public scripts begin every stage
 * anew with U = 0 instead.
 */
export interface AdmmSchedule {
  /** Penalty of the first stage, above 0. */
  readonly rho: number;
  /** Factor from one stage to the next, at least 1. */
  readonly growth: number;
  readonly epochsPerStage: number;
}

/** How far W is from Z after an epoch. */
export interface AdmmEpoch {
  /** Epochs finished, from 1. */
  readonly epoch: number;
  /** Of this epoch's steps. */
  readonly rho: number;
  /** ||W - Z||_F / ||W||_F by layer, 0 for a layer of zeros. */
  readonly residuals: Readonly<Record<string, number>>;
}

/**
 * A run has converged when no layer's last residual is above this. Z has as few non-zeros as the mask, and the projection of W is the
 * nearest such point to W, so pruning takes at most this share of a layer's norm: at 0.05 at most 0.25 % of its sum of squares.
 */
export const CONVERGED_RESIDUAL = 0.05;

export interface AdmmStart {
  /** θT, finite; arrays of other names than `layers` are ignored. */
  readonly weights: StateDict;
  /** Names of the layers to prune. */
  readonly layers: readonly string[];
  /** Fraction removed per layer, in [0, 1); counts are exact (`keptCount`). */
  readonly sparsity: number;
  readonly schedule: AdmmSchedule;
  /** Type of Z and U: that of the weights in training. */
  readonly dtype: "float32" | "float64";
  /** `toStateDict()` of an earlier state with the same other fields, to go on from. */
  readonly saved?: StateDict;
}

/** Real numbers, in the type of the weights in training. */
type Real = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

interface Layer {
  readonly shape: readonly number[];
  readonly dtype: "float32" | "float64";
  /** Non-zeros of Z. */
  readonly kept: number;
  readonly z: Real;
  readonly u: Real;
}

/** Z and U of every pruned layer. */
export class AdmmState {
  readonly #layers: ReadonlyMap<string, Layer>;
  readonly #schedule: AdmmSchedule;

  constructor({ weights, layers, sparsity, schedule, dtype, saved }: AdmmStart) {
    this.#schedule = schedule;
    this.#layers = new Map(
      layers.map((name) => {
        const { shape, data } = realArray(weights, name);
        const w = dtype === "float64" ? Float64Array.from(data) : Float32Array.from(data);
        const kept = keptCount(w.length, sparsity);
        const z = saved === undefined ? project(w, kept) : realArray(saved, `z.${name}`).data.slice();
        const u = saved === undefined ? zerosLike(w) : realArray(saved, `u.${name}`).data.slice();
        return [name, { shape, dtype, kept, z, u }];
      }),
    );
  }

  get layers(): readonly string[] {
    return [...this.#layers.keys()];
  }

  /** Penalty during the epoch that follows `finished` finished ones. */
  rho(finished: number): number {
    const { rho, growth, epochsPerStage } = this.#schedule;
    let value = rho;
    for (let stage = Math.floor(finished / epochsPerStage); stage > 0; stage--) value *= growth;
    return value;
  }

  /** Z - U: the penalty's gradient with respect to W is rho·(W - (Z - U)). */
  target(layer: string): HostArray {
    const { dtype, shape, z, u } = this.#layer(layer);
    return { dtype, shape, data: z.map((value, i) => value - (u[i] as number)) } as HostArray;
  }

  /**
   * Updates Z and U at the end of an epoch.
   * @param finished epochs finished, this one included
   * @param weights  W at its end
   * @returns undefined when a weight is not finite, or so large that W + U is not; nothing is updated then
   */
  endEpoch(finished: number, weights: StateDict): AdmmEpoch | undefined {
    const sums = new Map(
      [...this.#layers].map(([name, { u }]) => {
        const w = realArray(weights, name).data;
        return [name, w.map((value, i) => value + (u[i] as number))];
      }),
    );
    if ([...sums.values()].some((sum) => !sum.every(Number.isFinite))) return undefined;
    const residuals: Record<string, number> = {};
    for (const [name, { kept, z, u }] of this.#layers) {
      const sum = sums.get(name) ?? zerosLike(z);
      z.set(project(sum, kept));
      for (let i = 0; i < u.length; i++) u[i] = (sum[i] as number) - (z[i] as number);
      residuals[name] = relativeDistance(realArray(weights, name).data, z);
      if (finished % this.#schedule.epochsPerStage === 0)
        for (let i = 0; i < u.length; i++) u[i] = (u[i] as number) / this.#schedule.growth;
    }
    return { epoch: finished, rho: this.rho(finished - 1), residuals };
  }

  /** The mask that W gives: the support of its projection, exact counts, ties by lower flat index. */
  mask(weights: StateDict): Mask {
    return new Mask(
      [...this.#layers].map(([name, { shape, kept }]): [string, LayerMask] => [
        name,
        { shape, keep: keepLargest(realArray(weights, name).data.map(Math.abs), kept) },
      ]),
    );
  }

  /** Copies of Z as `z.<layer>` and of U as `u.<layer>`. */
  toStateDict(): StateDict {
    return new Map(
      [...this.#layers].flatMap(([name, { dtype, shape, z, u }]) => [
        [`z.${name}`, { dtype, shape, data: z.slice() } as HostArray] as const,
        [`u.${name}`, { dtype, shape, data: u.slice() } as HostArray] as const,
      ]),
    );
  }

  #layer(name: string): Layer {
    const layer = this.#layers.get(name);
    if (layer === undefined) throw new InternalError(`AdmmState: no layer ${name}`);
    return layer;
  }
}

/** The layer that is farthest from its Z, after an epoch. */
export function worstLayer({ residuals }: AdmmEpoch): { readonly layer: string; readonly residual: number } {
  return Object.entries(residuals).reduce(
    (worst, [layer, residual]) => (residual > worst.residual ? { layer, residual } : worst),
    { layer: Object.keys(residuals)[0] ?? "", residual: 0 },
  );
}

/** The nearest point with at most `kept` non-zeros: all but the largest magnitudes set to 0, ties by lower flat index. */
function project(values: Real, kept: number): Real {
  const keep = keepLargest(values.map(Math.abs), kept);
  return values.map((value, i) => (keep[i] === 1 ? value : 0));
}

/** ||w - z|| / ||w||, summed up in float64. */
function relativeDistance(w: Real, z: Real): number {
  let [distance, norm] = [0, 0];
  for (let i = 0; i < w.length; i++) {
    distance += ((w[i] as number) - (z[i] as number)) ** 2;
    norm += (w[i] as number) ** 2;
  }
  return distance === 0 ? 0 : Math.sqrt(distance / norm);
}

function zerosLike(values: Real): Real {
  return values.map(() => 0);
}

function realArray(
  state: StateDict,
  name: string,
): { readonly dtype: "float32" | "float64"; readonly shape: readonly number[]; readonly data: Real } {
  const array = state.get(name);
  if (array?.dtype === "float32" || array?.dtype === "float64")
    return { dtype: array.dtype, shape: array.shape, data: array.data as Real };
  throw new InternalError(`AdmmState: expected float32 or float64 values of ${name}, got ${array?.dtype ?? "none"}`);
}
