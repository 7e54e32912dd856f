import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { elementCount } from "../core/array.ts";
import { describeData } from "../data/check.ts";
import { describeModel } from "../models/index.ts";
import { parseSpec } from "../spec/parse.ts";
import { summarise } from "./estimate.ts";
import { makePlan } from "./plan.ts";
import type { Plan, Stage } from "./types.ts";

function planOf(fields: Readonly<Record<string, unknown>>): Plan {
  const base = {
    name: "grid",
    data: { name: "cifar10", subset: 1000, testSubset: 300 },
    model: "resnet20",
    train: { epochs: 20, optimizer: { sgd: { lr: 0.1 } } },
  };
  return makePlan(parseSpec(stringify({ ...base, ...fields }), "grid.yaml"));
}

const grid = planOf({
  prune: [{ iterative: { rate: 0.15, rounds: 12 } }],
  retrain: ["ticket", "reinit", "fine-tune", { rewind: { epoch: 10 } }],
});
const nothingDone = () => false;
/** 1000 training images and 300 test images at a third of the cost, 20 times. */
const imagesPerTraining = 20 * (1000 + 300 / 3);

describe("summarise", () => {
  it("gives exactly the fields of plan --json", () => {
    expect(Object.keys(summarise(grid, nothingDone)).sort()).toEqual([
      "admmRuns",
      "admmRunsToDo",
      "estimatedBytes",
      "estimatedSeconds",
      "stages",
      "stagesToDo",
      "trainings",
      "trainingsToDo",
      "trainingsUnshared",
    ]);
  });

  it("counts what is left", () => {
    expect(summarise(grid, nothingDone)).toMatchObject({
      trainings: 49,
      trainingsUnshared: 126,
      trainingsToDo: 49,
      stages: grid.stages.size,
      stagesToDo: grid.stages.size,
    });
    expect(summarise(grid, ({ kind }) => kind !== "mask")).toMatchObject({
      trainings: 49,
      trainingsToDo: 0,
      stages: grid.stages.size,
      stagesToDo: 12,
    });
    expect(summarise(grid, () => true)).toMatchObject({ stagesToDo: 0, estimatedSeconds: 0, estimatedBytes: 0 });
  });

  it("asks for every stage with the outputs that it needs", () => {
    const asked: Stage[] = [];
    summarise(grid, (stage) => asked.push(stage) > 0);
    expect(asked).toEqual([...grid.stages.values()]);
    expect(asked[1]?.outputs).toEqual(["metrics", "weights@10", "weights@20"]);
  });
});

describe("estimated time", () => {
  const single = planOf({});

  it("is the arithmetic of the model at 25 GFLOP/s per worker: 3 passes of 2 operations per multiply-add", () => {
    const { macs } = describeModel(
      { ...single.spec.variants[0]?.setting.model, name: "resnet20" },
      describeData({ name: "cifar10" }),
    );
    const seconds = (imagesPerTraining * (macs + 1.4e6) * 6) / 135e9;
    expect(summarise(single, nothingDone).estimatedSeconds).toBeCloseTo(seconds, 9);
  });

  it("uses a measured throughput instead, where there is one", () => {
    const seconds = (imagesPerSecond: number | undefined) =>
      summarise(single, nothingDone, { throughput: () => imagesPerSecond }).estimatedSeconds;
    expect(seconds(100)).toBeCloseTo(imagesPerTraining / 100, 9);
    expect(seconds(undefined)).toBe(summarise(single, nothingDone).estimatedSeconds);
  });

  it("is shared by workers, but no shorter than the longest chain: dense, twelve rounds", () => {
    const one = imagesPerTraining / 100;
    const seconds = (workers: number) =>
      summarise(grid, nothingDone, { throughput: () => 100, workers }).estimatedSeconds;
    expect(seconds(1)).toBeCloseTo(49 * one, 6);
    expect(seconds(2)).toBeCloseTo(24.5 * one, 6);
    expect(seconds(1000)).toBeCloseTo(13 * one, 6);
  });

  it("leaves out what is done", () => {
    const dense = grid.arms.find(({ start }) => start === "dense")?.train;
    const summary = summarise(grid, ({ key }) => key === dense, { throughput: () => 100 });
    expect(summary.estimatedSeconds).toBeCloseTo((48 * imagesPerTraining) / 100, 6);
  });
});

describe("estimated space", () => {
  it("is that of all weights that are kept, the masks, the metrics and the records", () => {
    const { model } = grid.spec.variants[0]?.setting ?? { model: { name: "resnet20" } };
    const { stateBytes, prunable } = describeModel(model, describeData({ name: "cifar10" }));
    const maskBytes = prunable.slice(1).reduce((sum, { shape }) => sum + elementCount(shape), 0);
    // two draws of initial weights; 49 final weights and the dense run's epoch 10
    const weights = (2 + 49 + 1) * stateBytes;
    const metrics = 49 * 20 * 300;
    expect(summarise(grid, nothingDone).estimatedBytes).toBe(
      weights + 12 * maskBytes + metrics + grid.stages.size * 4096,
    );
  });

  it("counts float64 weights twice", () => {
    const bytes = (precision: string) => {
      const train = { epochs: 1, precision, optimizer: { sgd: { lr: 0.1 } } };
      return summarise(planOf({ train }), nothingDone).estimatedBytes;
    };
    const { stateBytes } = describeModel(
      planOf({}).spec.variants[0]?.setting.model ?? { name: "resnet20" },
      describeData({ name: "cifar10" }),
    );
    expect(bytes("float64") - bytes("float32")).toBe(stateBytes);
  });
});
