import { expect, test } from "vitest";
import { makePlan } from "../plan/plan.ts";
import { parseSpec } from "../spec/parse.ts";
import { stageLabels } from "./labels.ts";

const plan = makePlan(
  parseSpec(
    `{ name: a, data: cifar10, model: lenet5, train: { epochs: 9, optimizer: { sgd: { lr: 0.1 } } }, prune: [{ one-shot: { sparsities: [0.5] } }],
       retrain: [ticket, { lr-rewind: { epochs: 1 } }, { lr-rewind: { epochs: 3 } }], measure: { connectivity: { epochs: [0, 2], masks: true } } }`,
    "a.yaml",
  ),
);
const labels = stageLabels(plan);

test("trainings are called by their start, learning-rate rewinding with its length", () => {
  expect(plan.arms.map(({ train }) => labels.get(train))).toEqual([
    "a, seed 0, dense",
    "a, seed 0, ticket, one-shot 50 %",
    "a, seed 0, lr-rewind (1 epoch), one-shot 50 %",
    "a, seed 0, lr-rewind (3 epochs), one-shot 50 %",
  ]);
});

test("copies are called by the epoch they start from; one that is an arm too is called by that", () => {
  expect(plan.connections.map(({ connect, copies }) => [connect, ...copies].map((key) => labels.get(key)))).toEqual([
    ["a, seed 0, connectivity from epoch 0", "a, seed 0, dense", "a, seed 0, copy 2 from epoch 0"],
    ["a, seed 0, connectivity from epoch 2", "a, seed 0, dense", "a, seed 0, copy 2 from epoch 2"],
    [
      "a, seed 0, connectivity from epoch 0, one-shot 50 %",
      "a, seed 0, ticket, one-shot 50 %",
      "a, seed 0, copy 2 from epoch 0, one-shot 50 %",
    ],
    [
      "a, seed 0, connectivity from epoch 2, one-shot 50 %",
      "a, seed 0, copy 1 from epoch 2, one-shot 50 %",
      "a, seed 0, copy 2 from epoch 2, one-shot 50 %",
    ],
  ]);
});
