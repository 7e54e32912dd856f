import { type HostArray, type StateDict, sameShape } from "../core/array.ts";
import type { Json } from "../core/canonical-json.ts";
import { InputError, InternalError, type Issue, RunError } from "../core/errors.ts";
import { countForTarget, type MaskTarget, targetIssue } from "../masks/counts.ts";
import { keepLargest } from "../masks/keep-largest.ts";
import { type LayerMask, Mask } from "../masks/mask.ts";
import { scope } from "../tensor/scope.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { LayerToScore, Pruner } from "./define.ts";

type RealArray = Extract<HostArray, { dtype: "float32" | "float64" }>;

export interface MaskRequest {
  /** Trained weights; arrays of other names are ignored. */
  readonly weights: StateDict;
  /** Names of the prunable, unprotected layers. */
  readonly layers: readonly string[];
  readonly pruner: Pruner;
  readonly options: Json;
  readonly target: MaskTarget;
  /** Of the replicate; for pruners that need one. */
  readonly seed?: number;
  /** Pruned weights stay pruned: the new mask is a subset of this one. */
  readonly previous?: Mask;
}

/**
 * Prunes every layer at the same rate ("uniform per-layer"): in each, exactly the count that `countForTarget` gives stays,
 * namely the weights with the largest scores among those that the previous mask keeps, ties by lower flat index.
 * @throws InputError naming every layer that is missing, not float32 or float64, has non-finite weights, another shape
 *   than in the previous mask, or would keep no weight, and every wrong option; RunError when the pruner's scores are unusable
 * @source Liu et al., ICML 2021, pruning algorithms
 */
export function makeMask({ weights, layers, pruner, options, target, seed, previous }: MaskRequest): Mask {
  const parsed = parseOptions(pruner, options);
  if (pruner.needsSeed === true && seed === undefined)
    throw new InternalError(`makeMask(): pruner ${pruner.name} needs a seed, got none`);
  const found = layers.map((name) => ({ name, weight: weights.get(name) }));
  const issues = found.flatMap(({ name, weight }) => layerIssues(name, weight, target, previous));
  if (issues.length > 0) throw new InputError(issues);
  return new Mask(
    found.flatMap(({ name, weight }): [string, LayerMask][] => {
      if (weight === undefined) return [];
      const size = weight.data.length;
      const eligible = previous?.has(name) === true ? previous.keep(name) : undefined;
      const remaining = eligible === undefined ? size : (previous?.keptCount(name) ?? size);
      const count = countForTarget(name, size, remaining, target);
      const scores = checkedScores(pruner, { name, weight, options: parsed, seed: seed ?? 0 }, eligible);
      return [[name, { shape: weight.shape, keep: keepLargest(scores, count, eligible) }]];
    }),
  );
}

/**
 * Options as the pruner's schema reads them, defaults filled in.
 * @throws InputError with all that is wrong with them
 */
export function parseOptions(pruner: Pruner, options: Json): Record<string, unknown> {
  const parsed = pruner.options.safeParse(options);
  if (parsed.success) return parsed.data;
  throw new InputError(
    parsed.error.issues.map(({ path, message }) => ({
      where: ["options of pruner", pruner.name, ...path.map(String)].join(" "),
      message,
    })),
  );
}

function layerIssues(
  name: string,
  weight: HostArray | undefined,
  target: MaskTarget,
  previous: Mask | undefined,
): Issue[] {
  if (weight === undefined) return [{ where: name, message: "expected weights for this layer, got none" }];
  if (!isReal(weight)) return [{ where: name, message: `expected float32 or float64 weights, got ${weight.dtype}` }];
  const size = weight.data.length;
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
  const issue = targetIssue(name, size, masked?.keptCount(name) ?? size, target);
  return issue === undefined ? [] : [issue];
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
