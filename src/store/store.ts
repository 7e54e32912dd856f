import { existsSync, readdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import type { StateDict } from "../core/array.ts";
import { writeFileAtomic } from "../core/atomic-write.ts";
import { canonicalJson, type Json } from "../core/canonical-json.ts";
import { InputError } from "../core/errors.ts";
import { decodeSafetensors } from "../core/safetensors.ts";
import { Activity } from "./activity.ts";
import { Experiments } from "./experiments.ts";
import { otherFormat } from "./format.ts";
import { Layout, outputFile, STORE_FORMAT } from "./layout.ts";
import { Lease } from "./lease.ts";
import { LeaseLostError } from "./lease-lost.ts";
import { Leases, type StageHolder } from "./leases.ts";
import { Objects, readIfThere } from "./objects.ts";
import { quietly } from "./publish.ts";
import { emptyQuarantine, removeStage } from "./remove.ts";
import { StopMarks } from "./stop-mark.ts";
import type { Failure, ObjectRecord } from "./types.ts";

export { Lease } from "./lease.ts";
export { CorruptObjectError } from "./objects.ts";

/**
 * The results of all stages, by key, in one folder. Only what a record vouches for is ever returned; whatever is damaged
 * is moved aside and counts as not computed. Safe for many processes, also on different hosts on one file system.
 */
export class Store {
  /** Requests to stop stages and experiments. */
  readonly stops: StopMarks;
  /** What goes on, for whoever looks on. */
  readonly activity: Activity;
  /** The specs that were run. */
  readonly experiments: Experiments;
  readonly #layout: Layout;
  readonly #objects: Objects;
  readonly #leases: Leases;
  readonly #onNotice: (message: string) => void;

  private constructor(root: string, onNotice: (message: string) => void) {
    this.#layout = new Layout(root);
    this.#objects = new Objects(this.#layout, onNotice);
    this.#leases = new Leases(this.#layout);
    this.activity = new Activity(this.#layout);
    this.stops = new StopMarks(this.#layout, () => this.#create());
    this.experiments = new Experiments(this.#layout, () => this.#create());
    this.#onNotice = onNotice;
  }

  /**
   * The store in a folder, which is created by the first write.
   * @param onNotice is told what was set aside (damaged records and checkpoints); a process warning by default
   * @throws InputError when the folder holds a store of another version, or something else
   */
  static open(root: string, onNotice: (message: string) => void = (message) => process.emitWarning(message)): Store {
    const store = new Store(root, onNotice);
    store.#checkFormat();
    return store;
  }

  /** The record of a finished stage, done or diverged. @throws InputError when another version wrote it */
  record(key: string): ObjectRecord | undefined {
    return this.#objects.record(key);
  }

  /** Whether the stage is done and all these outputs (`weights@150`, `mask`) were kept; a record that misses any of its files is not believed. */
  has(key: string, outputs: readonly string[] = []): boolean {
    const record = this.record(key);
    return (
      record !== undefined && isComplete(record, outputs) && this.#objects.areThere(record, Object.keys(record.files))
    );
  }

  /**
   * The bytes of a file of an object, verified.
   * @throws CorruptObjectError when the object is missing or damaged; a damaged one is in the quarantine then
   */
  read(key: string, file: string): Buffer {
    return this.#objects.read(key, file);
  }

  /** The weights or mask of an output such as `weights@150`; throws as `read` does. */
  readState(key: string, output: string): StateDict {
    const file = outputFile(output);
    return decodeSafetensors(this.read(key, file), `${this.#layout.object(key)}/${file}`).tensors;
  }

  /** The lines of metrics.jsonl, one per epoch; throws as `read` does. */
  readMetrics(key: string): Json[] {
    return this.readLines(key, "metrics");
  }

  /** The values of an output that is a JSON value per line, such as `residuals`; throws as `read` does. */
  readLines(key: string, output: string): Json[] {
    const lines = this.read(key, outputFile(output)).toString("utf8").split("\n");
    return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Json);
  }

  /** A JSON file such as overlap.json or stage.json; throws as `read` does. */
  readJson(key: string, file: string): Json {
    return JSON.parse(this.read(key, file).toString("utf8")) as Json;
  }

  /** Reads every file of an object against its record; throws as `read` does. */
  verify(key: string): void {
    for (const file of Object.keys(this.record(key)?.files ?? {})) this.read(key, file);
  }

  /** Keys of all objects, also of damaged ones. */
  keys(): Iterable<string> {
    return this.#objects.keys();
  }

  /** Everything that is wrong with an object, every byte of it read; nothing is moved. */
  inspect(key: string): readonly string[] {
    return this.#objects.inspect(key);
  }

  /** Moves a damaged object to the quarantine, unless somebody works on it. @returns what was done */
  quarantine(key: string): string {
    return this.#objects.quarantine(key);
  }

  /**
   * Removes a stage's object and what an unfinished attempt at it left, unless somebody works on it now. A run that reads it later finds it
   * gone and computes it anew.
   * @returns whether it is gone
   * @throws RunError when the disk does not allow it
   */
  remove(key: string): boolean {
    const lease = this.#leases.claim(key);
    if (lease === undefined) return false;
    try {
      removeStage(this.#layout, key);
      return true;
    } finally {
      lease.release();
    }
  }

  /** Removes the damaged objects that were moved out of the way. @returns how many */
  emptyQuarantine(): number {
    return emptyQuarantine(this.#layout);
  }

  /** The records of all objects, without reading their files. */
  list(): Iterable<ObjectRecord> {
    return this.#objects.list();
  }

  /** The right to compute a stage, or undefined while another process has it. */
  claim(key: string): Lease | undefined {
    this.#create();
    const file = this.#leases.claim(key);
    if (file === undefined) return undefined;
    try {
      return new Lease({ key, layout: this.#layout, objects: this.#objects, file, onNotice: this.#onNotice });
    } catch (error) {
      if (error instanceof LeaseLostError) return undefined;
      throw error;
    }
  }

  /** Whether a process, here or on another host, seems to compute the stage now. */
  isClaimed(key: string): boolean {
    return this.#leases.isClaimed(key);
  }

  /** Notes why a stage was given up, for `status`; the next run tries it again. */
  recordFailure(key: string, { message, attempts }: Failure): void {
    this.#create();
    writeFileAtomic(this.#layout.failure(key), `${canonicalJson({ message, attempts })}\n`);
  }

  failure(key: string): Failure | undefined {
    try {
      const value: unknown = JSON.parse(readIfThere(this.#layout.failure(key), "utf8") ?? "");
      return isFailure(value) ? value : undefined;
    } catch {
      return undefined; // none, or unreadable, which is as good as none
    }
  }

  clearFailure(key: string): void {
    quietly(() => rmSync(this.#layout.failure(key), { force: true }));
  }

  /** Who computes the stage now, as far as its lease says; undefined when nobody has it. */
  holder(key: string): StageHolder | undefined {
    return this.#leases.holder(key);
  }

  /** Notes that stages are computed from a data set with this content. */
  noteContent(set: string, content: string): void {
    this.#create();
    const path = join(this.#layout.contents(set), content);
    if (!existsSync(path)) writeFileAtomic(path, "");
  }

  /** The contents of a data set that stages were computed from, sorted: where its files are gone, they say what the results are of. */
  contents(set: string): readonly string[] {
    try {
      return readdirSync(this.#layout.contents(set))
        .filter((name) => /^[0-9a-f]{64}$/.test(name))
        .sort();
    } catch {
      return []; // none yet
    }
  }

  #create(): void {
    // A damaged mark is written anew, too.
    if (statedFormat(readIfThere(this.#layout.format, "utf8") ?? "") === STORE_FORMAT) return;
    writeFileAtomic(this.#layout.format, MARK);
  }

  /** A store that has lost its mark, or has a damaged one, is known by its first object, and refused when that is of another version. */
  #checkFormat(): void {
    const { format: path, root } = this.#layout;
    const mark = readIfThere(path, "utf8") ?? "";
    const found = statedFormat(mark);
    if (found === STORE_FORMAT) return;
    const isLost = found === undefined || differsInOneBit(Buffer.from(mark), Buffer.from(MARK));
    if (isLost && !this.#objects.list()[Symbol.iterator]().next().done) return;
    if (found !== undefined) throw otherFormat(root, String(found), basename(path));
    const files = existsSync(root) ? readdirSync(root).filter((name) => !name.startsWith(".")) : [];
    if (files.length === 0) return;
    throw new InputError({
      where: root,
      message: `expected a store or an empty folder, got a folder with ${files.length} other files and no format.json`,
      hint: "choose another folder with --out",
    });
  }
}

function isFailure(value: unknown): value is Failure {
  if (typeof value !== "object" || value === null || !("message" in value) || !("attempts" in value)) return false;
  return typeof value.message === "string" && typeof value.attempts === "number";
}

/** Whether the record is that of a stage that is done, with all these outputs kept. */
export function isComplete(record: ObjectRecord | undefined, outputs: readonly string[]): boolean {
  return record?.status === "done" && outputs.every((output) => Object.hasOwn(record.files, outputFile(output)));
}

/** Content of format.json. */
const MARK = `${canonicalJson({ format: STORE_FORMAT })}\n`;

/** A flipped bit makes a 1 a 0, 3, 5 or 9, but no other version: the mark of the next one differs in two. */
function differsInOneBit(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  const [changed, ...others] = [...a].map((byte, i) => byte ^ (b[i] ?? 0)).filter((bits) => bits !== 0);
  return changed !== undefined && others.length === 0 && Number.isInteger(Math.log2(changed));
}

/** 2 of `{"format":2}`; undefined for what is no whole mark: a damaged one is as good as a lost one. */
function statedFormat(text: string): number | undefined {
  try {
    const mark: unknown = JSON.parse(text);
    const format = typeof mark === "object" && mark !== null && "format" in mark ? mark.format : undefined;
    return typeof format === "number" ? format : undefined;
  } catch {
    return undefined;
  }
}
