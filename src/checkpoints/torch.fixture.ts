import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { arrayFromBytes, type DType, elementCount, type HostArray, type StateDict } from "../core/array.ts";
import { Mask } from "../masks/mask.ts";

const folder = resolve(import.meta.dirname, "../../test/fixtures/checkpoints");

/** Path of a file that scripts/make-checkpoint-fixtures.py has written, or `--check` of it has verified. */
export function fixturePath(name: string): string {
  return join(folder, name);
}

export function fixtureBytes(name: string): Buffer {
  return readFileSync(fixturePath(name));
}

/** The values that the script's `fill` gives, as numbers. */
export function fillValues(dtype: DType, count: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    const value = ((7 * i) % 23) - 11;
    if (dtype === "bool") return i % 3 === 0 ? 1 : 0;
    if (dtype === "uint8") return Math.abs(value);
    return ["float32", "float64", "float16", "bfloat16"].includes(dtype) ? value / 8 : value;
  });
}

/** The script's `fill` as an array, for the types whose values TypedArrays convert by themselves. */
export function fill(shape: readonly number[], dtype: DType = "float32"): HostArray {
  return arrayOf(shape, fillValues(dtype, elementCount(shape)), dtype);
}

/** Numbers as an array; eighths up to 2 in the half types. */
export function arrayOf(shape: readonly number[], values: readonly number[], dtype: DType = "float32"): HostArray {
  return arrayFromBytes(dtype, shape, elementBytes(dtype, values));
}

function elementBytes(dtype: DType, values: readonly number[]): Uint8Array {
  const data = {
    float32: () => Float32Array.from(values),
    float64: () => Float64Array.from(values),
    float16: () => Uint16Array.from(values, float16Bits),
    // A bfloat16 is the upper half of a float32.
    bfloat16: () => Uint16Array.from(values, (value) => new Uint16Array(Float32Array.of(value).buffer)[1] ?? 0),
    int64: () => BigInt64Array.from(values, BigInt),
    int32: () => Int32Array.from(values),
    int16: () => Int16Array.from(values),
    int8: () => Int8Array.from(values),
    uint8: () => Uint8Array.from(values),
    bool: () => Uint8Array.from(values),
  }[dtype]();
  return new Uint8Array(data.buffer);
}

/** By search: the bits whose value, by the definition of the type, is the one asked for. */
function float16Bits(value: number): number {
  const sign = value < 0 ? 0x8000 : 0;
  for (let bits = 0; bits < 0x7c00; bits++) if (float16Value(bits) === Math.abs(value)) return sign | bits;
  throw new Error(`no float16 is ${value}`);
}

/** IEEE 754 binary16 of a finite number without sign. */
export function float16Value(bits: number): number {
  const [exponent, fraction] = [bits >> 10, bits & 0x3ff];
  return exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The state dict of the script's `network`, in PyTorch's order. */
export const network: StateDict = new Map([
  ["conv.weight", fill([3, 2, 3, 3])],
  ["conv.bias", fill([3])],
  ["bn.weight", fill([3])],
  ["bn.bias", fill([3])],
  ["bn.running_mean", fill([3])],
  ["bn.running_var", fill([3])],
  ["bn.num_batches_tracked", fill([], "int64")],
  ["fc.weight", fill([4, 3])],
]);

/** The mask of the script's `pruned`: every second weight of the convolution stays. */
export const networkMask = new Mask([
  ["conv.weight", { shape: [3, 2, 3, 3], keep: Uint8Array.from({ length: 54 }, (_, i) => (i % 2 === 0 ? 1 : 0)) }],
]);

/** The state dict of the script's `dtypes`. */
export const everyType: StateDict = new Map<string, HostArray>([
  ...(["float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"] as const).map(
    (dtype): [string, HostArray] => [dtype, fill([2, 3], dtype)],
  ),
  ["empty", fill([0, 3])],
  ["scalar", arrayOf([], [-2.5])],
]);

/** Type, shape and values of every array, in order, to compare states by. */
export function contents(state: StateDict): unknown {
  return [...state].map(([name, { dtype, shape, data }]) => [name, dtype, [...shape], [...data]]);
}
