import type { Allocation } from "../allocations/define.ts";
import { uniform } from "../allocations/uniform.ts";
import { type HostArray, type StateDict, sameShape } from "../core/array.ts";
import type { Json } from "../core/canonical-json.ts";
import { InputError, InternalError, type Issue, RunError } from "../core/errors.ts";
import { parseOptions } from "../core/registry.ts";
import type { MaskTarget } from "../masks/counts.ts";
import { keepLargest } from "../masks/keep-largest.ts";
import { type LayerMask, Mask } from "../masks/mask.ts";
import { scope } from "../tensor/scope.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { LayerToScore, Pruner } from "./define.ts";

type RealArray = Extract<HostArray, { dtype: "float32" | "float64" }>;

/** An allocation with its options. */
export interface ChosenAllocation {
  readonly method: Allocation;
  readonly options: Json;
}

export interface MaskRequest {
  /** Trained weights; arrays of other names are ignored. */
  readonly weights: StateDict;
  /** Names of the prunable, unprotected layers. */
  readonly layers: readonly string[];
  readonly pruner: Pruner;
  readonly options: Json;
  /** Uniform by default. */
  readonly allocation?: ChosenAllocation;
  readonly target: MaskTarget;
  /** Of the replicate; for pruners that need one. */
  readonly seed?: number;
  /** Pruned weights stay pruned: the new mask is a subset of this one. */
  readonly previous?: Mask;
}

/**
 * A mask of exact counts: the allocation says how many weights stay in each layer, the pruner scores them, and in each layer the largest
 * scores among those that the previous mask keeps stay, ties by lower flat index. With the uniform allocation the counts are those that
 * `countForTarget` gives each layer; with another one a layer may keep none.
 * @throws InputError naming every layer that is missing, not float32 or float64, has non-finite weights, another shape
 *   than in the previous mask, or (uniformly pruned) would keep no weight, every wrong option, and a target that the allocation cannot
 *   meet; RunError when the pruner's scores are unusable
 * @source Liu et al., ICML 2021, pruning algorithms
 */
export function makeMask(request: MaskRequest): Mask {
  const { weights, layers, pruner, target, seed, previous } = request;
  const { method, options: ofMethod }: ChosenAllocation = request.allocation ?? { method: uniform, options: {} };
  const options = parseOptions("pruner", pruner, request.options);
  const allocationOptions = parseOptions("allocation", method, ofMethod);
  if (pruner.needsSeed === true && seed === undefined)
    throw new InternalError(`makeMask(): pruner ${pruner.name} needs a seed, got none`);
  checkComparable(pruner, method);
  const found = layers.map((name) => ({ name, weight: weights.get(name) }));
  const issues = found.flatMap(({ name, weight }) => layerIssues(name, weight, previous));
  if (issues.length > 0) throw new InputError(issues);
  const scored = found.flatMap(({ name, weight }) => {
    if (weight === undefined) return [];
    const { shape, data } = weight;
    const eligible = previous?.has(name) === true ? previous.keep(name) : undefined;
    const remaining = eligible === undefined ? data.length : (previous?.keptCount(name) ?? data.length);
    const scores = checkedScores(pruner, { name, weight, options, seed: seed ?? 0 }, eligible);
    return [{ name, shape, size: data.length, remaining, scores, ...(eligible === undefined ? {} : { eligible }) }];
  });
  const counts = method.counts(scored, target, allocationOptions);
  return new Mask(
    scored.map(({ name, shape, scores, eligible }, l): [string, LayerMask] => [
      name,
      { shape, keep: keepLargest(scores, counts[l] ?? 0, eligible) },
    ]),
  );
}

/**
 * Scores that are made layer by layer say nothing of one layer against another.
 * @throws InputError for such a pruner with an allocation that compares them
 */
export function checkComparable(pruner: Pruner, allocation: Allocation): void {
  if (pruner.perLayer !== true || allocation.needsScores !== true) return;
  throw new InputError({
    where: "allocation",
    message: `expected an allocation that needs no scores of the whole network, got ${allocation.name}: those of ${pruner.name} cannot be compared across layers`,
    hint: "use uniform or erk",
  });
}

function layerIssues(name: string, weight: HostArray | undefined, previous: Mask | undefined): Issue[] {
  if (weight === undefined) return [{ where: name, message: "expected weights for this layer, got none" }];
  if (!isReal(weight)) return [{ where: name, message: `expected float32 or float64 weights, got ${weight.dtype}` }];
  const masked = previous?.has(name) === true ? previous : undefined;
  if (masked !== undefined && !sameShape(masked.shape(name), weight.shape))
    return [
      {
        where: name,
        message: `expected shape [${masked.shape(name).join(", ")}] as in the previous mask, got [${weight.shape.join(", ")}]`,
      },
    ];
  const bad = weight.data.findIndex((w) => !Number.isFinite(w));
  if (bad !== -1)
    return [
      {
        where: name,
        message: `expected finite weights, got ${weight.data[bad] ?? ""} at flat index ${bad}`,
        hint: "the training that gave these weights has diverged",
      },
    ];
  return [];
}

/** The pruner's scores in memory, checked: a wrong method is the pruner's fault, so it is named. */
function checkedScores(
  pruner: Pruner,
  layer: Omit<LayerToScore<Record<string, unknown>>, "weight"> & { readonly weight: HostArray },
  eligible: Uint8Array | undefined,
): Float32Array | Float64Array {
  const { name, weight } = layer;
  const scores = scope(() => pruner.score({ ...layer, weight: Tensor.fromHost(weight) }).toHost());
  const fault = (what: string) => new RunError(`pruner ${pruner.name}, layer ${name}: ${what}`);
  if (!isReal(scores)) throw fault(`expected float32 or float64 scores, got ${scores.dtype}`);
  if (!sameShape(scores.shape, weight.shape))
    throw fault(`expected scores of shape [${weight.shape.join(", ")}], got [${scores.shape.join(", ")}]`);
  const bad = scores.data.findIndex((score, i) => Number.isNaN(score) && eligible?.[i] !== 0);
  if (bad !== -1) throw fault(`expected numbers as scores, got NaN at flat index ${bad}`);
  return scores.data;
}

function isReal(array: HostArray): array is RealArray {
  return array.dtype === "float32" || array.dtype === "float64";
}
