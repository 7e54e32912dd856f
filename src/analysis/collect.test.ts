import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Json, sha256 } from "../core/canonical-json.ts";
import type { Plan, Ref, Stage } from "../plan/types.ts";
import { correlation } from "../stats/correlation.ts";
import { Store } from "../store/store.ts";
import { collect } from "./collect.ts";
import { fixtureResults } from "./fixture.ts";

const { spec } = fixtureResults({ seeds: 1, rates: [0.1] });
const [variant] = spec.variants;
if (variant === undefined) throw new Error("the fixture has no variant");
const { model, data, train: recipe } = variant.setting;

const key = (name: string) => sha256(name);
const ref = (name: string, output: string): Ref => ({ key: key(name), output });
const init: Stage = {
  key: key("init"),
  kind: "init",
  version: 1,
  parameters: { model, classes: 10, shape: [1, 28, 28], seed: 0, draw: 0 },
  inputs: {},
  outputs: ["weights@0"],
};
const trainStage = (name: string, inputs: { weights: Ref; mask?: Ref }): Stage => ({
  key: key(name),
  kind: "train",
  version: 1,
  parameters: { model, data, recipe, seed: 0 },
  inputs,
  outputs: ["weights@2"],
});
const dense = trainStage("dense", { weights: ref("init", "weights@0") });
const mask: Stage = {
  key: key("mask"),
  kind: "mask",
  version: 1,
  parameters: {
    model,
    pruner: { name: "magnitude", options: {}, version: 1 },
    target: { sparsity: 0.5 },
    layers: ["fc.weight"],
  },
  inputs: { weights: ref("dense", "weights@2") },
  outputs: ["mask"],
};
const ticket = trainStage("ticket", { weights: ref("init", "weights@0"), mask: ref("mask", "mask") });
const compare: Stage = {
  key: key("compare"),
  kind: "compare",
  version: 1,
  parameters: { mode: "dense-dense", layers: ["fc.weight"], p: [0.5] },
  inputs: { a: ref("init", "weights@0"), b: ref("dense", "weights@2") },
  outputs: ["overlap"],
};
const cell = { pruning: "one-shot", pruneIndex: 0, step: 0, sparsity: 0.5, mask: ref("mask", "mask") };
const plan: Plan = {
  spec,
  stages: new Map([init, dense, mask, ticket, compare].map((stage) => [stage.key, stage])),
  arms: [
    { variant: "v0", seed: 0, start: "dense", train: dense.key },
    { variant: "v0", seed: 0, start: "ticket", train: ticket.key, cell },
  ],
  comparisons: [{ variant: "v0", seed: 0, measure: "pre-training", compare: compare.key }],
  connections: [],
  trainings: 2,
  trainingsUnshared: 5,
  admmRuns: 0,
};

const epoch = (n: number, testAccuracy: number) => ({
  epoch: n,
  lr: 0.1,
  trainLoss: 1,
  trainAccuracy: 0.5,
  testLoss: 1.5,
  testAccuracy,
});

let folder: string;
let store: Store;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sweepstake-collect-"));
  store = Store.open(folder, () => undefined);
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(
  stage: Stage,
  files: Readonly<Record<string, string>>,
  summary: Json = {},
  status: "done" | "diverged" = "done",
): void {
  const lease = store.claim(stage.key);
  if (lease === undefined) throw new Error(`${stage.kind} is claimed`);
  for (const [name, text] of Object.entries(files)) lease.write(name, text);
  const provenance = {
    sweepstake: "0.1.0",
    node: "v20",
    libtorch: "1.13.1",
    device: "cpu",
    threads: 2,
    precision: "float32",
    hardware: "test",
    startedAt: "2025-01-01T00:00:00.000Z",
    finishedAt: "2025-01-01T00:00:01.000Z",
    durationMs: 1000,
    resumes: 0,
  };
  lease.commit({ stage: {}, kind: stage.kind, status, summary, provenance });
  lease.release();
}

const lines = (...epochs: readonly object[]) => epochs.map((one) => `${JSON.stringify(one)}\n`).join("");

