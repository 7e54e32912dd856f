import { describe, expect, it } from "vitest";
import type { StateDict } from "../core/array.ts";
import { stream } from "../core/rng.ts";
import { scope } from "../tensor/scope.ts";
import { Tensor } from "../tensor/tensor.ts";
import { BatchNorm } from "./batch-norm.ts";
import { Conv2d } from "./conv.ts";
import { initialWeights } from "./init.ts";
import { Linear } from "./linear.ts";
import { MaxPool } from "./max-pool.ts";
import { chainForward, type Module } from "./module.ts";
import { Relu } from "./relu.ts";

const placement = { device: "cpu", dtype: "float64" } as const;

function normal(shape: readonly number[], name: string): Tensor {
  const draws = stream(3, name);
  const data = Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => draws.normal());
  return Tensor.fromHost({ dtype: "float64", shape, data });
}

/** Runs `use` with the loaded layer in a scope, and frees the layer. */
function withLayer<T>(layer: Module, use: (state: StateDict) => T): T {
  const state = initialWeights(layer, 1, 0);
  layer.load(state, placement);
  try {
    return scope(() => use(state));
  } finally {
    layer.dispose();
  }
}

const numbers = (tensor: Tensor) => Array.from(tensor.toHost().data, Number);

describe("Linear", () => {
  it("is x·weightᵀ + bias", () => {
    const layer = new Linear(3, 2);
    withLayer(layer, (state) => {
      const x = normal([2, 3], "x");
      const [w, b, input] = [state.get("weight")?.data, state.get("bias")?.data, numbers(x)];
      const expected = [0, 1].flatMap((n) =>
        [0, 1].map((o) =>
          [0, 1, 2].reduce((sum, i) => sum + Number(w?.[o * 3 + i]) * Number(input[n * 3 + i]), Number(b?.[o])),
        ),
      );
      for (const [i, y] of numbers(layer.forward(x)).entries()) expect(y).toBeCloseTo(expected[i] ?? Number.NaN, 12);
    });
    expect(layer.cost()).toEqual({ macs: 6, shape: [2] });
  });
});

describe("Conv2d", () => {
  it.each([
    [3, 1, 1, [4, 7, 6]],
    [3, 2, 1, [4, 4, 3]],
    [1, 2, 0, [4, 4, 3]],
    [5, 1, 0, [4, 3, 2]],
    [2, 3, 2, [4, 4, 3]],
  ])(
    "kernel %d, stride %d, padding %d: predicts the shape that comes out, and one product per weight and pixel",
    (kernel, stride, padding, shape) => {
      const layer = new Conv2d(2, 4, kernel, { stride, padding });
      const cost = layer.cost([2, 7, 6]);
      expect(cost.shape).toEqual(shape);
      withLayer(layer, () => {
        // Products of ones with ones: without padding the output's sum is the number of multiply-accumulates.
        const { tensor } = layer.weight;
        tensor.copyFrom(Tensor.full(tensor.shape, 1, { dtype: "float64" }));
        const y = layer.forward(Tensor.full([1, 2, 7, 6], 1, { dtype: "float64" }));
        expect(y.shape).toEqual([1, ...shape]);
        if (padding === 0) expect(y.sum().item()).toBe(cost.macs);
        else expect(y.sum().item()).toBeLessThan(cost.macs);
      });
    },
  );
});

describe("Conv2d with groups and bias", () => {
  it("a depthwise 1×1 convolution scales and shifts every channel by its own", () => {
    const layer = new Conv2d(3, 3, 1, { groups: 3, bias: true });
    expect(layer.names()).toEqual(["weight", "bias"]);
    expect(layer.cost([3, 5, 4])).toEqual({ macs: 3 * 20, shape: [3, 5, 4] });
    withLayer(layer, (state) => {
      const x = normal([2, 3, 5, 4], "x");
      const [scale, shift] = [state.get("weight")?.data, state.get("bias")?.data];
      const expected = numbers(x).map((value, i) => {
        const channel = Math.floor(i / 20) % 3;
        return value * Number(scale?.[channel]) + Number(shift?.[channel]);
      });
      for (const [i, y] of numbers(layer.forward(x)).entries()) expect(y).toBeCloseTo(expected[i] ?? Number.NaN, 12);
    });
  });

  it("draws weight and bias within ±1/√fanIn, fanIn being the inputs of one group", () => {
    const state = initialWeights(new Conv2d(64, 64, 3, { groups: 16, bias: true }), 0, 0);
    for (const name of ["weight", "bias"]) {
      const values = Array.from<number | bigint>(state.get(name)?.data ?? []).map(Number);
      const largest = Math.max(...values.map(Math.abs));
      expect(largest).toBeLessThan(1 / 6);
      expect(largest).toBeGreaterThan(0.9 / 6);
    }
  });
});

