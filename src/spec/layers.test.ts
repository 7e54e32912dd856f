import { expect, it } from "vitest";
import { unprotectedLayers } from "./layers.ts";

const layers = [
  { name: "fc0.weight", kind: "linear", shape: [4, 4] },
  { name: "conv1.weight", kind: "conv", shape: [4, 1, 3, 3] },
  { name: "conv2.weight", kind: "conv", shape: [4, 4, 3, 3] },
  { name: "fc1.weight", kind: "linear", shape: [8, 4] },
  { name: "fc2.weight", kind: "linear", shape: [2, 8] },
] as const;

it.each<readonly [readonly string[], readonly string[]]>([
  [[], ["fc0.weight", "conv1.weight", "conv2.weight", "fc1.weight", "fc2.weight"]],
  [["first-conv"], ["fc0.weight", "conv2.weight", "fc1.weight", "fc2.weight"]],
  [["last-linear"], ["fc0.weight", "conv1.weight", "conv2.weight", "fc1.weight"]],
  [
    ["conv2.weight", "last-linear", "fc0.weight"],
    ["conv1.weight", "fc1.weight"],
  ],
])("protecting %j leaves %j", (protect, left) => {
  expect(unprotectedLayers(layers, protect).map(({ name }) => name)).toEqual(left);
});

it("a role that the model has no layer for protects nothing", () => {
  const linear = layers.filter(({ kind }) => kind === "linear");
  expect(unprotectedLayers(linear, ["first-conv"])).toEqual(linear);
});
