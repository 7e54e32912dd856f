// A process that reads mutants in batches: a crash, a hang or a flood of memory is its own, and the soak sees it.

import { mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Reader } from "./reader.ts";
import { type Outcomes, readers, tryMutants } from "./try.ts";

export interface Batch {
  readonly reader: string;
  readonly seed: number;
  readonly from: number;
  readonly to: number;
}

export interface BatchReply extends Outcomes {
  /** The most memory that the process has had, in MB. */
  readonly peakMb: number;
}

const [, , folder = ""] = process.argv;
// The number of the mutant that is being read, for whoever wonders why nothing comes back.
const progress = openSync(join(folder, "progress"), "w");
const number = Buffer.alloc(4);
const prepared = new Map<string, ReturnType<Reader["prepare"]>>();

function nextOf(reader: Reader): ReturnType<Reader["prepare"]> {
  const known = prepared.get(reader.name);
  if (known !== undefined) return known;
  const own = join(folder, String(readers.indexOf(reader)));
  mkdirSync(own, { recursive: true });
  const next = reader.prepare(own);
  prepared.set(reader.name, next);
  return next;
}

process.on("message", ({ reader: name, seed, from, to }: Batch) => {
  const reader = readers.find((one) => one.name === name);
  if (reader === undefined) throw new Error(`no reader ${name}`);
  const outcomes = tryMutants(reader, nextOf(reader), seed, [from, to], (n) => {
    number.writeUInt32LE(n);
    writeSync(progress, number, 0, 4, 0);
  });
  const reply: BatchReply = { ...outcomes, peakMb: process.resourceUsage().maxRSS / 1024 };
  process.send?.(reply);
});
