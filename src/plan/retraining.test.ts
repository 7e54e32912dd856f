import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { parseSpec } from "../spec/parse.ts";
import { summarise } from "./estimate.ts";
import { makePlan } from "./plan.ts";
import { epochsToTrain, startName } from "./retraining.ts";
import type { Plan, TrainStage } from "./types.ts";

function planOf(retrain: readonly unknown[], sparsities: readonly number[] = [0.3, 0.5, 0.8]): Plan {
  const train = { epochs: 150, optimizer: { sgd: { lr: 0.1 } }, schedule: { milestones: [80, 120] } };
  const prune = [{ "one-shot": { sparsities } }];
  const spec = { name: "a", data: "cifar10", model: "resnet20", train, prune, retrain };
  return makePlan(parseSpec(stringify(spec), "a.yaml"));
}

function stageOf(plan: Plan, key: string | undefined): TrainStage {
  const stage = plan.stages.get(key ?? "");
  if (stage?.kind !== "train") throw new Error("no training");
  return stage;
}

describe("learning-rate rewinding", () => {
  it("trains the recipe of the dense run from T - t on, and has the name of its length", () => {
    const plan = planOf([{ "lr-rewind": { epochs: 30 } }], [0.5]);
    const arm = plan.arms.find(({ start }) => start === "lr-rewind");
    const { parameters, inputs } = stageOf(plan, arm?.train);
    const dense = stageOf(plan, plan.arms.find(({ start }) => start === "dense")?.train);
    expect(parameters).toEqual({ ...dense.parameters, from: 120 });
    expect(inputs).toEqual({ weights: { key: dense.key, output: "weights@150" }, mask: arm?.cell?.mask });
    expect(arm && startName(arm)).toBe("lr-rewind (30 epochs)");
  });

  it("of all epochs is fine-tuning, with its key, whatever the order of the starts", () => {
    for (const retrain of [
      ["fine-tune", { "lr-rewind": { epochs: 150 } }],
      [{ "lr-rewind": { epochs: 150 } }, "fine-tune"],
    ]) {
      const plan = planOf(retrain, [0.5]);
      const keys = plan.arms.filter(({ cell }) => cell !== undefined).map(({ train }) => train);
      expect(keys).toHaveLength(2);
      expect(new Set(keys).size).toBe(1);
      expect(plan.trainings).toBe(2);
      expect(stageOf(plan, keys[0]).parameters).not.toHaveProperty("from");
    }
  });

  it("costs its share of a training, in time and metrics", () => {
    const seconds = (retrain: readonly unknown[]) =>
      summarise(planOf(retrain, [0.5]), ({ kind }) => kind !== "train", { throughput: () => 100 }).estimatedSeconds;
    const dense = seconds([]);
    expect(seconds([{ "lr-rewind": { epochs: 30 } }]) - dense).toBeCloseTo((30 / 150) * dense, 6);
    expect(epochsToTrain({ ...stageOf(planOf([]), planOf([]).arms[0]?.train).parameters, from: 149 })).toBe(1);
  });
});

describe("scratch-B", () => {
  // Liu et al. 2019: the epochs that cost what the dense training cost, but at most twice as many.
  it.each([
    { sparsity: 0.3, epochs: 214, milestones: [114, 171] }, // 1/0.7 = 1.4286: 214.3, 114.3, 171.4
    { sparsity: 0.5, epochs: 300, milestones: [160, 240] },
    { sparsity: 0.8, epochs: 300, milestones: [160, 240] },
  ])("stretches epochs and milestones at sparsity $sparsity", ({ sparsity, epochs, milestones }) => {
    const plan = planOf(["reinit", "scratch-b"]);
    const at = (start: string) => plan.arms.find((arm) => arm.start === start && arm.cell?.sparsity === sparsity);
    const [long, short] = [stageOf(plan, at("scratch-b")?.train), stageOf(plan, at("reinit")?.train)];
    const { recipe } = short.parameters;
    expect(long.parameters).toEqual({
      ...short.parameters,
      recipe: { ...recipe, epochs, schedule: { ...recipe.schedule, milestones } },
    });
    expect(long.inputs).toEqual(short.inputs);
    expect(long.outputs).toEqual(["metrics", `weights@${epochs}`]);
    expect(at("scratch-b")).toMatchObject({ retrainEpochs: epochs });
  });

  it("has one name at all sparsities, so that it is one line in a figure", () => {
    expect(new Set(planOf(["scratch-b"]).arms.map(startName))).toEqual(new Set(["dense", "scratch-b"]));
  });
});
