import { describe, expect, it } from "vitest";
import { parseSpec } from "../spec/parse.ts";
import { makePlan } from "./plan.ts";

const spec = (train: string) =>
  parseSpec(
    `{ name: a, data: cifar10, model: resnet20, train: { epochs: 2, optimizer: { sgd: { lr: 0.1 } }${train} } }`,
    "a.yaml",
  );
const trainings = (train: string) =>
  [...makePlan(spec(train), () => "c0".repeat(32)).stages.values()].flatMap(({ kind, key }) =>
    kind === "train" ? [key] : [],
  );

describe("the engine of a recipe", () => {
  it("is in the key where it is not libtorch's", () => {
    expect(trainings(", engine: onednn")).toEqual(trainings(""));
    expect(trainings(", engine: winograd")).not.toEqual(trainings(""));
  });

  it("is refused where it does not exist", () => {
    expect(() => spec(", engine: winograd, precision: float64")).toThrow(/train\.engine.*float64/s);
    expect(() => spec(", engine: cudnn")).toThrow(/train\.engine/);
  });
});
