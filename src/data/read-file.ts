import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { InputError } from "../core/errors.ts";

/** No file of the catalogue comes near; a damaged or hostile gzip file cannot fill the memory. */
const maxUnpackedBytes = 2 ** 29;

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
 * @throws InputError when it cannot be read or the gzip data is damaged or cut off
 */
export function readBytes(path: string, obtain: string): Uint8Array {
  const bytes = readAll(path);
  if (!path.endsWith(".gz")) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: maxUnpackedBytes });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw damaged(path, `expected a gzip file, cannot unpack its ${bytes.length} bytes (${reason})`, obtain);
  }
}

function readAll(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new InputError({
      where: path,
      message: `cannot read the file (${reason})`,
      hint: "check that it is a file and that you may read it (ls -l)",
    });
  }
}
