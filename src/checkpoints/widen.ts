import type { HostArray, StateDict } from "../core/array.ts";

/**
 * float16 and bfloat16 as float32, which holds every value of theirs exactly; other arrays are shared.
 * NaNs stay NaNs.
 */
export function widened(state: StateDict): StateDict {
  return new Map([...state].map(([name, array]) => [name, widenedArray(array)]));
}

/** Names of the arrays that `widened` changes. */
export function halfNames(state: StateDict): readonly string[] {
  return [...state].filter(([, { dtype }]) => dtype === "float16" || dtype === "bfloat16").map(([name]) => name);
}

function widenedArray(array: HostArray): HostArray {
  if (array.dtype !== "float16" && array.dtype !== "bfloat16") return array;
  const words = new Uint32Array(array.data.length);
  const convert = array.dtype === "float16" ? fromFloat16 : (bits: number) => bits << 16;
  for (let i = 0; i < words.length; i++) words[i] = convert(array.data[i] ?? 0);
  return { dtype: "float32", shape: array.shape, data: new Float32Array(words.buffer) };
}

/** The float32 bits of a float16: 1 sign, 5 exponent (bias 15 instead of 127), 10 fraction bits (instead of 23). */
function fromFloat16(bits: number): number {
  const sign = (bits & 0x8000) << 16;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13);
  if (exponent !== 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  // A subnormal, fraction · 2^-24, is a normal float32: its highest bit becomes the hidden one.
  const shift = Math.clz32(fraction) - 21;
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
}
