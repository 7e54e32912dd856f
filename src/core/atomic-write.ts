import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { RunError } from "./errors.ts";

/**
 * Replaces `path` by `bytes` so that a reader, a crash or a full disk sees the old file or the new one, never a part:
 * temporary sibling, write, fsync, rename, fsync of the folder.
 * @throws RunError that names the file and the cause; nothing is left behind
 */
export function writeFileAtomic(path: string, bytes: Uint8Array | string): void {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.tmp-${process.pid}-${randomBytes(4).toString("hex")}`);
  try {
    mkdirSync(folder, { recursive: true });
    writeAndSync(temporary, bytes);
    renameSync(temporary, path);
    syncFolder(folder);
  } catch (cause) {
    removeQuietly(temporary);
    throw writeFailure(path, cause);
  }
}

/** Cleaning up must not hide why the write failed (a folder of the path may be a file). */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // What could not be written cannot be left behind.
  }
}

function writeAndSync(path: string, bytes: Uint8Array | string): void {
  const buffer = typeof bytes === "string" ? Buffer.from(bytes, "utf8") : bytes;
  const file = openSync(path, "wx");
  try {
    // A single write may be short (a nearly full disk, more than 2 GiB), so go on until all is out.
    for (let done = 0; done < buffer.length; ) done += writeSync(file, buffer, done);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Makes a rename inside `folder` survive a power loss. */
export function syncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** The error for a failed write, with the fix for the causes a user can act on. One that is worded already stays as it is. */
export function writeFailure(path: string, cause: unknown): RunError {
  if (cause instanceof RunError) return cause;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const hints: Record<string, string> = {
    ENOSPC: "the disk is full: free some space or choose another folder with --out, then run the same command again",
    EDQUOT: "the disk quota is used up: free some space or choose another folder with --out, then run again",
    EACCES: "no permission to write there: choose another folder with --out",
    ENOTDIR: "a file is in the place of a folder: choose another folder with --out",
    EROFS: "the file system is read-only: choose another folder with --out",
  };
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new RunError(`cannot write ${path}: ${reason}`, hints[code], { cause });
}
