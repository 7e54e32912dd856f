import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Tally } from "../tally.ts";
import { MOST_MEMORY_MB, readers } from "./try.ts";
import type { Batch, BatchReply } from "./worker.ts";

const BATCH = 1_000;
/** A mutant takes well below a millisecond, a spec's some five. */
const BATCH_LIMIT_MS = 120_000;
/** Of this many rounds over all readers, the spec's takes part in one: planning takes longer than reading. */
const SPEC_EVERY = 10;

/** Mutants of all readers in turn, until there are `most` or the time is over. */
export async function runMutants(
  folder: string,
  seed: number,
  most: number,
  until: number,
  tally: Tally,
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  let child = start(folder);
  for (let round = 0; tally.tries < most && performance.now() < until; round++) {
    for (const { name } of readers) {
      if (name === "spec, plan" && round % SPEC_EVERY !== 0) continue;
      if (tally.tries >= most || performance.now() >= until) break;
      const batch = { reader: name, seed, from: round * BATCH, to: (round + 1) * BATCH };
      const reply = await replyOf(child, batch);
      if (typeof reply === "string") {
        const at = readFileSync(join(folder, "progress")).readUInt32LE(0);
        tally.countTry("crashed or hung", `${name}, mutant ${at}`, [reply]);
        child.kill("SIGKILL");
        child = start(folder);
        continue;
      }
      tally.count("refused by a named error", reply.refused);
      tally.count("values", reply.values);
      tally.violations.push(...reply.violations);
      if (reply.peakMb > MOST_MEMORY_MB) {
        tally.violations.push(`${name}, mutants ${batch.from} to ${batch.to}: ${Math.round(reply.peakMb)} MB`);
        child.kill("SIGKILL");
        child = start(folder);
      }
    }
  }
  child.kill("SIGKILL");
}

function start(folder: string): ChildProcess {
  return fork(new URL("./worker.js", import.meta.url), [folder]);
}

/** The outcomes of a batch, or how the process ended. */
async function replyOf(child: ChildProcess, batch: Batch): Promise<BatchReply | string> {
  const over = new AbortController();
  const options = { signal: over.signal };
  const reply = once(child, "message", options).then(([value]) => value as BatchReply);
  const death = once(child, "close", options).then(([code, signal]) => `the process died (${String(signal ?? code)})`);
  const late = sleep(BATCH_LIMIT_MS, `no end within ${BATCH_LIMIT_MS / 1000} s`, options);
  for (const one of [reply, death, late]) one.catch(() => undefined);
  child.send(batch);
  try {
    return await Promise.race([reply, death, late]);
  } finally {
    over.abort();
  }
}
