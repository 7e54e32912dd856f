import { expect, it } from "vitest";
import { initialWeights } from "../nn/init.ts";
import { Tensor } from "../tensor/tensor.ts";
import { buildModel, describeModel, models } from "./index.ts";

it("describes and initialises every built-in model without the engine, so that plans need no libtorch", () => {
  process.env.SWEEPSTAKE_ADDON = "/nowhere/sweepstake.node";
  expect(() => Tensor.zeros([1])).toThrow("the native engine is not built");
  const input = { classes: 10, shape: [3, 32, 32] };
  for (const name of models
    .all()
    .map(({ name }) => name)
    .filter((name) => name !== "torchscript")) {
    expect(describeModel({ name }, input).parameters).toBeGreaterThan(0);
    expect(initialWeights(buildModel({ name }, input), 0, 0).size).toBeGreaterThan(0);
  }
});
