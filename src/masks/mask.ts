import { elementCount, type HostArray, type StateDict, sameShape } from "../core/array.ts";
import { InputError, type Issue } from "../core/errors.ts";

/** Which weights of one layer are kept: `keep` has one 0 (pruned) or 1 (kept) per weight, flat, row-major. */
export interface LayerMask {
  readonly shape: readonly number[];
  readonly keep: Uint8Array;
}

/**
 * A pruning mask m in {0,1}^d: by parameter name (PyTorch's), for the prunable layers only; parameters that it does not
 * name are not pruned. Immutable: arrays are copied on the way in and out.
 */
export class Mask {
  readonly #layers: ReadonlyMap<string, LayerMask>;
  readonly #kept: ReadonlyMap<string, number>;

  /** @throws InputError naming every layer whose size does not fit its shape, or that has a value other than 0 and 1 */
  constructor(layers: Iterable<readonly [string, LayerMask]>) {
    this.#layers = new Map(
      [...layers].map(([name, { shape, keep }]) => [name, { shape: [...shape], keep: new Uint8Array(keep) }]),
    );
    const issues = [...this.#layers].flatMap(([name, layer]) => layerIssues(name, layer));
    if (issues.length > 0) throw new InputError(issues);
    this.#kept = new Map([...this.#layers].map(([name, { keep }]) => [name, keep.reduce((n, bit) => n + bit, 0)]));
  }

  /** A mask that keeps every weight of the named layers. */
  static ones(shapes: Iterable<readonly [string, readonly number[]]>): Mask {
    return new Mask(
      [...shapes].map(([name, shape]) => [name, { shape, keep: new Uint8Array(elementCount(shape)).fill(1) }]),
    );
  }

  /** @throws InputError naming every layer that is not of type bool or uint8 or has a value other than 0 and 1 */
  static fromStateDict(state: StateDict): Mask {
    const layers: [string, LayerMask][] = [];
    const issues: Issue[] = [];
    for (const [name, array] of state) {
      if (array.dtype === "bool" || array.dtype === "uint8")
        layers.push([name, { shape: array.shape, keep: array.data }]);
      else issues.push({ where: name, message: `expected a mask of type bool or uint8, got ${array.dtype}` });
    }
    if (issues.length > 0) throw new InputError(issues);
    return new Mask(layers);
  }

  /** The mask as bool arrays by parameter name. */
  toStateDict(): StateDict {
    return new Map(
      [...this.#layers].map(([name, { shape, keep }]) => [name, { dtype: "bool", shape, data: keep.slice() }]),
    );
  }

  /** Names of the masked layers, in their order. */
  get keys(): readonly string[] {
    return [...this.#layers.keys()];
  }

  has(layer: string): boolean {
    return this.#layers.has(layer);
  }

  shape(layer: string): readonly number[] {
    return this.#layer(layer).shape;
  }

  /** The layer's 0s and 1s, flat; a copy. */
  keep(layer: string): Uint8Array<ArrayBuffer> {
    return this.#layer(layer).keep.slice();
  }

  /** Number of weights of the layer. */
  size(layer: string): number {
    return this.#layer(layer).keep.length;
  }

  /** Number of weights of the layer that stay. */
  keptCount(layer: string): number {
    this.#layer(layer);
    return this.#kept.get(layer) ?? 0;
  }

  /** Number of weights of all masked layers. */
  get totalSize(): number {
    return this.keys.reduce((n, layer) => n + this.size(layer), 0);
  }

  /** Number of weights of all masked layers that stay. */
  get totalKept(): number {
    return this.keys.reduce((n, layer) => n + this.keptCount(layer), 0);
  }

  /** Share of the masked layers' weights that is removed, in [0, 1]; 0 for a mask without layers. */
  get sparsity(): number {
    return this.totalSize === 0 ? 0 : 1 - this.totalKept / this.totalSize;
  }

  /**
   * Whether every weight that this mask keeps is kept by `other` too. A layer that a mask does not name is kept whole.
   * @throws InputError when a layer's shape differs
   */
  isSubsetOf(other: Mask): boolean {
    for (const [name, theirs] of other.#layers) {
      const ours = this.#layers.get(name);
      if (ours !== undefined && !sameShape(ours.shape, theirs.shape))
        throw new InputError(shapeIssue(name, ours.shape, theirs.shape));
      if (theirs.keep.some((bit, i) => bit === 0 && (ours === undefined || ours.keep[i] === 1))) return false;
    }
    return true;
  }

  /**
   * w ⊙ m: pruned weights are set to exactly 0 in copies of the masked layers; other arrays are shared.
   * @throws InputError naming every masked layer that is missing, has another shape, or is not of a floating type
   */
  apply(state: StateDict): StateDict {
    const issues = [...this.#layers].flatMap(([name, { shape }]) => {
      const weight = state.get(name);
      if (weight === undefined) return [{ where: name, message: "expected weights for this masked layer, got none" }];
      if (!sameShape(weight.shape, shape)) return [shapeIssue(name, shape, weight.shape)];
      return isFloating(weight) ? [] : [{ where: name, message: `expected floating weights, got ${weight.dtype}` }];
    });
    if (issues.length > 0) throw new InputError(issues);
    return new Map(
      [...state].map(([name, array]) => {
        const layer = this.#layers.get(name);
        return [name, layer === undefined || !isFloating(array) ? array : zeroed(array, layer.keep)];
      }),
    );
  }

  #layer(name: string): LayerMask {
    const layer = this.#layers.get(name);
    if (layer === undefined)
      throw new InputError({ where: name, message: "expected a masked layer, got a name that the mask does not have" });
    return layer;
  }
}

type FloatingArray = Extract<HostArray, { dtype: "float32" | "float64" | "float16" | "bfloat16" }>;

function isFloating(array: HostArray): array is FloatingArray {
  return ["float32", "float64", "float16", "bfloat16"].includes(array.dtype);
}

/** A copy with 0 where `keep` is 0. The half types are raw bits, and all bits 0 is their zero too. */
function zeroed(array: FloatingArray, keep: Uint8Array): HostArray {
  const copy = { ...array, data: array.data.slice() } as FloatingArray;
  for (let i = 0; i < keep.length; i++) if (keep[i] === 0) copy.data[i] = 0;
  return copy;
}

function layerIssues(name: string, { shape, keep }: LayerMask): Issue[] {
  if (keep.length !== elementCount(shape))
    return [
      {
        where: name,
        message: `expected ${elementCount(shape)} mask values for [${shape.join(", ")}], got ${keep.length}`,
      },
    ];
  const bad = keep.findIndex((bit) => bit > 1);
  return bad === -1
    ? []
    : [{ where: name, message: `expected mask values 0 or 1, got ${keep[bad] ?? ""} at flat index ${bad}` }];
}

function shapeIssue(name: string, expected: readonly number[], got: readonly number[]): Issue {
  return { where: name, message: `expected shape [${expected.join(", ")}], got [${got.join(", ")}]` };
}
