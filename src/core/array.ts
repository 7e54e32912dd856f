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

/**
 * The array that `bytes` hold in this machine's (little-endian) order; a view of them where the alignment allows it.
 * @param bytes exactly the elements of `shape`
 */
export function arrayFromBytes(dtype: DType, shape: readonly number[], bytes: Uint8Array): HostArray {
  // Typed arrays demand an aligned start, which a part of a file need not have.
  const { buffer, byteOffset } = bytes.byteOffset % itemBytes[dtype] === 0 ? bytes : new Uint8Array(bytes);
  const length = bytes.length / itemBytes[dtype];
  switch (dtype) {
    case "float64":
      return { dtype, shape, data: new Float64Array(buffer, byteOffset, length) };
    case "float32":
      return { dtype, shape, data: new Float32Array(buffer, byteOffset, length) };
    case "float16":
    case "bfloat16":
      return { dtype, shape, data: new Uint16Array(buffer, byteOffset, length) };
    case "int64":
      return { dtype, shape, data: new BigInt64Array(buffer, byteOffset, length) };
    case "int32":
      return { dtype, shape, data: new Int32Array(buffer, byteOffset, length) };
    case "int16":
      return { dtype, shape, data: new Int16Array(buffer, byteOffset, length) };
    case "int8":
      return { dtype, shape, data: new Int8Array(buffer, byteOffset, length) };
    case "uint8":
    case "bool":
      return { dtype, shape, data: new Uint8Array(buffer, byteOffset, length) };
  }
}
