import { closeSync, openSync, readSync, statSync } from "node:fs";
import { InputError } from "../../core/errors.ts";

/** A file of a source: its place, its size in bytes, and a text that changes whenever its bytes could have. */
export interface StoredFile {
  readonly path: string;
  readonly size: number;
  readonly state: string;
}

/** Looks at a file. @throws InputError when it is none or cannot be looked at */
export function storedFile(path: string): StoredFile {
  try {
    const stat = statSync(path);
    if (!stat.isFile()) throw new Error("not a file");
    return { path, size: stat.size, state: `${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}` };
  } catch (cause) {
    throw new InputError({ where: path, message: `cannot read the file (${reason(cause)})` });
  }
}

/** Node reads at most 2 GiB at once. */
const MOST_AT_ONCE = 2 ** 30;

/**
 * The bytes `at` to `at + length - 1` of a file.
 * @throws InputError when it has fewer, or cannot be read
 */
export function readRange({ path }: Pick<StoredFile, "path">, at: number, length: number): Buffer<ArrayBuffer> {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const bytes = Buffer.alloc(length);
    for (let done = 0; done < length; ) {
      const read = readSync(file, bytes, done, Math.min(MOST_AT_ONCE, length - done), at + done);
      if (read === 0) throw new Error(`expected ${length} bytes from byte ${at} on, got ${done}`);
      done += read;
    }
    return bytes;
  } catch (cause) {
    throw new InputError({ where: path, message: `cannot read the file (${reason(cause)})` });
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** A cause in words. */
export function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
