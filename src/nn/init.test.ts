import { describe, expect, it } from "vitest";
import { stream } from "../core/rng.ts";
import { BatchNorm } from "./batch-norm.ts";
import { Conv2d } from "./conv.ts";
import { glorotNormal, initialWeights, kaimingNormal } from "./init.ts";
import { Linear } from "./linear.ts";
import { type Cost, Module } from "./module.ts";

class Net extends Module {
  readonly conv = new Conv2d(50, 40, 5);
  readonly normal = new Conv2d(50, 40, 3, { init: kaimingNormal(450) });
  readonly glorot = new Conv2d(50, 40, 3, { init: glorotNormal(450, 360) });
  readonly bn = new BatchNorm(4);
  readonly fc = new Linear(200, 300);

  override forward(): never {
    throw new Error("not needed");
  }

  override cost(shape: readonly number[]): Cost {
    return { macs: 0, shape };
  }
}

function values(name: string, draw = 0, seed = 5): number[] {
  return Array.from(initialWeights(new Net(), seed, draw).get(name)?.data ?? [], Number);
}

const mean = (list: readonly number[]) => list.reduce((sum, x) => sum + x, 0) / list.length;
const spread = (list: readonly number[]) => Math.sqrt(mean(list.map((x) => x * x)) - mean(list) ** 2);

describe("initial weights", () => {
  it.each([
    ["conv.weight", 50 * 25],
    ["fc.weight", 200],
    ["fc.bias", 200],
  ])("of %s are uniform within 1/√fanIn, PyTorch's default", (name, fanIn) => {
    const drawn = values(name);
    const bound = 1 / Math.sqrt(fanIn);
    expect(Math.max(...drawn.map(Math.abs))).toBeLessThanOrEqual(Math.fround(bound));
    // The largest of n uniform draws misses the bound by more than 10/n with probability e^-10.
    expect(Math.max(...drawn)).toBeGreaterThan(bound * (1 - 20 / drawn.length));
    expect(Math.min(...drawn)).toBeLessThan(-bound * (1 - 20 / drawn.length));
    // Standard deviation bound/√3; its relative error is about 0.45/√n, and six of those are allowed.
    expect(Math.abs(spread(drawn) / (bound / Math.sqrt(3)) - 1)).toBeLessThan(2.7 / Math.sqrt(drawn.length));
    expect(Math.abs(mean(drawn))).toBeLessThan((6 * bound) / Math.sqrt(3 * drawn.length));
  });

  it.each([
    ["He's rule, 2/fanIn", "normal.weight", 2 / 450],
    ["Glorot's rule, 2/(fanIn + fanOut)", "glorot.weight", 2 / 810],
  ])("are normal with the variance of %s", (_, name, variance) => {
    const drawn = values(name);
    const std = Math.sqrt(variance);
    const n = drawn.length;
    expect(Math.abs(mean(drawn))).toBeLessThan((6 * std) / Math.sqrt(n));
    expect(Math.abs(spread(drawn) / std - 1)).toBeLessThan(6 / Math.sqrt(2 * n));
    const fourth = mean(drawn.map((x) => (x / std) ** 4));
    expect(Math.abs(fourth - 3)).toBeLessThan(6 * Math.sqrt(96 / n)); // 3 for a normal, 1.8 for a uniform distribution
  });

  it("of batch-norm are 1 and 0, its statistics 0, 1 and none", () => {
    expect(["weight", "bias", "running_mean", "running_var"].map((name) => values(`bn.${name}`))).toEqual([
      [1, 1, 1, 1],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
      [1, 1, 1, 1],
    ]);
    expect(initialWeights(new Net(), 5, 0).get("bn.num_batches_tracked")).toEqual({
      dtype: "int64",
      shape: [],
      data: BigInt64Array.of(0n),
    });
  });

  it("come from a stream of their own per parameter and draw, rounded to float32", () => {
    for (const draw of [0, 1]) {
      const draws = stream(5, "init", draw, "fc.bias");
      const expected = Array.from({ length: 300 }, () => Math.fround((2 * draws.uniform() - 1) / Math.sqrt(200)));
      expect(values("fc.bias", draw)).toEqual(expected);
    }
  });

  it("differ between seeds and between draws, in every place", () => {
    const [first, redrawn, reseeded] = [values("fc.weight"), values("fc.weight", 1), values("fc.weight", 0, 6)];
    const equal = (a: readonly number[], b: readonly number[]) => a.filter((x, i) => x === b[i]).length;
    // Of 60,000 pairs of float32 values some may agree by chance (about 2^-24 each).
    expect(equal(first, redrawn)).toBeLessThan(3);
    expect(equal(first, reseeded)).toBeLessThan(3);
    expect(equal(first, values("fc.weight"))).toBe(first.length);
  });
});
