import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Json } from "../core/canonical-json.ts";
import { experimentId } from "../plan/experiment-id.ts";
import { makePlan } from "../plan/plan.ts";
import type { Plan } from "../plan/types.ts";
import { parseSpec } from "../spec/parse.ts";
import type { Spec } from "../spec/types.ts";
import { Layout } from "../store/layout.ts";
import { Store } from "../store/store.ts";
import { execute } from "./execute.ts";
import { InlineSlot } from "./inline.ts";
import type { RunEvent, RunSummary } from "./types.ts";

const text = `
name: stops
data: { name: fashion-mnist, subset: 1500, testSubset: 64 }
model: { name: lenet5, width: 0.5 }
train: { epochs: 4, batchSize: 2, optimizer: { sgd: { lr: 0.05 } } }
seeds: 2
`;

let plan: Plan;
const folder = mkdtempSync(join(tmpdir(), "sweepstake-stops-"));
beforeAll(() => {
  plan = makePlan(parseSpec(text, "stops.yaml"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(store: Store, onEvent: (event: RunEvent) => void = () => undefined): Promise<RunSummary> {
  return execute({ plan, store, slots: [new InlineSlot(store, "cpu", 1)], onEvent });
}

function metricsOf(store: Store): Json[] {
  return [...plan.stages.values()].filter(({ kind }) => kind === "train").map(({ key }) => store.readMetrics(key));
}

describe("a mark in the store", () => {
  it("stops its stage at a checkpoint and lets the others go on; taken away, the stage goes on to the same bits", async () => {
    const store = Store.open(join(folder, "stage"));
    let marked = "";
    const first = await run(store, (event) => {
      if (event.type !== "progress" || marked !== "" || event.progress.epoch < 2) return;
      marked = event.stage.key;
      store.stops.set(marked, "a test");
    });
    expect(first).toMatchObject({ stopped: [marked], interrupted: false });
    expect(first.failed.size).toBe(0);
    const layout = new Layout(join(folder, "stage"));
    expect(existsSync(layout.checkpoint(marked))).toBe(true);
    expect(store.has(marked)).toBe(false);
    expect(store.stops.read(marked)?.by).toBe("a test");
    const lines = readFileSync(layout.progress(marked), "utf8").trimEnd().split("\n");
    const told = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(told[0]).toMatchObject({ type: "start", epochs: 4, from: 0, pid: process.pid });
    expect(told.filter(({ type }) => type === "epoch").map(({ epoch }) => epoch)[0]).toBe(1);
    const trained = [...plan.stages.values()].filter(({ kind, key }) => kind === "train" && key !== marked);
    expect(trained.every(({ key }) => store.has(key))).toBe(true);

    store.stops.clear(marked);
    expect(await run(store)).toMatchObject({ done: 2, stopped: [] }); // the training and R_p of it;
    expect(existsSync(layout.work(marked))).toBe(false);
    const undisturbed = Store.open(join(folder, "undisturbed"));
    await run(undisturbed);
    expect(metricsOf(store)).toEqual(metricsOf(undisturbed));
  });

  it("stops a whole experiment: nothing new of it is started", async () => {
    const store = Store.open(join(folder, "experiment"));
    const id = experimentId(plan);
    store.stops.set(id, "a test");
    const summary = await run(store);
    expect(summary.done).toBe(0);
    // What was ready: the initial weights of both seeds.
    expect(summary.stopped).toHaveLength(2);
    store.stops.clear(id);
    expect(store.stops.targets().size).toBe(0);
  });

  it("lets a run that is still at work take the stage up again when it is taken away", async () => {
    const store = Store.open(join(folder, "back"));
    const keys = [...plan.stages.values()].filter(({ kind }) => kind === "train").map(({ key }) => key);
    const [held = ""] = keys;
    store.stops.set(held, "a test");
    const summary = await run(store, (event) => {
      if (event.type === "progress" && event.stage.key !== held) store.stops.clear(held);
    });
    expect(summary.stopped).toEqual([]);
    expect(keys.every((key) => store.has(key))).toBe(true);
  });

  it("that is no key is refused", () => {
    expect(() => Store.open(join(folder, "stage")).stops.set("../../x", "a test")).toThrow("is not a key");
  });
});

describe("the experiments of a store", () => {
  it("give back the plan that was run, with the same id, and nothing for a damaged file", () => {
    const store = Store.open(join(folder, "noted"));
    store.experiments.note(experimentId(plan), plan.spec as unknown as Json);
    const [id = ""] = store.experiments.ids();
    const spec = store.experiments.read(id) as unknown as Spec;
    const again = makePlan(spec, ({ content }) => content ?? "");
    expect(experimentId(again)).toBe(id);
    expect([...again.stages.keys()]).toEqual([...plan.stages.keys()]);
    expect(store.experiments.read("0".repeat(64))).toBeUndefined();
  });
});
