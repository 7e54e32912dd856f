import { arrayFromBytes, type DType, elementCount, type HostArray, itemBytes } from "../core/array.ts";
import type { PickleTensor } from "./pickle-values.ts";
import { damaged, refuse } from "./refuse.ts";

/**
 * The elements of a strided view in row-major order; a view of `storage` where they lie so already.
 * @param storage all bytes of the tensor's storage
 * @param where   the file and the tensor's name, for errors
 * @throws InputError when the view reaches beyond its storage, or a bool is neither 0 nor 1
 */
export function tensorArray(tensor: PickleTensor, storage: Uint8Array, where: string): HostArray {
  const { offset, shape, strides } = tensor;
  const { dtype, size } = tensor.storage;
  const item = itemBytes[dtype];
  if (storage.length !== size * item)
    throw refuse(where, `expected ${size} elements of type ${dtype}, got ${storage.length} bytes`, damaged);
  const count = checkedCount(tensor, where);
  const bytes = isRowMajor(shape, strides)
    ? storage.subarray(offset * item, (offset + count) * item)
    : gathered(storage, item, offset, shape, strides);
  if (dtype === "bool" && bytes.some((byte) => byte > 1))
    throw refuse(where, "expected bools of 0 and 1, got another byte", damaged);
  return arrayFromBytes(dtype, shape, bytes);
}

/** Size in bytes of the tensor in row-major order; infinite when it leaves the exact integers. */
export function tensorBytes({ storage, shape }: { storage: { dtype: DType }; shape: readonly number[] }): number {
  const bytes = elementCount(shape) * itemBytes[storage.dtype];
  return Number.isSafeInteger(bytes) ? bytes : Number.POSITIVE_INFINITY;
}

/** Number of elements, once it is certain that all of them lie in the storage. */
function checkedCount({ storage, offset, shape, strides }: PickleTensor, where: string): number {
  const count = elementCount(shape);
  const last = shape.reduce((sum, length, i) => sum + (length - 1) * (strides[i] ?? 0), offset);
  if (count === 0 ? offset > storage.size : last >= storage.size || !Number.isSafeInteger(count))
    throw refuse(
      where,
      `shape [${shape.join(", ")}], strides [${strides.join(", ")}] and offset ${offset} reach beyond its storage of ${storage.size} elements`,
      damaged,
    );
  return count;
}

/** The stride of a dimension of size 1 does not matter, nor does any of an empty tensor. */
function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
  if (elementCount(shape) === 0) return true;
  let expected = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] !== 1 && strides[i] !== expected) return false;
    expected *= shape[i] ?? 1;
  }
  return true;
}

type Words = Uint8Array | Uint16Array | Uint32Array | BigUint64Array;

/** Copies bit patterns, so that every NaN stays what it is. */
function gathered(
  storage: Uint8Array,
  item: number,
  offset: number,
  shape: readonly number[],
  strides: readonly number[],
): Uint8Array {
  const count = elementCount(shape);
  const aligned = storage.byteOffset % item === 0 ? storage : new Uint8Array(storage);
  const source = words(aligned, item);
  const target = words(new Uint8Array(count * item), item);
  const index = shape.map(() => 0);
  let from = offset;
  for (let to = 0; to < count; to++) {
    target[to] = source[from] as never;
    // Counts the index up like an odometer, the last dimension fastest.
    for (let d = shape.length - 1; d >= 0; d--) {
      const next = (index[d] ?? 0) + 1;
      from += strides[d] ?? 0;
      if (next < (shape[d] ?? 0)) {
        index[d] = next;
        break;
      }
      index[d] = 0;
      from -= next * (strides[d] ?? 0);
    }
  }
  return new Uint8Array(target.buffer);
}

function words({ buffer, byteOffset, length }: Uint8Array, item: number): Words {
  switch (item) {
    case 1:
      return new Uint8Array(buffer, byteOffset, length);
    case 2:
      return new Uint16Array(buffer, byteOffset, length / 2);
    case 4:
      return new Uint32Array(buffer, byteOffset, length / 4);
    default:
      return new BigUint64Array(buffer, byteOffset, length / 8);
  }
}
