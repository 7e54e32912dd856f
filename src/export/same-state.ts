import { type HostArray, type StateDict, sameShape } from "../core/array.ts";

/**
 * Whether two sets of arrays are equal to the bit, whatever their order: types, shapes and values.
 * @returns what differs first, undefined when nothing does
 */
export function difference(expected: StateDict, found: StateDict): string | undefined {
  const missing = [...expected.keys()].find((name) => !found.has(name));
  if (missing !== undefined) return `${missing} is missing`;
  const extra = [...found.keys()].find((name) => !expected.has(name));
  if (extra !== undefined) return `${extra} was not written`;
  for (const [name, array] of expected) {
    const other = found.get(name);
    if (other === undefined || array.dtype !== other.dtype || !sameShape(array.shape, other.shape))
      return `${name} has another type or shape`;
    if (Buffer.compare(bytesOf(array), bytesOf(other)) !== 0) return `${name} has other values`;
  }
  return undefined;
}

function bytesOf({ data }: HostArray): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
