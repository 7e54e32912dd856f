import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import type { Json } from "../core/canonical-json.ts";
import { experimentId } from "../plan/experiment-id.ts";
import { makePlan } from "../plan/plan.ts";
import type { Plan } from "../plan/types.ts";
import { execute } from "../run/execute.ts";
import { InlineSlot } from "../run/inline.ts";
import { parseSpec } from "../spec/parse.ts";
import { Layout } from "../store/layout.ts";
import { Store } from "../store/store.ts";
import { findGarbage, garbageText, removeGarbage } from "./collect-garbage.ts";
import { planFor } from "./plan-for.ts";

const base = mkdtempSync(join(tmpdir(), "sweepstake-gc-"));
afterAll(() => rmSync(base, { recursive: true }));

const text = (name: string, seeds: number) => `
name: ${name}
data: { name: fashion-mnist, subset: 64, testSubset: 32 }
model: { name: lenet5, width: 0.25 }
train: { epochs: 1, batchSize: 32, optimizer: { sgd: { lr: 0.05 } } }
seeds: ${seeds}
`;

let count = 0;
let specs = "";
let root = "";
let store: Store;
let kept: Plan;
let gone: Plan;

/** Two experiments that share a seed; the spec of the first alone is in the folder. */
beforeEach(async () => {
  specs = join(base, `specs${count}`);
  root = join(base, `store${count++}`);
  mkdirSync(specs);
  writeFileSync(join(specs, "kept.yaml"), text("kept", 1));
  store = Store.open(root);
  const planned = (name: string, seeds: number) => planFor(parseSpec(text(name, seeds), `${name}.yaml`), store);
  kept = planned("kept", 1);
  gone = planned("gone", 2);
  for (const plan of [kept, gone]) await run(plan);
});

async function run(plan: Plan): Promise<void> {
  const { failed } = await execute({ plan, store, slots: [new InlineSlot(store, "cpu", 1)], onEvent: () => undefined });
  expect(failed.size).toBe(0);
}

const onlyGone = () => [...gone.stages.keys()].filter((key) => !kept.stages.has(key));

describe("store gc", () => {
  it("removes what no spec of the folder needs and nothing else; what it removed is computed anew to the same bits", async () => {
    store.experiments.note(experimentId(gone), JSON.parse(JSON.stringify(gone.spec)) as Json);
    const before = new Map(onlyGone().map((key) => [key, JSON.stringify(store.record(key)?.files)]));
    const garbage = findGarbage(store, specs);
    expect(garbage.objects.map(({ key }) => key).sort()).toEqual(onlyGone().sort());
    expect(garbage.losers).toEqual([{ name: "gone", objects: onlyGone().length }]);
    expect(garbageText(garbage)).toMatch(/needed by no spec of the folder: 3 objects.*3 of them are results of gone/s);
    expect(removeGarbage(store, garbage)).toEqual({ removed: onlyGone().length, busy: 0 });
    for (const key of kept.stages.keys()) expect(store.inspect(key)).toEqual([]);
    for (const key of kept.stages.keys()) expect(store.has(key)).toBe(true);
    for (const key of onlyGone()) expect(existsSync(new Layout(root).object(key))).toBe(false);
    expect(readdirSync(new Layout(root).quarantines)).toEqual([]);
    expect(findGarbage(store, specs).objects).toEqual([]);
    await run(gone);
    const weights = (files: string | undefined) => /"weights@[01][^}]*}/.exec(files ?? "")?.[0];
    for (const [key, files] of before) expect(weights(JSON.stringify(store.record(key)?.files))).toBe(weights(files));
  });

  it("keeps the whole of a foreign experiment while a stage of it is being computed", () => {
    store.experiments.note(experimentId(gone), JSON.parse(JSON.stringify(gone.spec)) as Json);
    const [first = ""] = onlyGone();
    const lease = store.claim(first);
    const garbage = findGarbage(store, specs);
    expect(garbage).toMatchObject({ objects: [], inUse: onlyGone().length });
    expect(garbageText(garbage)).toContain("3 objects are kept for an experiment that runs now");
    lease?.release();
    expect(findGarbage(store, specs).objects).toHaveLength(onlyGone().length);
  });

  it("refuses where what is needed is not known", () => {
    const lease = store.claim("f".repeat(64));
    expect(() => findGarbage(store, specs)).toThrow("for an experiment whose spec is not known here");
    lease?.release();
    writeFileSync(join(specs, "broken.yaml"), "name: [");
    expect(() => findGarbage(store, specs)).toThrow("what it needs is not known");
    rmSync(specs, { recursive: true });
    mkdirSync(specs);
    expect(() => findGarbage(store, specs)).toThrow("expected the specs of experiments whose results are to be kept");
  });

  it("leaves what somebody began to compute after the look, and takes abandoned attempts", () => {
    const [first = ""] = onlyGone();
    const abandoned = makePlan(parseSpec(text("other", 3), "other.yaml"));
    const unfinished = [...abandoned.stages.keys()].find((key) => !gone.stages.has(key)) ?? "";
    mkdirSync(new Layout(root).work(unfinished), { recursive: true });
    const garbage = findGarbage(store, specs);
    expect(garbage.unfinished).toEqual([unfinished]);
    const lease = store.claim(first);
    expect(removeGarbage(store, garbage)).toEqual({ removed: onlyGone().length, busy: 1 });
    expect(store.has(first)).toBe(true);
    expect(existsSync(new Layout(root).work(unfinished))).toBe(false);
    lease?.release();
  });
});
