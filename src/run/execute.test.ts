import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { makePlan } from "../plan/plan.ts";
import type { Stage } from "../plan/types.ts";
import { parseSpec } from "../spec/parse.ts";
import { Store } from "../store/store.ts";
import { execute } from "./execute.ts";
import { type RunEvent, type RunSummary, type Slot, StageFailure, type StageStatus } from "./types.ts";

const plan = makePlan(
  parseSpec(
    "{ name: execute, data: cifar10, model: lenet5, train: { epochs: 2, optimizer: { sgd: { lr: 0.1 } } }, seeds: 3 }",
    "execute.yaml",
  ),
  () => "c0".repeat(32),
);
const inits = [...plan.stages.values()].filter(({ kind }) => kind === "init").map(({ key }) => key);

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Runs the plan with one slot that computes nothing: `answer` says what becomes of an attempt at a stage. */
async function run(
  answer: (stage: Stage, attempt: number) => StageStatus,
  signal?: AbortSignal,
): Promise<{ readonly summary: RunSummary; readonly tried: readonly string[]; readonly events: readonly RunEvent[] }> {
  const folder = mkdtempSync(join(tmpdir(), "sweepstake-execute-"));
  folders.push(folder);
  const tried: string[] = [];
  const events: RunEvent[] = [];
  const slot: Slot = {
    run(stage) {
      tried.push(stage.key);
      const attempt = tried.filter((key) => key === stage.key).length;
      return new Promise((done) => done(answer(stage, attempt)));
    },
    interrupt: () => undefined,
    close: () => Promise.resolve(),
  };
  const summary = await execute({
    plan,
    store: Store.open(join(folder, "store")),
    slots: [slot],
    onEvent: (event) => events.push(event),
    ...(signal === undefined ? {} : { signal }),
  });
  return { summary, tried, events };
}

describe("a run", () => {
  it("does what else is ready before it asks again for a stage that another run holds", async () => {
    const [first = ""] = inits;
    const { summary, tried } = await run(({ key }, attempt) => (key === first && attempt === 1 ? "busy" : "done"));
    expect(summary).toMatchObject({ done: plan.stages.size, failed: new Map() });
    const again = tried.lastIndexOf(first);
    expect(tried.indexOf(first)).toBeLessThan(again);
    // All but what needs this stage: the training of its seed and the R_p of that.
    expect(tried.slice(0, again)).toHaveLength(plan.stages.size - 2);
  });

  it("waits for another run when nothing else is left, and ends when it is stopped meanwhile", async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 300);
    const { summary, tried } = await run(({ kind }) => (kind === "init" ? "busy" : "done"), stop.signal);
    expect(summary).toMatchObject({ done: 0, interrupted: true });
    expect(tried).toHaveLength(inits.length);
  });

  it("tries again after a worker's death, three times in all, and skips what needs the stage", async () => {
    const [first = ""] = inits;
    const { summary, tried, events } = await run(({ key }) => {
      if (key === first) throw new StageFailure("lost", "a worker process died");
      return "done";
    });
    expect(tried.filter((key) => key === first)).toHaveLength(3);
    expect(summary.failed).toEqual(new Map([[first, "a worker process died (after 3 attempts)"]]));
    expect(summary.skipped).toHaveLength(2);
    expect(summary.done).toBe(plan.stages.size - 3);
    expect(events.filter(({ type }) => type === "skip")).toHaveLength(2);
  });

  it("gives up a stage at once for an error of its own", async () => {
    const { summary, tried } = await run(({ kind }) => {
      if (kind === "train") throw new StageFailure("error", "no such file");
      return "done";
    });
    expect(tried).toHaveLength(2 * inits.length);
    expect([...summary.failed.values()]).toEqual(inits.map(() => "no such file"));
  });

  it("computes a damaged input anew before what found it", async () => {
    const [first = ""] = inits;
    const { summary, tried } = await run(({ kind }, attempt) => {
      if (kind === "train" && attempt === 1) throw new StageFailure("corrupt", "damaged", first);
      return "done";
    });
    expect(summary.failed.size).toBe(0);
    expect(tried.filter((key) => key === first).length).toBeGreaterThan(1);
  });

  it("ends with one message for a cause that nothing gets past", async () => {
    await expect(
      run(() => {
        throw new StageFailure("fatal", "the disk is full");
      }),
    ).rejects.toThrow("the disk is full");
  });
});
