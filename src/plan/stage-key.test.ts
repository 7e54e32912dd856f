import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { parseSpec } from "../spec/parse.ts";
import { makePlan } from "./plan.ts";
import { StageTable, stageKey } from "./stage-table.ts";
import type { Plan } from "./types.ts";

const base: Readonly<Record<string, unknown>> = {
  name: "grid",
  data: { name: "cifar10", subset: 1000 },
  model: { name: "resnet20" },
  train: { epochs: 20, optimizer: { sgd: { lr: 0.1 } } },
  prune: [{ iterative: { rate: 0.2, rounds: 2 } }],
  retrain: ["ticket", "reinit", "fine-tune", { rewind: { epoch: 3 } }],
};

function planOf(fields: Readonly<Record<string, unknown>>, overrides: readonly string[] = []): Plan {
  return makePlan(parseSpec(stringify({ ...base, ...fields }), "grid.yaml", overrides));
}

/** Kinds of which some key differs from the plan of the base spec. */
function changedKinds(plan: Plan): string[] {
  const old = planOf({}).stages;
  const changed = [...plan.stages.values()].filter(({ key }) => !old.has(key)).map(({ kind }) => kind);
  return [...new Set(changed)].sort();
}

const all = ["compare", "init", "mask", "train"];
const trained = ["compare", "mask", "train"];

describe("a key", () => {
  it("is the SHA-256 of the stage's canonical JSON, made here by hand", () => {
    const parameters = { mode: "dense-dense", layers: ["b", "a"], p: [0.1, 1e-7] } as const;
    const inputs = { b: { output: "weights@3", key: "k2" }, a: { key: "k1", output: "weights@0" } };
    const json =
      '{"inputs":{"a":{"key":"k1","output":"weights@0"},"b":{"key":"k2","output":"weights@3"}},"kind":"compare",' +
      '"parameters":{"layers":["b","a"],"mode":"dense-dense","p":[0.1,1e-7]},"version":2}';
    expect(stageKey({ kind: "compare", parameters, inputs })).toBe(createHash("sha256").update(json).digest("hex"));
  });

  it.each<readonly [string, readonly string[]]>([
    ["seeds=[1]", all],
    ["train.optimizer.sgd.lr=0.01", trained],
    ["train.optimizer.sgd.momentum=0", trained],
    ["train.optimizer.sgd.weightDecay=0", trained],
    ["train.optimizer.sgd.nesterov=true", trained],
    ["train.batchSize=64", trained],
    ["train.epochs=21", trained],
    ["train.precision=float64", trained],
    ["train.schedule.milestones=[5]", trained],
    ["train.schedule.factor=0.5", trained],
    ["train.schedule.warmupEpochs=1", trained],
    ["train.augment.crop=4", trained],
    ["train.augment.flip=true", trained],
    ["data.subset=2000", trained],
    ["data.testSubset=100", trained],
    ["data.validation=100", trained],
    ["data=cifar100", all],
    ["model.width=8", all],
    ["prune[0].iterative.rate=0.3", trained],
    ["protect=[]", trained],
    ["measure.correlation.p=[0.2]", ["compare"]],
  ])("depends on %s", (override, kinds) => {
    expect(changedKinds(planOf({}, [override]))).toEqual(kinds);
  });

  it.each([
    "device=cuda:1",
    "name=other",
    "question=why?",
    "verdict.alpha=0.01",
    "retrain=[ticket, reinit, fine-tune]",
    "seeds=[0]",
    "prune[0].iterative.rounds=1",
    "train.batchSize=128",
    "data.validation=0",
    "protect=[first-conv, first-conv]",
  ])("does not depend on %s", (override) => {
    expect(changedKinds(planOf({}, [override]))).toEqual([]);
  });

  it("does not depend on which outputs are kept", () => {
    const outputs = (rewind: number) => {
      const retrain = [{ rewind: { epoch: rewind } }];
      const [dense] = planOf({ retrain }).arms.filter(({ start }) => start === "dense");
      return planOf({ retrain }).stages.get(dense?.train ?? "");
    };
    expect(outputs(3)?.key).toBe(outputs(4)?.key);
    expect(outputs(3)?.outputs).toEqual(["metrics", "weights@20", "weights@3"]);
    expect(outputs(4)?.outputs).toEqual(["metrics", "weights@20", "weights@4"]);
  });
});

describe("the stage table", () => {
  const parameters = { model: { name: "any" }, classes: 2, shape: [1, 2, 2], seed: 0, draw: 0 };
  const recipe = {
    epochs: 5,
    batchSize: 1,
    precision: "float32",
    optimizer: { sgd: { lr: 1, momentum: 0, weightDecay: 0, nesterov: false } },
    schedule: { milestones: [], factor: 1, warmupEpochs: 0 },
    augment: { crop: 0, flip: false },
  } as const;

  it("holds a stage that is added twice once, with the outputs of both", () => {
    const table = new StageTable();
    const weights = table.init(parameters);
    const training = { model: { name: "any" }, data: { name: "mnist" }, recipe, seed: 0 };
    const early = table.train(training, { weights }, 2);
    const final = table.train(training, { weights });
    expect(early.key).toBe(final.key);
    expect([early.output, final.output]).toEqual(["weights@2", "weights@5"]);
    expect([...table.stages().values()].map(({ kind, outputs }) => [kind, outputs])).toEqual([
      ["init", ["weights@0"]],
      ["train", ["metrics", "weights@2", "weights@5"]],
    ]);
  });
});
