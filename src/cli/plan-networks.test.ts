import { expect, it } from "vitest";
import { makePlan } from "../plan/plan.ts";
import { parseSpec } from "../spec/parse.ts";
import { networksText, plannedNetworks } from "./plan-networks.ts";

const text = `
name: networks
data: fashion-mnist
model: lenet-300-100
train: { epochs: 2, optimizer: { sgd: { lr: 0.1 } } }
seeds: 1
protect: [last-linear]
prune: [{ one-shot: { sparsities: [0.5] } }]
sweep: { train.optimizer.sgd.lr: [0.1, 0.01] }
`;

it("describes a network once, however many variants have it, and built-in ones for --json alone", () => {
  const plan = makePlan(parseSpec(text, "spec.yaml"));
  expect(plannedNetworks(plan)).toEqual([
    {
      model: "lenet-300-100",
      parameters: 784 * 300 + 300 + 300 * 100 + 100 + 100 * 10 + 10,
      macs: 784 * 300 + 300 * 100 + 100 * 10,
      notes: [],
      layers: [
        { name: "fc1.weight", shape: [300, 784], pruned: true },
        { name: "fc2.weight", shape: [100, 300], pruned: true },
        { name: "fc3.weight", shape: [10, 100], pruned: false, reason: "protected (last-linear)" },
      ],
    },
  ]);
  expect(plannedNetworks(plan, true)).toEqual([]);
});

it("lists weights with their fate, and counts biases and normalisations", () => {
  const layers = [
    { name: "conv.weight", shape: [100, 3, 3, 3], pruned: true },
    { name: "embedding", shape: [4, 8], pruned: false, reason: "used otherwise" },
    { name: "old.weight", shape: [2, 2], pruned: false, reason: "frozen" },
    { name: "conv.bias", shape: [100], pruned: false, reason: "bias" },
    { name: "head.bias", shape: [1000], pruned: false, reason: "bias" },
    { name: "norm.weight", shape: [100], pruned: false, reason: "normalisation" },
  ] as const;
  expect(networksText([{ model: "net.pt", parameters: 3932, macs: 27e5, layers, notes: [] }])).toBe(
    `net.pt: 3,932 trained values, 2,700 of them prunable, 2,700,000 multiply-accumulates per image
  conv.weight  [100, 3, 3, 3]  pruned
  embedding    [4, 8]          dense: no convolution or linear layer uses it directly as its weight
  old.weight   [2, 2]          fixed: saved with requires_grad=False
  biases (2), 1,100 values: dense
  scales and shifts of normalisations (1), 100 values: dense
`,
  );
});
