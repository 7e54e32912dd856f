import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { collect } from "../analysis/collect.ts";
import { resultsJson } from "../analysis/export.ts";
import type { Plan } from "../plan/types.ts";
import { execute } from "../run/execute.ts";
import { InlineSlot } from "../run/inline.ts";
import type { RunEvent, RunSummary } from "../run/types.ts";
import { loadSpec } from "../spec/load.ts";
import { Store } from "../store/store.ts";
import { exportResults } from "./export-results.ts";
import { planFor } from "./plan-for.ts";
import { planStatus } from "./plan-status.ts";
import { plansWithResults, planWithResults, takeInAll } from "./plan-with-results.ts";

const folder = mkdtempSync(join(tmpdir(), "sweepstake-results-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Without fine-tuning; with --set it is added. */
const text = `
name: small
data: { name: fashion-mnist, subset: 128, testSubset: 64 }
model: { name: lenet5, width: 0.5 }
train: { epochs: 2, batchSize: 32, optimizer: { sgd: { lr: 0.05 } }, schedule: { milestones: [1] } }
seeds: 1
prune:
  - one-shot: { sparsities: [0.5] }
retrain: [ticket]
`;
const file = join(folder, "small.yaml");
const exported = join(folder, "small.results.gz");
const fineTuned = ["retrain=[ticket, fine-tune]"];

let printed = "";
beforeEach(() => {
  printed = "";
  vi.spyOn(process.stderr, "write").mockImplementation((chunk) => {
    printed += String(chunk);
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

function out(name: string): string {
  return join(folder, name);
}

function openStore(name: string): Store {
  return Store.open(join(out(name), "store"));
}

function run(plan: Plan, store: Store, onEvent: (event: RunEvent) => void = () => undefined): Promise<RunSummary> {
  return execute({ plan, store, slots: [new InlineSlot(store, "cpu", 1)], onEvent });
}

/** Everything but when and how long. */
function numbersOf(plan: Plan, store: Store): unknown {
  const { arms, comparisons } = JSON.parse(resultsJson(collect(plan, store))) as Record<string, object[]>;
  return [arms, comparisons].map((all = []) =>
    all.map((one) => Object.fromEntries(Object.entries(one).filter(([name]) => name !== "record"))),
  );
}

beforeAll(async () => {
  writeFileSync(file, text);
  const store = openStore("first");
  await run(planFor(loadSpec(file), store), store);
  await exportResults(file, { set: [], out: out("first"), output: exported, force: false });
});

describe("results taken in from an export", () => {
  it("are finished: nothing is computed again, and they are the same numbers", async () => {
    const store = openStore("reader");
    const plan = planWithResults(loadSpec(file), store, [exported]);
    expect(printed).toBe(`results of ${exported}: ${plan.stages.size} added, 0 here already\n`);
    expect(await run(plan, store)).toMatchObject({ done: 0, reused: plan.stages.size });
    expect(planStatus(plan, store).stages.train).toMatchObject({ done: 2, "to do": 0 });
    expect(numbersOf(plan, store)).toEqual(numbersOf(plan, openStore("first")));
    expect(
      [...store.list()].flatMap(({ files }) => Object.keys(files)).filter((name) => name.includes("weights")),
    ).toEqual([]);
    planWithResults(loadSpec(file), store, [exported]);
    expect(printed).toMatch(/0 added, \d+ here already\n$/);
  });

  it("have their weights computed again where a new stage reads them, to the same bits as if all was computed here", async () => {
    const [store, whole] = [openStore("extended"), openStore("whole")];
    const plan = planWithResults(loadSpec(file, fineTuned), store, [exported]);
    const ticket = plan.arms.find(({ start }) => start === "ticket")?.train ?? "";
    const before = JSON.stringify(store.record(ticket));
    const finished: string[] = [];
    const { failed } = await run(plan, store, (event) => {
      if (event.type === "finish") finished.push(event.stage.key);
    });
    expect(failed.size).toBe(0);
    // Anew: what is not in the export, and before it the initial weights and the dense run.
    const first = openStore("first");
    const added = [...plan.stages.values()].filter(({ key }) => !first.has(key)).map(({ key }) => key);
    const dense = plan.arms.find(({ start }) => start === "dense")?.train ?? "";
    const init = [...plan.stages.values()].find(({ kind }) => kind === "init")?.key ?? "";
    expect(finished.toSorted()).toEqual([init, dense, ...added].toSorted());
    expect(JSON.stringify(store.record(ticket))).toBe(before);
    const plannedWhole = planFor(loadSpec(file, fineTuned), whole);
    await run(plannedWhole, whole);
    expect(numbersOf(plan, store)).toEqual(numbersOf(plannedWhole, whole));
  });

  it("can be exported again, the same bytes", async () => {
    const store = openStore("again");
    takeInAll(store, [exported]);
    const copy = join(folder, "copy.results.gz");
    await exportResults(file, { set: [], out: out("again"), output: copy, force: false });
    expect(readFileSync(copy)).toEqual(readFileSync(exported));
  });

  it("leave alone what the store has computed otherwise, and say so", () => {
    const store = openStore("other");
    const plan = planFor(loadSpec(file), store);
    const dense = plan.arms.find(({ start }) => start === "dense")?.train ?? "";
    const record = openStore("first").record(dense);
    const lease = store.claim(dense);
    if (record === undefined || lease === undefined) throw new Error("there is no dense run");
    lease.write("metrics.jsonl", "{}\n");
    lease.commit({ ...record, stage: {} });
    lease.release();
    planWithResults(loadSpec(file), store, [exported]);
    expect(printed).toContain(`note: 1 results of ${exported} differ from those that were computed here, which stay`);
    expect(store.readMetrics(dense)).toEqual([{}]);
  });

  it("are refused by name where they fit no stage; in a folder others may lie beside them", () => {
    const store = openStore("misfit");
    const another = loadSpec(file, ["train.epochs=3"]);
    expect(() => planWithResults(another, store, [exported])).toThrow(
      `${exported}: no result of it belongs to small: their keys are those of other stages`,
    );
    const shelf = join(folder, "shelf");
    mkdirSync(shelf);
    expect(() => planWithResults(another, store, [shelf])).toThrow("the folder has no file *.results.gz");
    copyFileSync(exported, join(shelf, "small.results.gz"));
    expect(() => planWithResults(another, store, [shelf])).toThrow(`${shelf}: no result of it belongs to small`);
    expect([...store.keys()]).toEqual([]);
    expect(plansWithResults([another, loadSpec(file)], store, [shelf])).toHaveLength(2);
    expect([...store.keys()].length).toBeGreaterThan(0);
    expect(() => planWithResults(another, store, [join(folder, "none.results.gz")])).toThrow("no such file or folder");
  });
});
