import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";

/** Bytes that are asked for at once. */
const CHUNK = 2 ** 20;

/**
 * The bytes of a file that must be small; also of a pipe or a device, whose size nobody knows before.
 * @param atMost bytes that it may have; no more than one chunk beyond is read, of a larger ordinary file nothing
 * @returns undefined when it has more
 * @throws the system's error when it cannot be read
 */
export function readBounded(path: string, atMost: number): Buffer | undefined {
  const file = openSync(path, "r");
  try {
    const stat = fstatSync(file);
    if (stat.isFile()) {
      if (stat.size > atMost) return undefined;
      const bytes = readFileSync(file);
      return bytes.length > atMost ? undefined : bytes; // it may have grown
    }
    const chunks: Buffer[] = [];
    for (let size = 0; size <= atMost; ) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK, atMost + 1 - size));
      const read = readSync(file, chunk);
      if (read === 0) return Buffer.concat(chunks);
      chunks.push(chunk.subarray(0, read));
      size += read;
    }
    return undefined;
  } finally {
    closeSync(file);
  }
}
