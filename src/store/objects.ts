import { existsSync, readdirSync, readFileSync, renameSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { codeOf, makeFolder } from "../core/atomic-write.ts";
import { sha256 } from "../core/canonical-json.ts";
import { RunError } from "../core/errors.ts";
import { readBounded } from "../core/read-bounded.ts";
import { otherFormat } from "./format.ts";
import { type Layout, RECORD_FILE } from "./layout.ts";
import { decodeRecord, formatOfOther } from "./record.ts";
import type { ObjectRecord } from "./types.ts";

/** An object that a stage needs is damaged or gone. What was damaged is out of the way; running again recomputes it. */
export class CorruptObjectError extends RunError {
  /** The object's key. */
  readonly key: string;

  constructor(key: string, message: string, hint: string, options?: ErrorOptions) {
    super(message, hint, options);
    this.key = key;
  }
}

const RUN_AGAIN = "run the same command again: it computes the object anew";

/** Reads finished objects. A damaged one is never returned: it is moved to the quarantine. */
export class Objects {
  readonly #layout: Layout;
  readonly #onNotice: (message: string) => void;

  constructor(layout: Layout, onNotice: (message: string) => void) {
    this.#layout = layout;
    this.#onNotice = onNotice;
  }

  /**
   * The record of a finished object. One whose record is damaged counts as not there, and is quarantined with a notice.
   * @throws InputError when another version wrote the record; it stays where it is
   */
  record(key: string): ObjectRecord | undefined {
    const record = this.#readRecord(key);
    if (typeof record !== "string") return record;
    // It may have been replaced while it was read.
    const again = this.#readRecord(key);
    if (typeof again !== "string") return again;
    this.#onNotice(this.#quarantined(key, `object ${key}: ${RECORD_FILE} is damaged: ${again}`).message);
    return undefined;
  }

  /**
   * Whether these files of an object are there, in their sizes; reading one checks its content, too. An object that lacks one is quarantined
   * with a notice: a record is believed only if its files are there.
   */
  areThere(record: ObjectRecord, files: readonly string[]): boolean {
    const missing = files.find((file) => {
      const entry = record.files[file];
      const path = join(this.#layout.object(record.key), entry?.path ?? file);
      return statSync(path, { throwIfNoEntry: false })?.size !== entry?.sizeBytes;
    });
    if (missing === undefined) return true;
    // It may have been extended, with new names for its logs, while we looked.
    const now = this.record(record.key);
    if (now === undefined || JSON.stringify(now.files) !== JSON.stringify(record.files))
      return now !== undefined && this.areThere(now, files);
    this.#onNotice(
      this.#quarantined(record.key, `object ${record.key} (${record.kind}): ${missing} is missing or cut off`).message,
    );
    return false;
  }

  /** Keys of all objects, also of damaged ones, in their order. */
  *keys(): Iterable<string> {
    for (const shard of names(this.#layout.objects))
      for (const key of names(join(this.#layout.objects, shard))) if (/^[0-9a-f]{64}$/.test(key)) yield key;
  }

  /** Everything that is wrong with an object, every byte of it read; nothing is moved. Empty for a sound one, and for none. */
  inspect(key: string): readonly string[] {
    const record = this.#readRecord(key);
    if (record === undefined) return [];
    if (typeof record === "string") return [`${RECORD_FILE} is damaged: ${record}`];
    return Object.entries(record.files).flatMap(([file, { path = file, sizeBytes, sha256: expected }]) => {
      const bytes = ofSize(join(this.#layout.object(key), path), sizeBytes);
      if (bytes === undefined) return [`${file} is missing`];
      if (typeof bytes === "number") return [`${file} has ${bytes} bytes instead of ${sizeBytes}`];
      return sha256(bytes) === expected ? [] : [`${file} is damaged: its SHA-256 is not the record's`];
    });
  }

  /** Moves an object out of the way. @returns what was done, or why it could not be */
  quarantine(key: string): string {
    return this.#quarantined(key, `object ${key}`).message;
  }

  /** All records, in the order of their keys; nothing is verified but the records themselves. */
  *list(): Iterable<ObjectRecord> {
    for (const shard of names(this.#layout.objects)) {
      for (const key of names(join(this.#layout.objects, shard))) {
        if (!/^[0-9a-f]{64}$/.test(key)) continue;
        const record = this.record(key);
        if (record !== undefined) yield record;
      }
    }
  }

  /**
   * The bytes of a file of an object, checked against its record.
   * @throws CorruptObjectError when the object or the file is missing or damaged
   */
  read(key: string, file: string): Buffer {
    let result = this.#check(key, file);
    // A log is replaced together with the record, so what does not fit the old record may well fit the new one.
    if (typeof result === "string") result = this.#check(key, file);
    if (typeof result === "string") throw this.#quarantined(key, result);
    return result;
  }

  #check(key: string, file: string): Buffer | string {
    const record = this.record(key);
    if (record === undefined) throw new CorruptObjectError(key, `object ${key} is not in the store`, RUN_AGAIN);
    const where = `object ${key} (${record.kind})`;
    const entry = record.files[file];
    if (entry === undefined)
      throw new CorruptObjectError(
        key,
        `${where}: ${file} is not among its files ${Object.keys(record.files).join(", ")}`,
        RUN_AGAIN,
      );
    const bytes = ofSize(join(this.#layout.object(key), entry.path ?? file), entry.sizeBytes);
    if (bytes === undefined) return `${where}: ${file} is missing`;
    if (typeof bytes === "number")
      return `${where}: ${file} is damaged: expected ${entry.sizeBytes} bytes, found ${bytes}`;
    const found = sha256(bytes);
    return found === entry.sha256
      ? bytes
      : `${where}: ${file} is damaged: expected SHA-256 ${entry.sha256}, found ${found}`;
  }

  /** The record, what is wrong with it, or undefined when there is no such object. */
  #readRecord(key: string): ObjectRecord | string | undefined {
    const text = readIfThere(this.#layout.record(key), "utf8");
    if (text === undefined) return existsSync(this.#layout.object(key)) ? "it is missing" : undefined;
    const record = decodeRecord(text, key);
    const format = typeof record === "string" ? formatOfOther(text) : undefined;
    if (format === undefined) return record;
    throw otherFormat(this.#layout.root, String(format), relative(this.#layout.root, this.#layout.record(key)));
  }

  /** Moves a damaged object out of the way and returns the error that says so. */
  #quarantined(key: string, message: string): CorruptObjectError {
    try {
      makeFolder(join(this.#layout.quarantine(key, 1), ".."));
    } catch (cause) {
      const folder = join(this.#layout.quarantine(key, 1), "..");
      const hint = `no folder ${folder} can be made (${codeOf(cause)}): move what is in its place, then run again`;
      return new CorruptObjectError(key, message, hint, { cause });
    }
    for (let n = 1; ; n++) {
      const target = this.#layout.quarantine(key, n);
      try {
        renameSync(this.#layout.object(key), target);
        return new CorruptObjectError(key, `${message}; the object was moved to ${target}`, RUN_AGAIN);
      } catch (cause) {
        const code = codeOf(cause);
        if (code === "ENOTEMPTY" || code === "EEXIST") continue;
        // Another process has just moved it.
        if (code === "ENOENT") return new CorruptObjectError(key, message, RUN_AGAIN);
        const hint = `it cannot be moved to ${target} (${code}): move or delete it by hand, then run again`;
        return new CorruptObjectError(key, message, hint, { cause });
      }
    }
  }
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return [];
    throw readFailure(folder, error);
  }
}

/** The bytes of a file that must have so many, its size when it has others (they are not read), undefined when there is none. */
function ofSize(path: string, sizeBytes: number): Buffer | number | undefined {
  const size = sizeIfThere(path);
  if (size > sizeBytes) return size;
  const bytes = readIfThere(path);
  return bytes === undefined || bytes.length === sizeBytes ? bytes : bytes.length;
}

/** 0 where there is none. */
function sizeIfThere(path: string): number {
  try {
    return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  } catch (error) {
    throw readFailure(path, error);
  }
}

/** Of the store's small texts: marks, records, failures. A record lists a handful of files. */
const MAX_TEXT_BYTES = 1_000_000;

/**
 * The bytes, or the text, of a file; undefined when there is none. A text of more than a megabyte is none of ours, and as good as an empty one.
 * @throws RunError when it cannot be read
 */
export function readIfThere(path: string): Buffer | undefined;
export function readIfThere(path: string, encoding: "utf8"): string | undefined;
export function readIfThere(path: string, encoding?: "utf8"): Buffer | string | undefined {
  try {
    return encoding === undefined ? readFileSync(path) : (readBounded(path, MAX_TEXT_BYTES)?.toString(encoding) ?? "");
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EISDIR"].includes(codeOf(error))) return undefined;
    throw readFailure(path, error);
  }
}

/** A failing disk or a missing permission says nothing about the object, so it stays where it is. */
function readFailure(path: string, cause: unknown): RunError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new RunError(`cannot read ${path}: ${reason}`, "check the disk and the permissions (ls -l), then run again", {
    cause,
  });
}