describe("MaxPool and Relu", () => {
  it("take the largest of each 2×2 window, odd edges left out, and the positive part", () => {
    scope(() => {
      const data = Float64Array.from([1, -2, 9, 3, 0, 9, 9, 9, 9, -1, -3, 9, -2, -4, 9, 9, 9, 9]);
      const x = Tensor.fromHost({ dtype: "float64", shape: [1, 2, 3, 3], data });
      const pooled = new MaxPool().forward(x);
      expect(pooled.shape).toEqual([1, 2, 1, 1]);
      expect(numbers(pooled)).toEqual([3, -1]);
      expect(numbers(new Relu().forward(pooled))).toEqual([3, 0]);
      expect(new MaxPool().cost([2, 3, 3])).toEqual({ macs: 0, shape: [2, 1, 1] });
      expect(new Relu().cost([2, 3, 3])).toEqual({ macs: 0, shape: [2, 3, 3] });
    });
  });

  it("a chain lets go of what lies between, and of nothing else", () => {
    scope(() => {
      const x = Tensor.full([1, 1, 4, 4], -1);
      const seen: Tensor[] = [];
      const spy = (layer: Module): Module => {
        const forward = layer.forward.bind(layer);
        layer.forward = (input) => {
          seen.push(input);
          return forward(input);
        };
        return layer;
      };
      const y = chainForward([new Relu(), new MaxPool(), new Relu()].map(spy), x);
      expect(seen.map(({ disposed }) => disposed)).toEqual([false, true, true]);
      expect(numbers(y)).toEqual([0, 0, 0, 0]);
      expect(chainForward([], x)).toBe(x);
    });
  });
});

describe("BatchNorm", () => {
  it("normalises by the batch in training, keeps running statistics, and uses them in evaluation", () => {
    const layer = new BatchNorm(2);
    withLayer(layer, () => {
      // Channel 0 holds 1, 2, 3, 6: mean 3, variance 3.5 (biased), 14/3 (unbiased). Channel 1 the same times -10.
      const data = Float64Array.of(1, -10, 2, -20, 3, -30, 6, -60);
      const x = Tensor.fromHost({ dtype: "float64", shape: [4, 2], data });
      const trained = numbers(layer.forward(x));
      expect(trained[0]).toBeCloseTo((1 - 3) / Math.sqrt(3.5 + 1e-5), 12);
      expect(trained[7]).toBeCloseTo((-60 + 30) / Math.sqrt(350 + 1e-5), 12);
      const [mean0 = 0, mean1 = 0] = numbers(layer.running_mean.tensor);
      const [variance0 = 0, variance1 = 0] = numbers(layer.running_var.tensor);
      expect([mean0, mean1].map((v) => v.toFixed(12))).toEqual([(0.3).toFixed(12), (-3).toFixed(12)]);
      expect(variance0).toBeCloseTo(0.9 + (0.1 * 14) / 3, 12);
      expect(variance1).toBeCloseTo(0.9 + (0.1 * 1400) / 3, 12);
      expect(layer.num_batches_tracked.tensor.toHost().data).toEqual(BigInt64Array.of(1n));
      layer.train(false);
      expect(numbers(layer.forward(x))[0]).toBeCloseTo((1 - mean0) / Math.sqrt(variance0 + 1e-5), 12);
      expect(numbers(layer.running_mean.tensor)).toEqual([mean0, mean1]);
      expect(layer.num_batches_tracked.tensor.toHost().data).toEqual(BigInt64Array.of(1n));
    });
  });

  it("refuses to train on a single value per channel, and evaluates one", () => {
    const layer = new BatchNorm(2);
    withLayer(layer, () => {
      expect(() => layer.forward(normal([1, 2], "one"))).toThrow(
        "batch-norm needs more than one value per channel in training, got a batch of shape [1, 2]\n  hint: choose a batch size that does not leave a single image",
      );
      expect(() => layer.forward(normal([1, 2, 1, 1], "one"))).toThrow("got a batch of shape [1, 2, 1, 1]");
      expect(layer.forward(normal([1, 2, 1, 2], "two")).shape).toEqual([1, 2, 1, 2]);
      layer.train(false);
      expect(layer.forward(normal([1, 2], "one")).shape).toEqual([1, 2]);
    });
  });
});
