import { describe, expect, it } from "vitest";
import type { CurveView, ExperimentView, RunRow } from "../views.ts";
import { addressOf, nothingSelected, type Selection, selectionOf } from "./address.ts";
import { chartData, chartLines } from "./curves-model.ts";
import { parseFilter } from "./filter.ts";
import { durationText } from "./format.ts";
import {
  BY_SEED,
  differing,
  fieldsOf,
  grouped,
  joinRuns,
  type Run,
  shortName,
  sorted,
  spreadText,
} from "./runs-model.ts";

const experiment: ExperimentView = {
  id: "e".repeat(64),
  name: "demo",
  question: "",
  seeds: [0, 1],
  variants: [
    {
      id: "v0",
      label: "lr 0.1",
      fields: { "train.optimizer.sgd.lr": 0.1, "model.name": "lenet5", "data.name": "mnist" },
    },
    { id: "v1", label: "lr 1", fields: { "train.optimizer.sgd.lr": 1, "model.name": "lenet5", "data.name": "mnist" } },
  ],
  stages: { done: 0, all: 0 },
  secondsLeft: null,
  stopped: false,
};

function row(i: number, part: Partial<RunRow>): RunRow {
  return {
    ...{ id: `eeeeeeee-${i}`, experiment: experiment.id, key: String(i).repeat(64), label: `run ${i}`, variant: "v0" },
    ...{ seed: 0, start: "dense", pruning: null, sparsity: null, state: "done", message: null, epoch: 2, epochs: 2 },
    ...{
      accuracy: null,
      bestAccuracy: null,
      trainLoss: null,
      testLoss: null,
      imagesPerSecond: null,
      secondsLeft: null,
    },
    ...{ seconds: null, host: null, finishedAt: null },
    ...part,
  };
}

const ticket = { start: "ticket", pruning: "one-shot (snip)", sparsity: 0.5 };
const runs = joinRuns(
  [
    row(0, { accuracy: 80, seed: 0 }),
    row(1, { accuracy: 90, seed: 1 }),
    row(2, { ...ticket, accuracy: 70, seed: 0, state: "running", epoch: 1.5 }),
    row(3, { ...ticket, seed: 1, state: "waiting", epoch: 0 }),
    row(4, { accuracy: 85, variant: "v1", seed: 0 }),
  ],
  [experiment],
);
const fields = fieldsOf(runs);

function found(text: string): readonly number[] {
  const { matches, problem } = parseFilter(text, fields);
  expect(problem).toBeUndefined();
  return runs.filter(matches).map(({ id }) => Number(id.slice(9)));
}

describe("a filter", () => {
  it.each<[string, readonly number[]]>([
    ["", [0, 1, 2, 3, 4]],
    ["ticket", [2, 3]],
    ["-ticket", [0, 1, 4]],
    ["state:running,waiting", [2, 3]],
    ["lr:0.1 start:dense", [0, 1]],
    ["lr:1e-1 seed=1", [1, 3]],
    ["sgd.lr>0.5", [4]],
    ["accuracy>=80", [0, 1, 4]],
    ["accuracy<85", [0, 2]],
    ["-accuracy<85 -accuracy>85", [3, 4]],
    ['pruning:"one-shot (snip)" seed:0', [2]],
    ["sparsity:", [0, 1, 4]],
    ['"lr 1"', [4]],
    ["MODEL.name:LENET", [0, 1, 2, 3, 4]],
  ])("%s", (text, expected) => {
    expect(found(text)).toEqual(expected);
  });

  it("says what is wrong with it", () => {
    expect(parseFilter("nonsense:1", fields).problem).toBe("there is no field nonsense");
    expect(parseFilter("accuracy>high", fields).problem).toBe("accuracy> needs a number");
    // Two fields end with it.
    expect(parseFilter("name:x", fields).problem).toBe("there is no field name");
  });
});

