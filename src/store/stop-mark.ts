import { readdirSync, rmSync } from "node:fs";
import { writeFileAtomic } from "../core/atomic-write.ts";
import { canonicalJson } from "../core/canonical-json.ts";
import { readBounded } from "../core/read-bounded.ts";
import type { Layout } from "./layout.ts";

/** A mark holds a host and a time; a larger file is somebody else's. */
const MAX_MARK_BYTES = 10_000;

/** Who asked for the stop, and when. */
export interface StopMark {
  /** For people: `sweepstake cancel on node07`. */
  readonly by: string;
  /** ISO 8601, by the clock of who asked. */
  readonly at: string;
}

/**
 * Requests to stop: a file each, named by what it stops, which is one stage (its key) or a whole experiment (`experimentId`). Executors list
 * the folder every few seconds, checkpoint what runs of it, and start nothing more of it until the mark is taken away. Safe for many
 * processes on one file system, also a network one: setting and clearing are single renames and unlinks.
 */
export class StopMarks {
  readonly #layout: Layout;
  readonly #create: () => void;

  /** @param create makes the store when there is none yet */
  constructor(layout: Layout, create: () => void) {
    this.#layout = layout;
    this.#create = create;
  }

  /** @param target key of a stage or id of an experiment @throws RunError when the store cannot be written */
  set(target: string, by: string): void {
    this.#create();
    writeFileAtomic(this.#layout.stop(target), `${canonicalJson({ by, at: new Date().toISOString() })}\n`);
  }

  /** Takes a mark away; there need not be one. */
  clear(target: string): void {
    rmSync(this.#layout.stop(target), { force: true });
  }

  /** Everything that is marked now: keys of stages and ids of experiments. One listing of a folder, however many are asked about. */
  targets(): ReadonlySet<string> {
    try {
      return new Set(readdirSync(this.#layout.stops).filter((name) => /^[0-9a-f]{64}$/.test(name)));
    } catch {
      return new Set(); // none yet, or the file system is away for a moment: the next look will tell
    }
  }

  /** Who asked; undefined when there is no mark, or none that can be read. */
  read(target: string): StopMark | undefined {
    try {
      const bytes = readBounded(this.#layout.stop(target), MAX_MARK_BYTES);
      const mark: unknown = JSON.parse(bytes?.toString("utf8") ?? "");
      return isMark(mark) ? mark : undefined;
    } catch {
      return undefined;
    }
  }
}

function isMark(value: unknown): value is StopMark {
  if (typeof value !== "object" || value === null || !("by" in value) || !("at" in value)) return false;
  return typeof value.by === "string" && typeof value.at === "string";
}
