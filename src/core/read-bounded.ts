import { closeSync, openSync, readSync } from "node:fs";

/** Bytes that are asked for at once. */
const CHUNK = 2 ** 20;

/**
 * The bytes of a file that must be small; also of a pipe or a device, whose size nobody knows before.
 * @param atMost bytes that it may have; no more than one chunk beyond is read
 * @returns undefined when it has more
 * @throws the system's error when it cannot be read
 */
export function readBounded(path: string, atMost: number): Buffer | undefined {
  const file = openSync(path, "r");
  try {
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