describe("runs", () => {
  it("are sorted by any field, without a value last either way, states and starts in their own order", () => {
    const order = (sort: string) => sorted(runs, sort).map(({ id }) => Number(id.slice(9)));
    expect(order("accuracy")).toEqual([2, 0, 4, 1, 3]);
    expect(order("-accuracy")).toEqual([1, 4, 0, 2, 3]);
    expect(order("state")).toEqual([2, 3, 0, 1, 4]);
    expect(order("-train.optimizer.sgd.lr")).toEqual([4, 0, 1, 2, 3]);
    expect(order("")).toEqual([0, 1, 2, 3, 4]);
  });

  it("are grouped by everything but the seed, with mean and sample deviation, or by a field", () => {
    const bySeed = grouped(runs, BY_SEED);
    expect(bySeed.map(({ title, runs: { length } }) => [title, length])).toEqual([
      ["dense", 2],
      ["ticket, one-shot (snip) 50 %", 2],
      ["dense", 1],
    ]);
    expect(bySeed[0]?.accuracy).toEqual({ n: 2, mean: 85, sd: Math.sqrt(50) });
    // One of them is running, the other one waits.
    expect(bySeed[1]?.accuracy).toBeUndefined();
    expect(spreadText({ n: 2, mean: 85, sd: 7.071 }, 2)).toBe("85.00 ± 7.07");
    expect(spreadText({ n: 1, mean: 85, sd: undefined }, 3)).toBe("85.00 (n 1)");
    expect(grouped(runs, "state").map(({ title }) => title)).toEqual(["done", "running", "waiting"]);
  });

  it("differ in few fields, which have short names", () => {
    expect(differing(runs)).toEqual(["train.optimizer.sgd.lr"]);
    expect(shortName("train.optimizer.sgd.lr", fields)).toBe("lr");
    expect(shortName("model.name", fields)).toBe("model.name");
  });
});

describe("the chart", () => {
  const curve = (id: string, testAccuracy: readonly number[]): [string, CurveView] => {
    const epochs = testAccuracy.map((_, i) => i + 1);
    return [id, { id, epochs, testAccuracy, trainAccuracy: [], testLoss: [], trainLoss: [], lr: [] }];
  };
  const curves = new Map([curve("eeeeeeee-0", [10, 20]), curve("eeeeeeee-1", [30, 60, 70])]);

  it("draws what is chosen, else what runs, and of groups the mean with the band of all seeds", () => {
    const groups = grouped(runs, BY_SEED);
    expect(chartLines(runs, groups, []).map(({ runs: of }) => of.map(({ id }) => id))).toEqual([["eeeeeeee-2"]]);
    const lines = chartLines(runs, groups, ["eeeeeeee-0", "eeeeeeee-1"]);
    expect(lines.map(({ title }) => title)).toEqual(["dense, lr 0.1"]);
    const { epochs, lines: drawn } = chartData(lines, curves, "testAccuracy");
    expect(epochs).toEqual([1, 2, 3]);
    expect(drawn[0]?.mean).toEqual([20, 40, 70]);
    expect(drawn[0]?.n).toBe(2);
    expect(drawn[0]?.band).toEqual([
      [10, 20, 70],
      [30, 60, 70],
    ]);
  });

  it("draws runs one by one without groups, and nothing of those that have no curve", () => {
    const lines = chartLines(runs, [], ["eeeeeeee-1", "eeeeeeee-3"]);
    expect(lines.map(({ title }) => title)).toEqual([
      "dense, lr 0.1, seed 1",
      "ticket, one-shot (snip) 50 %, lr 0.1, seed 1",
    ]);
    const { lines: drawn } = chartData(lines, curves, "testAccuracy");
    expect(drawn.map(({ n, band }) => [n, band])).toEqual([
      [1, undefined],
      [0, undefined],
    ]);
    expect(drawn.map(({ mean }) => mean)).toEqual([
      [30, 60, 70],
      [null, null, null],
    ]);
  });
});

describe("the address", () => {
  const selection: Selection = {
    page: "layers",
    experiment: "eeeeeeee",
    filter: 'a:"b & c" #?~%',
    sort: "-accuracy",
    group: "",
    chosen: ["eeeeeeee-1", "eeeeeeee-22"],
    open: "eeeeeeee-3",
    baseline: "eeeeeeee-0",
    allFields: true,
    curve: "trainLoss",
    variant: "v1",
    measure: "fine-tune to initial",
    p: "20 %",
  };

  it("gives back every selection, and is short for none", () => {
    expect(selectionOf(addressOf(selection))).toEqual(selection);
    expect(addressOf(nothingSelected)).toBe("#/runs");
    expect(selectionOf("")).toEqual(nothingSelected);
  });

  it("that is not one of ours leads to the first page", () => {
    expect(selectionOf("#/etc/passwd?chosen=../x~eeeeeeee-1&curve=evil&fields=1")).toEqual({
      ...nothingSelected,
      chosen: ["eeeeeeee-1"],
    });
  });
});

it("durations are read at a glance", () => {
  const texts = [null, 0.4, 59.7, 61, 3_725, 90_000].map((seconds) => durationText(seconds));
  expect(texts).toEqual(["–", "0.4 s", "1 min 00 s", "1 min 01 s", "1 h 02 min", "1 d 1 h"]);
});

it("an unknown variant or experiment shows its id", () => {
  const [run] = joinRuns([row(0, { experiment: "x", variant: "v9" })], [experiment]) as [Run];
  expect([run.experimentName, run.variantLabel, run.fields]).toEqual(["x", "v9", {}]);
});
