/** Element types that cross the border between files, memory and the engine. float16 and bfloat16 are raw 16-bit patterns. */
export interface ArrayTypes {
  float32: Float32Array;
  float64: Float64Array;
  float16: Uint16Array;
  bfloat16: Uint16Array;
  int64: BigInt64Array;
  int32: Int32Array;
  int16: Int16Array;
  int8: Int8Array;
  uint8: Uint8Array;
  bool: Uint8Array;
}

export type DType = keyof ArrayTypes;

/** A dense row-major array in this process's memory, with its shape. `data.length` equals the product of `shape`. */
export type HostArray = {
  [D in DType]: { readonly dtype: D; readonly shape: readonly number[]; readonly data: ArrayTypes[D] };
}[DType];

/** Arrays by parameter name (PyTorch's names), in the model's order. */
export type StateDict = ReadonlyMap<string, HostArray>;

/** Bytes per element. */
export const itemBytes: Readonly<Record<DType, number>> = {
  float32: 4,
  float64: 8,
  float16: 2,
  bfloat16: 2,
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint8: 1,
  bool: 1,
};

/** Number of elements of a shape (1 for a scalar). */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((n, size) => n * size, 1);
}

/** Whether two shapes are equal. */
export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i]);
}
