import type { DType, HostArray } from "../core/array.ts";
import { InternalError } from "../core/errors.ts";
import { keep } from "../tensor/scope.ts";
import { type Device, Tensor } from "../tensor/tensor.ts";
import type { Given, Init } from "./init.ts";

/**
 * Device and floating type of a model's parameters and statistics. Integer buffers keep their type. It computes in this type, or, with
 * float32 parameters and bfloat16 images, in mixed precision.
 */
export interface Placement {
  readonly device: Device;
  readonly dtype: "float32" | "float64";
}

/** A named tensor of a module: declared by its shape, it holds a tensor only between `load()` and `dispose()`. */
abstract class Variable {
  readonly shape: readonly number[];
  #tensor: Tensor | undefined;

  constructor(shape: readonly number[]) {
    this.shape = shape;
  }

  /** @throws InternalError while no values are loaded */
  get tensor(): Tensor {
    if (this.#tensor === undefined) throw new InternalError("a model was used before load() or after dispose()");
    return this.#tensor;
  }

  /** Takes a copy of `array`, whose shape has been checked, in place of what it held. Belongs to no scope. */
  load(array: HostArray, { device, dtype }: Placement): void {
    this.dispose();
    this.#tensor = keep(Tensor.fromHost(array, { device, dtype: this.typeIn(dtype) }));
  }

  dispose(): void {
    this.#tensor?.dispose();
    this.#tensor = undefined;
  }

  /** The type it has in a model that computes in `dtype`. */
  protected abstract typeIn(dtype: Placement["dtype"]): DType;
}

/** Whether pruning may remove weights of this parameter, and what kind of layer it belongs to. */
export type PrunableKind = "conv" | "linear";

/** A tensor that training changes by its gradient. */
export class Parameter extends Variable {
  readonly init: Init;
  /** Undefined: never pruned (biases, batch-norm). */
  readonly prunable: PrunableKind | undefined;

  constructor(shape: readonly number[], init: Init, prunable?: PrunableKind) {
    super(shape);
    this.init = init;
    this.prunable = prunable;
  }

  override load(array: HostArray, placement: Placement): void {
    super.load(array, placement);
    this.tensor.setRequiresGrad(true);
  }

  protected override typeIn(dtype: Placement["dtype"]): DType {
    return dtype;
  }
}

/** Types of a buffer that training in another precision does not change. */
export type FixedType = Exclude<DType, "float32" | "float64" | "float16" | "bfloat16">;

/** A tensor that belongs to the model's state without having a gradient: running statistics and counters. */
export class Buffer extends Variable {
  /** Every element at the start, or its values. */
  readonly value: number | Given;
  readonly kind: "float" | FixedType;

  constructor(shape: readonly number[], value: number | Given, kind: "float" | FixedType = "float") {
    super(shape);
    this.value = value;
    this.kind = kind;
  }

  protected override typeIn(dtype: Placement["dtype"]): DType {
    return this.kind === "float" ? dtype : this.kind;
  }
}
