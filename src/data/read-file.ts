import { existsSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { InputError } from "../core/errors.ts";
import { readBounded } from "../core/read-bounded.ts";

/** Of a file, and of what a gzip file unpacks to: no file of the catalogue comes near, and no other can fill the memory. */
const maxBytes = 2 ** 29;

/** The error for a damaged file: what is wrong with which file, and that it must be fetched again. */
export function damaged(path: string, message: string, obtain: string): InputError {
  return new InputError({
    where: path,
    message,
    hint: `the file is damaged or not the official one: delete it and get it again. ${obtain}`,
  });
}

/** The file itself or its gzipped form beside it, whichever exists, the plain one first. */
export function plainOrGzipped(path: string): string | undefined {
  return [path, `${path}.gz`].find((candidate) => existsSync(candidate));
}

/**
 * All bytes of a file, unpacked when its name ends in `.gz`.
 * @throws InputError when it cannot be read, has more than 512 MiB, packed or unpacked, or the gzip data is damaged or cut off
 */
export function readBytes(path: string, obtain: string): Uint8Array {
  const bytes = readAll(path);
  if (bytes === undefined) throw damaged(path, `expected at most ${maxBytes} bytes, got more`, obtain);
  if (!path.endsWith(".gz")) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw damaged(path, `expected a gzip file, cannot unpack its ${bytes.length} bytes (${reason})`, obtain);
  }
}

function readAll(path: string): Uint8Array | undefined {
  try {
    return readBounded(path, maxBytes);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new InputError({
      where: path,
      message: `cannot read the file (${reason})`,
      hint: "check that it is a file and that you may read it (ls -l)",
    });
  }
}
