import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { RunError } from "./errors.ts";

/**
 * Replaces `path` by `bytes` so that a reader, a crash or a full disk sees the old file or the new one, never a part:
 * temporary sibling, write, fsync, rename, fsync of the folder.
 * @throws RunError that names the file and the cause; nothing is left behind
 */
export function writeFileAtomic(path: string, bytes: Uint8Array | string): void {
  try {
    makeFolder(dirname(path));
  } catch (cause) {
    throw writeFailure(path, cause);
  }
  replaceFile(path, bytes);
}

/**
 * As `writeFileAtomic`, in a folder that is there: one that was taken away in the meantime is not made anew.
 * @param check asked right before the old file is replaced; what it throws leaves that one as it is
 */
export function replaceFile(path: string, bytes: Uint8Array | string, check?: () => void): void {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.tmp-${process.pid}-${randomBytes(4).toString("hex")}`);
  try {
    writeAndSync(temporary, bytes);
    check?.();
    renameSync(temporary, path);
    syncFolder(folder);
  } catch (cause) {
    removeQuietly(temporary);
    throw writeFailure(path, cause);
  }
}

/**
 * Makes a folder and those above it. Node's own recursive mkdir never ends where a folder exists and none can be made in it (/proc).
 * @throws what mkdir throws
 */
export function makeFolder(folder: string): void {
  if (isFolder(folder)) return;
  const above = dirname(folder);
  if (above !== folder) makeFolder(above);
  try {
    mkdirSync(folder);
  } catch (error) {
    // Another process may have made it in this moment.
    if (!isFolder(folder)) throw error;
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** Cleaning up must not hide why the write failed (a folder of the path may be a file). */
export function removeQuietly(path: string): void {
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
  const code = codeOf(cause);
  const hints: Record<string, string> = {
    ENOSPC: "the disk is full: free some space or choose another folder with --out, then run the same command again",
    EDQUOT: "the disk quota is used up: free some space or choose another folder with --out, then run again",
    EACCES: "no permission to write there: choose another folder with --out",
    ENOTDIR: "a file is in the place of a folder: choose another folder with --out",
    EROFS: "the file system is read-only: choose another folder with --out",
    EIO: "the disk or the network file system fails: look into the system's log, then run the same command again",
    EMFILE: "too many open files: raise the limit (ulimit -n), then run the same command again",
    ENFILE: "too many open files on this machine: close programs, then run the same command again",
    EFBIG: "the file is larger than the file system or the limit of this shell allows (ulimit -f)",
    ENAMETOOLONG: "the name is too long for this file system: choose a shorter name or folder",
  };
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new RunError(`cannot write ${path}: ${reason}`, hints[code], { cause });
}

/** The name of a failed system call's error; libuv has none for a used-up quota. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  if ("errno" in error && error.errno === -122) return "EDQUOT";
  return "code" in error ? String(error.code) : "";
}
