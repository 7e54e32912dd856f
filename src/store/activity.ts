import { closeSync, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import type { Layout } from "./layout.ts";
import type { ProgressLine } from "./progress-log.ts";

/** A training of a year has some megabytes; of a larger file the end is read. */
const MAX_PROGRESS_BYTES = 16_000_000;

/** What goes on in a store, by a few listings of folders, so that looking often costs little. */
export interface Listing {
  /** Keys that somebody holds a lease of. */
  readonly leased: ReadonlySet<string>;
  /** Keys of stages that were given up. */
  readonly failed: ReadonlySet<string>;
  /** Keys of stages that were begun. */
  readonly begun: ReadonlySet<string>;
}

/** For whoever looks on; nothing here changes the store. */
export class Activity {
  readonly #layout: Layout;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  list(): Listing {
    const { leases, failures, works } = this.#layout;
    return {
      leased: keysIn(leases),
      failed: new Set(namesIn(failures).flatMap((name) => /^([0-9a-f]{64})\.json$/.exec(name)?.[1] ?? [])),
      begun: keysIn(works),
    };
  }

  /** Which of these keys have an object now; one listing per shard. */
  stored(keys: Iterable<string>): ReadonlySet<string> {
    const shards = new Map<string, Set<string>>();
    const found = new Set<string>();
    for (const key of keys) {
      const shard = this.#layout.shard(key);
      let names = shards.get(shard);
      if (names === undefined) {
        names = new Set(namesIn(shard));
        shards.set(shard, names);
      }
      if (names.has(key)) found.add(key);
    }
    return found;
  }

  /** A reader of what a stage's training tells of itself. */
  follow(key: string): ProgressReader {
    return new ProgressReader(this.#layout.progress(key));
  }
}

/** Reads a growing file of progress, each time what is new of it. */
export class ProgressReader {
  readonly #path: string;
  #inode: number | undefined;
  /** Bytes that were read, up to the end of a line. */
  #offset = 0;
  #lines: ProgressLine[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  /** All lines so far; those of the last attempt when it was begun anew, none when there is no file. Lines that are none are left out. */
  read(): readonly ProgressLine[] {
    let file: number;
    try {
      file = openSync(this.#path, "r");
    } catch {
      return this.#restart(undefined);
    }
    try {
      const { ino, size } = fstatSync(file);
      if (ino !== this.#inode || size < this.#offset) this.#restart(ino);
      const start = Math.max(this.#offset, size - MAX_PROGRESS_BYTES);
      const buffer = Buffer.alloc(size - start);
      const read = readSync(file, buffer, 0, buffer.length, start);
      const end = buffer.subarray(0, read).lastIndexOf(0x0a) + 1;
      this.#offset = start + end;
      this.#lines.push(...buffer.subarray(0, end).toString("utf8").split("\n").flatMap(lineOf));
    } catch {
      // The file system is away for a moment: the next look tells.
    } finally {
      closeSync(file);
    }
    return this.#lines;
  }

  #restart(inode: number | undefined): readonly ProgressLine[] {
    this.#inode = inode;
    this.#offset = 0;
    this.#lines = [];
    return this.#lines;
  }
}

const numbers: Readonly<Record<ProgressLine["type"], readonly string[]>> = {
  start: ["epochs", "from", "pid"],
  epoch: ["epoch", "lr", "trainLoss", "trainAccuracy", "testLoss", "testAccuracy"],
  step: ["epoch", "step", "steps", "imagesPerSecond"],
};

function lineOf(text: string): readonly ProgressLine[] {
  try {
    const line = JSON.parse(text) as Partial<Record<string, unknown>> | null;
    const fields = Object.entries(numbers).find(([type]) => type === line?.type)?.[1];
    if (line === null || fields === undefined || Number.isNaN(Date.parse(String(line.at)))) return [];
    return fields.every((name) => typeof line[name] === "number") ? [line as unknown as ProgressLine] : [];
  } catch {
    return [];
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // not there yet, or a file system that is away for a moment
  }
}

function keysIn(folder: string): ReadonlySet<string> {
  return new Set(namesIn(folder).filter((name) => /^[0-9a-f]{64}$/.test(name)));
}
