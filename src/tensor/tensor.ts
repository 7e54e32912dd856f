import { type ArrayTypes, type DType, elementCount, type HostArray } from "../core/array.ts";
import { InternalError } from "../core/errors.ts";
import type { Device } from "./engine.ts";
import { native } from "./load.ts";
import type { Description, Handle } from "./native.ts";
import { track, untrack } from "./scope.ts";

export type { Device } from "./engine.ts";

/** Where and as what to create a tensor. Defaults: `"cpu"`, and the source's type or float32. */
export interface TensorOptions {
  readonly device?: Device;
  readonly dtype?: DType;
}

/** A tensor was used after it was freed. */
export class DisposedTensorError extends Error {
  override readonly name = "DisposedTensorError";

  constructor(what: string) {
    super(
      `this tensor (${what}) was freed and cannot be used: compute with it inside its scope(), return it from the scope, ` +
        "or keep() it and dispose() it yourself",
    );
  }
}

// The safety net for tensors that no scope and no dispose() freed.
const forgotten = new FinalizationRegistry<Handle>((handle) => native().dispose(handle));

/**
 * An n-dimensional array of the engine. Operations return new tensors, on the device and with the type of their operands, and are
 * recorded for `backward()` when an operand requires a gradient. Shapes broadcast as in NumPy and PyTorch. Every 4-D tensor made
 * from host data is stored channels-last, which shows in speed only: shapes, indices and `toHost()` are those of [N, C, H, W].
 */
export class Tensor {
  readonly #handle: Handle;
  #disposed = false;
  #description: Description | undefined;

  /** For this folder: takes over a handle made by the engine. */
  constructor(handle: Handle) {
    this.#handle = handle;
    track(this);
    forgotten.register(this, handle, this);
  }

  /** A copy of `array` (row-major). */
  static fromHost(array: HostArray, options: TensorOptions = {}): Tensor {
    const { dtype, shape, data } = array;
    if (data.length !== elementCount(shape)) {
      throw new InternalError(`fromHost(): shape [${shape.join(", ")}] does not hold ${data.length} elements`);
    }
    return new Tensor(native().fromHost(data, shape, dtype, options.dtype ?? dtype, options.device ?? "cpu"));
  }

  static zeros(shape: readonly number[], options: TensorOptions = {}): Tensor {
    return Tensor.full(shape, 0, options);
  }

  /** Every element is `value`. float32 unless told otherwise. */
  static full(shape: readonly number[], value: number, options: TensorOptions = {}): Tensor {
    return new Tensor(native().full(shape, value, options.dtype ?? "float32", options.device ?? "cpu"));
  }

