import type { HostArray, StateDict } from "../../core/array.ts";
import { InternalError } from "../../core/errors.ts";

/** The weights that output `o` has for one of `channels` inputs: a kernel, or one per feature of the channel. */
export function weightsOf({ shape, data }: FloatArray, o: number, channel: number, channels: number): Float32Array {
  const row = data.length / (shape[0] ?? 1);
  const part = row / channels;
  return data.subarray(o * row + channel * part, o * row + (channel + 1) * part);
}

export function sumOf(values: Float32Array): number {
  return values.reduce((total, value) => total + value, 0);
}

export type FloatArray = Extract<HostArray, { dtype: "float32" }>;

/** @throws InternalError when there is no such array of float32 */
export function float32(weights: StateDict, name: string): FloatArray {
  const array = weights.get(name);
  if (array?.dtype !== "float32") throw new InternalError(`${name} is no array of float32`);
  return array;
}
