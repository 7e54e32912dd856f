import { type HostArray, type StateDict, sameShape } from "../core/array.ts";
import { InputError, type Issue } from "../core/errors.ts";
import { type LayerMask, Mask } from "../masks/mask.ts";
import { bits, oneOf } from "./zero-one.ts";

const ORIGINAL = "_orig";
const MASK = "_mask";

/**
 * Weights in the form of torch.nn.utils.prune, where `conv.weight` is kept as `conv.weight_orig` and `conv.weight_mask`.
 * @returns the weights under their plain names, each times its mask as PyTorch computes with it, and the mask; undefined
 *   when no array is in this form
 * @throws InputError naming every mask that has another shape or other values than 0 and 1, and every name that is there twice
 */
export function fromPruneForm(state: StateDict, file: string): { tensors: StateDict; mask: Mask } | undefined {
  const layers: [string, LayerMask][] = [];
  const plain: [string, HostArray][] = [];
  const issues: Issue[] = [];
  for (const [name, array] of state) {
    const base = name.endsWith(ORIGINAL) ? name.slice(0, -ORIGINAL.length) : undefined;
    const mask = base === undefined ? undefined : state.get(base + MASK);
    if (base !== undefined && mask !== undefined) {
      const keep = sameShape(mask.shape, array.shape) ? bits(mask) : undefined;
      if (state.has(base)) issues.push({ where: `${file}: ${base}`, message: `is there beside ${name}: two values` });
      else if (keep === undefined) issues.push({ where: `${file}: ${base}${MASK}`, message: maskMessage(array, mask) });
      else {
        plain.push([base, array]);
        layers.push([base, { shape: array.shape, keep }]);
      }
    } else if (!(name.endsWith(MASK) && state.has(name.slice(0, -MASK.length) + ORIGINAL))) plain.push([name, array]);
  }
  if (issues.length > 0) throw new InputError(issues);
  if (layers.length === 0) return undefined;
  const mask = new Mask(layers);
  return { tensors: mask.apply(new Map(plain)), mask };
}

/**
 * The same weights as torch.nn.utils.prune keeps them: `name_orig` unpruned and `name_mask` for every masked array.
 * @throws InputError when a masked array is missing, has another shape, or is not of a floating type
 */
export function toPruneForm(state: StateDict, mask: Mask): StateDict {
  mask.apply(state);
  return new Map(
    [...state].flatMap(([name, array]): [string, HostArray][] => {
      if (!mask.has(name)) return [[name, array]];
      return [
        [name + ORIGINAL, array],
        [name + MASK, onesLike(array, mask.keep(name))],
      ];
    }),
  );
}

/** The mask in the type of its weights, as PyTorch makes it. */
function onesLike(array: HostArray, keep: Uint8Array): HostArray {
  const copy = { ...array, data: array.data.slice() } as Exclude<HostArray, { dtype: "int64" }>;
  const one = Number(oneOf(array));
  for (let i = 0; i < keep.length; i++) copy.data[i] = keep[i] === 1 ? one : 0;
  return copy;
}

function maskMessage(array: HostArray, mask: HostArray): string {
  return sameShape(mask.shape, array.shape)
    ? "expected mask values 0 and 1, got others"
    : `expected shape [${array.shape.join(", ")}] as of its weights, got [${mask.shape.join(", ")}]`;
}
