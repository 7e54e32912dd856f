import type { HostArray, StateDict } from "../core/array.ts";
import { InputError, type Issue } from "../core/errors.ts";
import { type LayerMask, Mask } from "../masks/mask.ts";

/** 0 and 1 of any type as bits; undefined for any other value. */
export function bits(array: HostArray): Uint8Array | undefined {
  const one = oneOf(array);
  const keep = new Uint8Array(array.data.length);
  for (let i = 0; i < keep.length; i++) {
    const value = array.data[i];
    if (value === one) keep[i] = 1;
    else if (value !== 0 && value !== 0n) return undefined;
  }
  return keep;
}

/** The element of `array` that stands for 1; the half types are bit patterns. */
export function oneOf({ dtype }: HostArray): number | bigint {
  if (dtype === "int64") return 1n;
  if (dtype === "float16") return 0x3c00;
  return dtype === "bfloat16" ? 0x3f80 : 1;
}

/**
 * Arrays of zeros and ones of any type as a mask: many programs store masks in the type of their weights.
 * @throws InputError naming every array that has another value
 */
export function maskOfZerosAndOnes(state: StateDict, file: string): Mask {
  const layers: [string, LayerMask][] = [];
  const issues: Issue[] = [];
  for (const [name, array] of state) {
    const keep = bits(array);
    if (keep !== undefined) layers.push([name, { shape: array.shape, keep }]);
    else
      issues.push({
        where: `${file}: ${name}`,
        message: `expected a mask, only zeros and ones, got ${otherValue(array)}`,
      });
  }
  if (issues.length > 0) throw new InputError(issues);
  return new Mask(layers);
}

function otherValue(array: HostArray): string {
  const one = oneOf(array);
  const at = Array.prototype.findIndex.call(array.data, (value) => value !== one && value !== 0 && value !== 0n);
  return `${array.data[at]} (${array.dtype}) at flat index ${at}`;
}
