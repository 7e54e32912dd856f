import { existsSync, renameSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { removeQuietly, syncFolder, writeFailure, writeFileAtomic } from "../core/atomic-write.ts";
import { InputError, RunError } from "../core/errors.ts";

/** @throws InputError when there is a file of this name and it may not be replaced, or when its ending is another */
export function checkTarget(path: string, endings: readonly string[], force: boolean): void {
  if (!endings.includes(extname(path)))
    throw new InputError({
      where: path,
      message: `expected a name that ends in ${endings.join(" or ")}, got "${extname(path)}"`,
      hint: "--to says which format is written, and readers go by the ending",
    });
  if (existsSync(path) && !force)
    throw new InputError({
      where: path,
      message: "there is a file of this name already",
      hint: "choose another name, or replace it with --force",
    });
}

/**
 * Writes a file and gives it its name only after it was read back from the disk and found right.
 * @param differs reads the file of the given path, which has the same ending, and says what is wrong with it
 * @throws RunError when something is; nothing is left behind, and an older file of the name stays
 */
export async function writeVerified(
  path: string,
  bytes: Uint8Array,
  differs: (written: string) => string | undefined | Promise<string | undefined>,
): Promise<void> {
  const ending = extname(path);
  const temporary = join(dirname(path), `.${basename(path, ending)}.unverified-${process.pid}${ending}`);
  try {
    writeFileAtomic(temporary, bytes);
    const wrong = await differs(temporary);
    if (wrong !== undefined)
      throw new RunError(
        `${path}: what was written is not what was read back: ${wrong}`,
        "check the disk, then run again",
      );
    try {
      renameSync(temporary, path);
      syncFolder(dirname(path));
    } catch (cause) {
      throw writeFailure(path, cause);
    }
  } finally {
    removeQuietly(temporary);
  }
}