  /** The engine's handle. For this folder. @throws DisposedTensorError */
  get handle(): Handle {
    if (this.#disposed) throw new DisposedTensorError(this.#known());
    return this.#handle;
  }

  get shape(): readonly number[] {
    return this.#describe().shape;
  }

  get dtype(): DType {
    return this.#describe().dtype;
  }

  get device(): string {
    return this.#describe().device;
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /** Frees the tensor now. Disposing twice is allowed. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    forgotten.unregister(this);
    untrack(this);
    native().dispose(this.#handle);
  }

  /** A row-major copy in this process's memory. float16 and bfloat16 come as raw 16-bit patterns. */
  toHost(): HostArray {
    const { shape, dtype } = this.#describe();
    const array = emptyHostArray(dtype, shape);
    native().toHost(this.handle, array.data);
    return array;
  }

  /** The value of a tensor with exactly one element. */
  item(): number {
    return native().item(this.handle);
  }

  add(other: Tensor | number): Tensor {
    if (typeof other === "number") return new Tensor(native().addScalar(this.handle, other));
    return new Tensor(native().add(this.handle, other.handle));
  }

  sub(other: Tensor | number): Tensor {
    if (typeof other === "number") return new Tensor(native().subScalar(this.handle, other));
    return new Tensor(native().sub(this.handle, other.handle));
  }

  mul(other: Tensor | number): Tensor {
    if (typeof other === "number") return new Tensor(native().mulScalar(this.handle, other));
    return new Tensor(native().mul(this.handle, other.handle));
  }

  /** True division: integer tensors give float32. */
  div(other: Tensor | number): Tensor {
    if (typeof other === "number") return new Tensor(native().divScalar(this.handle, other));
    return new Tensor(native().div(this.handle, other.handle));
  }

  neg(): Tensor {
    return new Tensor(native().neg(this.handle));
  }

  abs(): Tensor {
    return new Tensor(native().abs(this.handle));
  }

  exp(): Tensor {
    return new Tensor(native().exp(this.handle));
  }

  /** Natural logarithm. */
  log(): Tensor {
    return new Tensor(native().log(this.handle));
  }

  sqrt(): Tensor {
    return new Tensor(native().sqrt(this.handle));
  }

  square(): Tensor {
    return new Tensor(native().square(this.handle));
  }

  relu(): Tensor {
    return new Tensor(native().relu(this.handle));
  }

  /** Sum over `dims` (all when left out); integer and bool tensors give int64. */
  sum(dims?: readonly number[], keepDim = false): Tensor {
    return new Tensor(native().sum(this.handle, dims, keepDim));
  }

  /** Mean over `dims` (all when left out). Float tensors only. */
  mean(dims?: readonly number[], keepDim = false): Tensor {
    return new Tensor(native().mean(this.handle, dims, keepDim));
  }

  /** Index (int64) of a largest element along `dim`. */
  argmax(dim: number): Tensor {
    return new Tensor(native().argmax(this.handle, dim));
  }

  /** Elementwise equality, a bool tensor. */
  equal(other: Tensor): Tensor {
    return new Tensor(native().equal(this.handle, other.handle));
  }

  matmul(other: Tensor): Tensor {
    return new Tensor(native().matmul(this.handle, other.handle));
  }

  /** The same elements in another shape; one size may be -1. Shares memory where it can. */
  reshape(shape: readonly number[]): Tensor {
    return new Tensor(native().reshape(this.handle, shape));
  }

  /** Merges all dimensions from `startDim` on into one. */
  flatten(startDim: number): Tensor {
    return new Tensor(native().flatten(this.handle, startDim));
  }

  /** Swaps two dimensions. Shares memory. */
  transpose(dim0: number, dim1: number): Tensor {
    return new Tensor(native().transpose(this.handle, dim0, dim1));
  }

  /** Elements `start` to `start + length - 1` along `dim`. Shares memory. */
  narrow(dim: number, start: number, length: number): Tensor {
    return new Tensor(native().narrow(this.handle, dim, start, length));
  }

  /** The slices along `dim` that `index` (int64, 1-D) names, in its order. */
  indexSelect(dim: number, index: Tensor): Tensor {
    return new Tensor(native().indexSelect(this.handle, dim, index.handle));
  }

  /** Another type or device. Shares memory when there is nothing to convert. */
  to(options: TensorOptions): Tensor {
    return new Tensor(native().to(this.handle, options.dtype, options.device));
  }

  /** The same values stored row-major or (4-D only) channels-last. Shares memory when they are already. */
  contiguous(format: "contiguous" | "channels-last" = "contiguous"): Tensor {
    return new Tensor(native().contiguous(this.handle, format === "channels-last"));
  }

  /** The same memory, cut from the gradient's record. */
  detach(): Tensor {
    return new Tensor(native().detach(this.handle));
  }

  /** A copy with memory of its own; the gradient flows through it. */
  clone(): Tensor {
    return new Tensor(native().clone(this.handle));
  }

  /** Overwrites this tensor's elements by those of `source` (equal shapes; type and device may differ), unrecorded. */
  copyFrom(source: Tensor): void {
    native().copyFrom(this.handle, source.handle);
  }

  get requiresGrad(): boolean {
    return native().requiresGrad(this.handle);
  }

  /** Turns gradients on or off for a leaf (a tensor no recorded operation made). */
  setRequiresGrad(on: boolean): this {
    native().setRequiresGrad(this.handle, on);
    return this;
  }

  /** The gradient that `backward()` has summed up in this leaf since the last `zeroGrad()`. Shares memory with it. */
  get grad(): Tensor | undefined {
    const handle = native().grad(this.handle);
    return handle === 0 ? undefined : new Tensor(handle);
  }

  /** Drops the gradient (it becomes undefined, its memory is freed). */
  zeroGrad(): void {
    native().zeroGrad(this.handle);
  }

  /** Adds d(this)/d(leaf) to every leaf that requires a gradient; this tensor has one element. Frees the record. */
  backward(): void {
    native().backward(this.handle);
  }

  #describe(): Description {
    this.#description ??= native().describe(this.handle);
    if (this.#disposed) throw new DisposedTensorError(this.#known());
    return this.#description;
  }

  #known(): string {
    if (this.#description === undefined) return "of a shape that was never asked for";
    return `${this.#description.dtype} [${this.#description.shape.join(", ")}]`;
  }
}

const makeData: { [D in DType]: (length: number) => ArrayTypes[D] } = {
  float32: (n) => new Float32Array(n),
  float64: (n) => new Float64Array(n),
  float16: (n) => new Uint16Array(n),
  bfloat16: (n) => new Uint16Array(n),
  int64: (n) => new BigInt64Array(n),
  int32: (n) => new Int32Array(n),
  int16: (n) => new Int16Array(n),
  int8: (n) => new Int8Array(n),
  uint8: (n) => new Uint8Array(n),
  bool: (n) => new Uint8Array(n),
};

/** A host array of zeros. */
function emptyHostArray(dtype: DType, shape: readonly number[]): HostArray {
  // The table pairs each type with its own array class, which the compiler cannot follow through an index.
  return { dtype, shape, data: makeData[dtype](elementCount(shape)) } as HostArray;
}