describe("collect", () => {
  test("an empty store gives the whole plan as missing", () => {
    const results = collect(plan, store);
    expect(results.arms.map(({ status, reason, curve }) => ({ status, reason, curve }))).toEqual([
      { status: "missing", reason: "not run yet", curve: [] },
      { status: "missing", reason: "not run yet", curve: [] },
    ]);
    expect(results.comparisons[0]).toMatchObject({ status: "missing", points: [] });
    expect(results).toMatchObject({ trainings: 2, trainingsUnshared: 5 });
    expect(results.stages.map(({ kind }) => kind)).toEqual(["init", "train", "mask", "train", "compare"]);
  });

  test("accuracy is that of the last epoch in percent; of equal best epochs the first counts", () => {
    put(dense, { "metrics.jsonl": lines(epoch(1, 0.75), epoch(2, 0.75), epoch(3, 0.5)) });
    const [arm] = collect(plan, store).arms;
    expect(arm).toMatchObject({ status: "done", finalAccuracy: 50, bestAccuracy: 75, bestEpoch: 1 });
    expect(arm?.curve.map(({ testAccuracy }) => testAccuracy)).toEqual([0.75, 0.75, 0.5]);
    expect(arm?.record?.provenance.threads).toBe(2);
  });

  test("the achieved sparsity is what was counted in the mask", () => {
    put(mask, {}, { sparsity: 0.4999 });
    const [, arm] = collect(plan, store).arms;
    expect(arm).toMatchObject({ status: "missing", achievedSparsity: 0.4999 });
  });

  test("R_p comes from what correlation() stored, with its null", () => {
    const weights = (values: readonly number[]) =>
      new Map([["fc.weight", { dtype: "float32" as const, shape: [4], data: Float32Array.from(values) }]]);
    // Top halves {0, 1} and {0, 2}: one of two in common, which is what chance gives, 2·2/4.
    const stored = correlation({
      mode: "dense-dense",
      a: weights([4, 3, 2, 1]),
      b: weights([4, 1, 3, 2]),
      layers: ["fc.weight"],
      p: [0.5],
    });
    put(compare, { "overlap.json": JSON.stringify(stored) });
    const [comparison] = collect(plan, store).comparisons;
    expect(comparison?.status).toBe("done");
    // P(at least one in common) = 1 - 1/6.
    expect(comparison?.points).toMatchObject([{ p: 0.5, rp: 0.5, nullMean: 0.5, z: 0 }]);
    expect(comparison?.points[0]?.pValue).toBeCloseTo(5 / 6, 12);
  });

  test("a diverged run says where, keeps its curve, has no accuracy, and what needs it is skipped", () => {
    put(dense, { "metrics.jsonl": lines(epoch(1, 0.6)) }, { divergedAt: { epoch: 2, step: 17 } }, "diverged");
    const { arms, comparisons, stages } = collect(plan, store);
    expect(arms[0]).toMatchObject({
      status: "diverged",
      reason: "the loss was no longer finite in epoch 2, step 17",
    });
    expect(arms[0]?.curve).toHaveLength(1);
    expect(arms[0]).not.toHaveProperty("finalAccuracy");
    const reason = "it needs lr 0.1, seed 0, dense, which diverged";
    expect(arms[1]).toMatchObject({ status: "skipped", reason });
    expect(comparisons[0]).toMatchObject({ status: "skipped", reason });
    expect(stages.map(({ status }) => status)).toEqual(["missing", "diverged", "skipped", "skipped", "skipped"]);
  });

  test("a failed stage has the message of its failure", () => {
    store.recordFailure(mask.key, { message: "the worker died", attempts: 3 });
    const { arms, stages } = collect(plan, store);
    expect(stages[2]).toMatchObject({ status: "failed", reason: "the worker died" });
    expect(arms[1]).toMatchObject({
      status: "skipped",
      reason: "it needs lr 0.1, seed 0, mask, one-shot 50 %, which failed",
    });
    expect(arms[0]).toMatchObject({ status: "missing" });
  });

  test("a damaged object counts as missing, with the reason", () => {
    put(dense, { "metrics.jsonl": lines(epoch(1, 0.5)) });
    const object = join(folder, "objects", dense.key.slice(0, 2), dense.key);
    expect(readdirSync(object)).toContain("metrics.jsonl");
    writeFileSync(join(object, "metrics.jsonl"), "{}");
    const { arms, stages } = collect(plan, store);
    expect(arms[0]).toMatchObject({ status: "missing", curve: [] });
    expect(arms[0]?.reason).toContain("metrics.jsonl is damaged");
    expect(stages[1]).toMatchObject({ status: "missing" });
  });

  test.each([
    [
      "metrics without the number testAccuracy",
      dense,
      "metrics.jsonl",
      '{"epoch":1,"lr":1,"trainLoss":1,"trainAccuracy":1,"testLoss":1}\n',
    ],
    ["overlap.json that is no list", compare, "overlap.json", "{}"],
    ["overlap.json with an incomplete point", compare, "overlap.json", '[{"p":0.1,"rp":0.1}]'],
  ])("refuses %s", (message, stage, file, content) => {
    put(stage, { [file]: content });
    expect(() => collect(plan, store)).toThrow(message);
  });
});
