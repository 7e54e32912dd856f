// Time to find out what a large store holds: reading all its records, and what `plan` and `status` do with them.
// Writes the objects into a temporary folder first (a minute for 100,000) and deletes them at the end; so they are read from the page cache.
// usage: npm run bench:store -- [--objects N] [--rounds N]
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { planStatus } from "../src/cli/plan-status.ts";
import { summariseFor } from "../src/cli/plan-summary.ts";
import { canonicalJson, sha256 } from "../src/core/canonical-json.ts";
import { stageIdentity } from "../src/plan/stage-table.ts";
import type { Stage } from "../src/plan/types.ts";
import { Layout, outputFile, RECORD_FILE, STAGE_FILE, STORE_FORMAT } from "../src/store/layout.ts";
import { encodeRecord } from "../src/store/record.ts";
import { Store } from "../src/store/store.ts";
import { planOf } from "./big-plan.ts";
import { machine, secondsText, stopwatch } from "./machine.ts";

const { values } = parseArgs({
  options: { objects: { type: "string", default: "100000" }, rounds: { type: "string", default: "3" } },
});
console.log(machine());
const root = mkdtempSync(join(tmpdir(), "sweepstake-bench-"));
try {
  const plan = planOf(Number(values.objects));
  const layout = new Layout(root);
  const start = performance.now();
  writeFileSync(layout.format, canonicalJson({ format: STORE_FORMAT }));
  for (const stage of plan.stages.values()) writeObject(layout, stage);
  console.log(`${plan.stages.size} objects written in ${((performance.now() - start) / 1000).toFixed(0)} s`);
  measure("all records (Store.list)", () => [...Store.open(root).list()].length, plan.stages.size);
  measure("what `status` reads", () => doneOf(planStatus(plan, Store.open(root)).stages), plan.stages.size);
  measure("what `plan` reads", () => summariseFor(plan, Store.open(root), 2).stagesToDo, 0);
  console.log("goal: 2 s for 100,000");
} finally {
  rmSync(root, { recursive: true, force: true });
}

/** An object as a finished stage leaves it, but for the results themselves, which nothing here reads; unsynced, which is faster. */
function writeObject(layout: Layout, stage: Stage): void {
  const identity = canonicalJson(stageIdentity(stage));
  const file = (name: string) => [name, { sha256: sha256(name), sizeBytes: 1_000_000 }] as const;
  const record = encodeRecord({
    format: STORE_FORMAT,
    key: stage.key,
    kind: stage.kind,
    status: "done",
    summary: {},
    files: Object.fromEntries([...stage.outputs.map(outputFile), STAGE_FILE].map(file)),
    provenance: {
      sweepstake: "0.1.0",
      node: process.version,
      libtorch: "1.13.1",
      device: "cpu",
      threads: 1,
      precision: "float32",
      hardware: "a processor with a name of usual length",
      startedAt: "2026-01-01T00:00:00.000Z",
      finishedAt: "2026-01-01T01:00:00.000Z",
      durationMs: 3_600_000,
      resumes: 0,
      data: sha256("data"),
    },
  });
  const folder = layout.object(stage.key);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, STAGE_FILE), identity);
  writeFileSync(join(folder, RECORD_FILE), record);
}

function doneOf(stages: ReturnType<typeof planStatus>["stages"]): number {
  return Object.values(stages).reduce((sum, { done }) => sum + done, 0);
}

/** Prints the times of `read`, after checking that it found what is there. */
function measure(title: string, read: () => number, expected: number): void {
  const times = Array.from({ length: Number(values.rounds) }, () => {
    const watch = stopwatch();
    const found = read();
    if (found !== expected) throw new Error(`${title}: expected ${expected}, got ${found}`);
    return watch();
  });
  console.log(`${title.padEnd(26)} ${secondsText(times)}`);
}
