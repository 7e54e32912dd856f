import { mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeFailure, writeFileAtomic } from "../core/atomic-write.ts";
import { canonicalJson, sha256 } from "../core/canonical-json.ts";
import { RunError } from "../core/errors.ts";
import { decodeCheckpoint, encodeCheckpoint } from "./checkpoint.ts";
import { checkFileName, type Layout, STAGE_FILE } from "./layout.ts";
import type { LeaseFile } from "./leases.ts";
import type { Objects } from "./objects.ts";
import { extend, publish, removeOthers } from "./publish.ts";
import type { FileEntry, ObjectRecord, Result } from "./types.ts";

export interface LeaseContext {
  readonly key: string;
  readonly layout: Layout;
  readonly objects: Objects;
  readonly file: LeaseFile;
  readonly onNotice: (message: string) => void;
}

/** The right to compute one object, and the only way to write it. Nothing that it writes is visible before `commit`. */
export class Lease {
  readonly #context: LeaseContext;
  /** Where this lease's files are gathered; its name is not the next holder's, so a holder that lost cannot interfere. */
  readonly #folder: string;
  #files: Record<string, FileEntry> = {};

  constructor(context: LeaseContext) {
    this.#context = context;
    this.#folder = context.layout.workFiles(context.key, context.file.token);
    this.#inheritFiles();
  }

  get key(): string {
    return this.#context.key;
  }

  /** Whether another process took the stage over, because this one was silent for too long. */
  get lost(): boolean {
    return !this.#context.file.isHeld();
  }

  /** Names of the files that a commit would store now: those written, and those that came with the checkpoint. */
  get files(): readonly string[] {
    return Object.keys(this.#files);
  }

  /** Tells other hosts that this process lives. A timer does it too, but not while a computation blocks the event loop. */
  beat(): void {
    this.#context.file.beat();
  }

  /**
   * Writes one file of the object, for good once it is committed or covered by a checkpoint.
   * @throws RunError when the disk is full or not writable, or the lease is lost
   */
  write(file: string, bytes: Uint8Array | string): void {
    checkFileName(file);
    this.#assertHeld(!this.lost);
    writeFileAtomic(join(this.#folder, file), bytes);
    this.#files[file] = { sha256: sha256(bytes), sizeBytes: Buffer.byteLength(bytes) };
  }

  /** Replaces the checkpoint: the state to go on from, by name, together with the files written so far. */
  checkpoint(parts: Readonly<Record<string, Uint8Array>>): void {
    this.#assertHeld(!this.lost);
    const bytes = encodeCheckpoint(this.key, { parts, files: this.#files });
    writeFileAtomic(this.#context.layout.checkpoint(this.key), bytes);
  }

  /**
   * The state of the last checkpoint, and with it the files written by then; undefined when there is none. A damaged one,
   * or one whose files are damaged, is dropped with a notice: the stage starts over.
   */
  readCheckpoint(): Record<string, Uint8Array> | undefined {
    const path = this.#context.layout.checkpoint(this.key);
    const bytes = readIfThere(path);
    if (bytes === undefined) return undefined;
    const checkpoint = decodeCheckpoint(bytes, this.key);
    if (checkpoint !== undefined && this.#hasIntact(checkpoint.files)) {
      this.#files = { ...checkpoint.files };
      return { ...checkpoint.parts };
    }
    const what = checkpoint === undefined ? "the checkpoint is" : "a file of the checkpoint is missing or";
    this.#context.onNotice(`stage ${this.key}: ${what} damaged and was dropped; the stage starts over`);
    rmSync(path, { force: true });
    return undefined;
  }

  /** Forgets the last checkpoint and what was written so far: the stage starts over. */
  dropCheckpoint(): void {
    this.#assertHeld(!this.lost);
    rmSync(this.#context.layout.checkpoint(this.key), { force: true });
    this.#files = {};
  }

  /**
   * Makes the object visible, whole, or adds this lease's files to the object that exists; then forgets the checkpoint.
   * @throws RunError when the lease is lost or the disk is full; the store is then as it was before
   */
  commit({ stage, kind, status, summary, provenance }: Result): ObjectRecord {
    const { key, layout, objects, file } = this.#context;
    this.#assertHeld(file.renew());
    this.write(STAGE_FILE, `${canonicalJson(stage)}\n`);
    removeOthers(this.#folder, Object.keys(this.#files));
    const record: ObjectRecord = { format: 1, key, kind, status, summary, files: this.#files, provenance };
    const old = objects.record(key);
    const stored = old === undefined ? record : extend(layout, this.#folder, old, record);
    if (old === undefined) publish(layout, this.#folder, record);
    rmSync(layout.work(key), { recursive: true, force: true });
    return stored;
  }

  /** Gives the stage back. What was not committed stays as the last checkpoint has it. */
  release(): void {
    if (!this.lost) removeIfEmpty(this.#folder, this.#context.layout.work(this.key));
    this.#context.file.release();
  }

  #assertHeld(isHeld: boolean): void {
    if (!isHeld)
      throw new RunError(
        `stage ${this.key}: another process took it over, because this one had shown no life for 30 s`,
        "nothing is lost: the other process goes on from the last checkpoint",
      );
  }

  /** Takes over the files of an attempt that ended early; which of them count, the checkpoint says. */
  #inheritFiles(): void {
    const work = this.#context.layout.work(this.key);
    try {
      mkdirSync(work, { recursive: true });
      const [left, ...others] = readdirSync(work).filter((name) => name.startsWith("files-"));
      for (const name of others) rmSync(join(work, name), { recursive: true, force: true });
      if (left === undefined) mkdirSync(this.#folder);
      else renameSync(join(work, left), this.#folder);
    } catch (cause) {
      this.release();
      throw writeFailure(work, cause);
    }
  }

  #hasIntact(files: Readonly<Record<string, FileEntry>>): boolean {
    return Object.entries(files).every(([file, entry]) => {
      const bytes = readIfThere(join(this.#folder, file));
      return bytes !== undefined && sha256(bytes) === entry.sha256;
    });
  }
}

/** Removes folders, inner first, that hold nothing: a lease that wrote nothing leaves nothing. */
function removeIfEmpty(...folders: readonly string[]): void {
  for (const folder of folders) {
    try {
      rmdirSync(folder);
    } catch {
      return; // Not empty, or gone with the commit.
    }
  }
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
