import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { makeFolder, removeQuietly, replaceFile, writeFailure } from "../core/atomic-write.ts";
import { canonicalJson, sha256 } from "../core/canonical-json.ts";
import { decodeCheckpoint, encodeCheckpoint } from "./checkpoint.ts";
import { checkFileName, type Layout, STAGE_FILE } from "./layout.ts";
import { LeaseLostError } from "./lease-lost.ts";
import type { LeaseFile } from "./leases.ts";
import { type Objects, readIfThere } from "./objects.ts";
import { ProgressLog } from "./progress-log.ts";
import { extend, publish, quietly, removeOthers } from "./publish.ts";
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
  /** How far the stage is, for whoever looks on. */
  readonly progress: ProgressLog;
  #files: Record<string, FileEntry> = {};

  /** @throws LeaseLostError when it is lost already; RunError when the disk is full or not writable */
  constructor(context: LeaseContext) {
    this.#context = context;
    this.#folder = context.layout.workFiles(context.key, context.file.token);
    this.progress = new ProgressLog(context.layout.progress(context.key), () => !this.lost);
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
    this.#unlessLost(() => replaceFile(join(this.#folder, file), bytes));
    this.#files[file] = { sha256: sha256(bytes), sizeBytes: Buffer.byteLength(bytes) };
  }

  /** Replaces the checkpoint: the state to go on from, by name, together with the files written so far. */
  checkpoint(parts: Readonly<Record<string, Uint8Array>>): void {
    this.#assertHeld(!this.lost);
    const bytes = encodeCheckpoint(this.key, { parts, files: this.#files });
    const check = () => this.#assertHeld(!this.lost);
    this.#unlessLost(() => replaceFile(this.#context.layout.checkpoint(this.key), bytes, check));
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
    this.#unlessLost(() => {
      try {
        removeOthers(this.#folder, Object.keys(this.#files));
      } catch (cause) {
        throw writeFailure(this.#folder, cause);
      }
    });
    const record: ObjectRecord = { format: 1, key, kind, status, summary, files: this.#files, provenance };
    const old = objects.record(key);
    const isMine = () => file.renew();
    const stored = this.#unlessLost(() => {
      if (old !== undefined) return extend(layout, this.#folder, old, record, isMine);
      publish(layout, this.#folder, record, isMine);
      return record;
    });
    quietly(() => this.#tidy());
    return stored;
  }

  /** After the result is safe: only what is this holder's, and the checkpoint only while the lease is. */
  #tidy(): void {
    const { key, layout } = this.#context;
    rmSync(this.#folder, { recursive: true, force: true });
    if (this.lost) return;
    rmSync(layout.checkpoint(key), { force: true });
    rmSync(layout.progress(key), { force: true });
    // Temporary files of a process that was killed while it wrote a checkpoint.
    for (const name of readdirSync(layout.work(key))) {
      if (name.startsWith(".")) rmSync(join(layout.work(key), name), { force: true });
    }
    rmdirSync(layout.work(key));
  }

  /** What fails because the successor has moved the folder is the loss of the lease, and no fault of the disk. */
  #unlessLost<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      if (this.lost) throw new LeaseLostError(this.key);
      throw error;
    }
  }

  /** Gives the stage back. What was not committed stays as the last checkpoint has it. */
  release(): void {
    const { layout } = this.#context;
    // Without a checkpoint nothing goes on from what it tells.
    if (!this.lost && !existsSync(layout.checkpoint(this.key))) removeQuietly(layout.progress(this.key));
    if (!this.lost) removeIfEmpty(this.#folder, layout.work(this.key));
    this.#context.file.release();
  }

  #assertHeld(isHeld: boolean): void {
    if (!isHeld) throw new LeaseLostError(this.key);
  }

  /** Takes over the files of an attempt that ended early; which of them count, the checkpoint says. */
  #inheritFiles(): void {
    const work = this.#context.layout.work(this.key);
    try {
      makeFolder(work);
      const [left, ...others] = readdirSync(work).filter((name) => name.startsWith("files-"));
      // Listed first, asked then: if the lease is held now, all that was listed is of attempts that are over, and whoever takes over later
      // moves it away under another name.
      this.#assertHeld(this.#context.file.renew());
      for (const name of others) rmSync(join(work, name), { recursive: true, force: true });
      if (left === undefined) mkdirSync(this.#folder);
      else renameSync(join(work, left), this.#folder);
    } catch (cause) {
      const isLost = this.lost;
      this.release();
      throw isLost ? new LeaseLostError(this.key) : writeFailure(work, cause);
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
