import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { InputError } from "../core/errors.ts";
import { scaleSpec } from "./scale.ts";
import type { ScaleName } from "./types.ts";

function scaled(text: string, scale: ScaleName = "small"): unknown {
  return scaleSpec(parse(text), scale, "grid.yaml");
}

describe("a scale that does not fit", () => {
  it.each([
    {
      text: "train: { epochs: 25, schedule: { milestones: [10, 20] } }",
      place: "train.schedule.milestones",
      got: "got 2",
    },
    {
      text: "train: { epochs: 10, schedule: { warmupEpochs: 8 } }",
      place: "train.schedule.warmupEpochs",
      got: "got 1 of 1",
    },
    {
      text: "train: { epochs: 15 }\nretrain: [ticket, { rewind: { epoch: 10 } }]",
      place: "retrain[1].rewind.epoch",
      got: "got 1 of 1",
    },
    { text: "sweep: { train.epochs: [100, 150] }", place: "sweep.train.epochs", got: "one that it sets" },
    { text: "sweep: { data: [cifar10, cifar100] }", place: "sweep.data", got: "one that it sets" },
    {
      text: "cases: [{ model: vgg11 }, { train.schedule.milestones: [80] }]",
      place: "cases[1].train.schedule.milestones",
      got: "one that it sets",
    },
    {
      text: "cases: [{ train.optimizer.sgd.weightDecay: 0 }]",
      place: "cases[0].train.optimizer.sgd.weightDecay",
      got: "one that it sets",
    },
    { text: "sweep: { train.batchSize: [64, 128] }", place: "sweep.train.batchSize", got: "one that it sets" },
    { text: "prune: [{ admm: { sparsities: [0.5] } }]", place: "prune[0].admm", got: "got nothing" },
    {
      text: "prune: [{ admm: { sparsities: [0.5], epochsPerStage: 10 } }]",
      place: "prune[0].admm",
      got: "got nothing",
    },
    {
      text: "data: cifar10\ntrain: { epochs: 150, batchSize: 128, optimizer: { sgd: { lr: 0.1 } } }",
      place: "train.optimizer.sgd",
      got: "got nothing",
    },
    {
      text: "train: { epochs: 150, batchSize: 128 }\ncases: [{ data.name: mnist }, { data.name: cifar10 }]",
      place: "data",
      got: "got several",
    },
  ])("$place is refused by name", ({ text, place, got }) => {
    expect(() => scaled(text)).toThrow(InputError);
    expect(() => scaled(text)).toThrow(`grid.yaml at scale small: ${place}: expected `);
    expect(() => scaled(text)).toThrow(got);
    expect(() => scaled(text, "full")).not.toThrow();
  });
});

describe("what the parser has to refuse", () => {
  it.each([
    "just a text",
    "train: 3",
    "train: { epochs: many, schedule: { milestones: soon } }",
    "prune: magnitude",
    "retrain: ticket",
    "seeds: few",
  ])("%s is left to it", (text) => {
    expect(() => scaled(text)).not.toThrow();
  });
});
