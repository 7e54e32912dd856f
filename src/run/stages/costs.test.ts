import { expect, it } from "vitest";
import { parseCosts } from "./costs.ts";

const costs = {
  threads: 2,
  elapsedMs: 1234.5,
  resumes: 1,
  timing: [{ epoch: 1, trainSeconds: 1.5, evaluationSeconds: 0.25, imagesPerSecond: 341.3 }],
};

it("costs of a checkpoint are read back", () => {
  expect(parseCosts(Buffer.from(JSON.stringify(costs)))).toEqual(costs);
});

it.each([
  ["no JSON", "{threads: 2"],
  ["no object", "null"],
  ["no number of threads, as in versions that did not keep it", JSON.stringify({ ...costs, threads: undefined })],
  ["no threads at all", JSON.stringify({ ...costs, threads: 0 })],
  ["times that are none", JSON.stringify({ ...costs, timing: [{ epoch: "1" }] })],
])("what has %s is none: the training starts anew", (_, text) => {
  expect(parseCosts(Buffer.from(text))).toBeUndefined();
});
