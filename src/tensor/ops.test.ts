import { describe, expect, it } from "vitest";
import { elementCount } from "../core/array.ts";
import { stream } from "../core/rng.ts";
import {
  avgPool2d,
  batchNorm,
  conv2d,
  correctCount,
  crossEntropy,
  globalAvgPool,
  logSoftmax,
  maxPool2d,
} from "./ops.ts";
import { Tensor } from "./tensor.ts";

function random(shape: readonly number[], name: string): number[] {
  const draws = stream(7, name);
  return Array.from({ length: elementCount(shape) }, () => draws.normal());
}

function f64(shape: readonly number[], data: ArrayLike<number>): Tensor {
  return Tensor.fromHost({ dtype: "float64", shape, data: Float64Array.from(data) });
}

function i64(values: readonly number[]): Tensor {
  return Tensor.fromHost({ dtype: "int64", shape: [values.length], data: BigInt64Array.from(values, BigInt) });
}

function values(t: Tensor): number[] {
  return Array.from(t.toHost().data as Iterable<number | bigint>, Number);
}

/** Element-wise closeness. Sums of fewer than 100 terms of size 1 in float64: errors stay below 1e-13. */
function expectClose(got: Tensor, expected: readonly number[], tolerance = 1e-12): void {
  const actual = values(got);
  expect(actual.length).toBe(expected.length);
  for (const [i, value] of actual.entries()) {
    expect(Math.abs(value - (expected[i] ?? Number.NaN)), `element ${i}`).toBeLessThan(tolerance);
  }
}

interface Window {
  readonly stride: number;
  readonly padding: number;
  readonly dilation?: number;
  readonly groups?: number;
}

/** The definition of cross-correlation, one sum per output element. */
function naiveConv(
  x: readonly number[],
  [n, c, h, w]: [number, number, number, number],
  k: readonly number[],
  [out, perGroup, kh, kw]: [number, number, number, number],
  { stride, padding, dilation = 1, groups = 1 }: Window,
): number[] {
  const outH = Math.floor((h + 2 * padding - dilation * (kh - 1) - 1) / stride) + 1;
  const outW = Math.floor((w + 2 * padding - dilation * (kw - 1) - 1) / stride) + 1;
  const y: number[] = [];
  for (let b = 0; b < n; b++)
    for (let o = 0; o < out; o++)
      for (let i = 0; i < outH; i++)
        for (let j = 0; j < outW; j++) {
          let sum = 0;
          const firstChannel = Math.floor(o / (out / groups)) * perGroup;
          for (let q = 0; q < perGroup; q++)
            for (let r = 0; r < kh; r++)
              for (let s = 0; s < kw; s++) {
                const row = i * stride + r * dilation - padding;
                const column = j * stride + s * dilation - padding;
                if (row < 0 || row >= h || column < 0 || column >= w) continue;
                const pixel = x[((b * c + firstChannel + q) * h + row) * w + column] ?? 0;
                sum += pixel * (k[((o * perGroup + q) * kh + r) * kw + s] ?? 0);
              }
          y.push(sum);
        }
  return y;
}

/** Applies `reduce` to the pixels of each window that lie inside the image. */
function naivePool(
  x: readonly number[],
  [n, c, h, w]: [number, number, number, number],
  kernel: number,
  { stride, padding }: Window,
  reduce: (pixels: readonly number[]) => number,
): number[] {
  const outH = Math.floor((h + 2 * padding - kernel) / stride) + 1;
  const outW = Math.floor((w + 2 * padding - kernel) / stride) + 1;
  const y: number[] = [];
  for (let plane = 0; plane < n * c; plane++)
    for (let i = 0; i < outH; i++)
      for (let j = 0; j < outW; j++) {
        const pixels: number[] = [];
        for (let r = i * stride - padding; r < i * stride - padding + kernel; r++)
          for (let s = j * stride - padding; s < j * stride - padding + kernel; s++)
            if (r >= 0 && r < h && s >= 0 && s < w) pixels.push(x[(plane * h + r) * w + s] ?? 0);
        y.push(reduce(pixels));
      }
  return y;
}

describe("conv2d is the naive sum", () => {
  const shapes: [string, [number, number, number, number], [number, number, number, number], Window][] = [
    ["3x3, same size", [2, 3, 6, 5], [4, 3, 3, 3], { stride: 1, padding: 1 }],
    ["1x1, stride 2", [2, 4, 5, 5], [3, 4, 1, 1], { stride: 2, padding: 0 }],
    ["grouped", [1, 4, 6, 6], [6, 2, 3, 3], { stride: 1, padding: 1, groups: 2 }],
    ["depthwise, stride 2", [2, 4, 7, 7], [4, 1, 3, 3], { stride: 2, padding: 1, groups: 4 }],
    ["dilated", [1, 2, 8, 8], [2, 2, 3, 3], { stride: 1, padding: 2, dilation: 2 }],
  ];
  it.each(shapes)("%s", (_, xShape, wShape, options) => {
    const x = random(xShape, "x");
    const w = random(wShape, "w");
    const expected = naiveConv(x, xShape, w, wShape, options);
    expectClose(conv2d(f64(xShape, x), f64(wShape, w), undefined, options), expected);
    // float32: 36 products at most, each rounded to 2^-24 of a value below 10
    const y32 = conv2d(
      f64(xShape, x).to({ dtype: "float32" }),
      f64(wShape, w).to({ dtype: "float32" }),
      undefined,
      options,
    );
    expect(y32.dtype).toBe("float32");
    expectClose(y32, expected, 5e-5);
  });

  it("adds the bias to each channel", () => {
    const x = random([1, 2, 3, 3], "x");
    const w = random([2, 2, 1, 1], "w");
    const plain = naiveConv(x, [1, 2, 3, 3], w, [2, 2, 1, 1], { stride: 1, padding: 0 });
    const expected = plain.map((v, i) => v + (i < 9 ? 10 : 20));
    expectClose(conv2d(f64([1, 2, 3, 3], x), f64([2, 2, 1, 1], w), f64([2], [10, 20])), expected);
  });
});

describe("pooling", () => {
  const shape: [number, number, number, number] = [2, 3, 7, 6];
  const x = random(shape, "pool");
  it("takes the largest element of each window", () => {
    const max = (p: readonly number[]) => Math.max(...p);
    expectClose(maxPool2d(f64(shape, x), 2), naivePool(x, shape, 2, { stride: 2, padding: 0 }, max), 1e-300);
    expectClose(maxPool2d(f64(shape, x), 3, 2, 1), naivePool(x, shape, 3, { stride: 2, padding: 1 }, max), 1e-300);
  });

  it("averages each window, padding counted as zeros", () => {
    const mean = (p: readonly number[]) => p.reduce((a, b) => a + b, 0) / 9;
    expectClose(avgPool2d(f64(shape, x), 3, 2, 1), naivePool(x, shape, 3, { stride: 2, padding: 1 }, mean));
  });

  it("averages whole planes", () => {
    const expected = Array.from({ length: 6 }, (_, p) => x.slice(p * 42, p * 42 + 42).reduce((a, b) => a + b, 0) / 42);
    const y = globalAvgPool(f64(shape, x));
    expect(y.shape).toEqual([2, 3]);
    expectClose(y, expected);
  });
});

describe("batchNorm", () => {
  const shape = [4, 3, 2, 2];
  const x = random(shape, "bn");
  const channel = (c: number) => x.filter((_, i) => Math.floor(i / 4) % 3 === c);
  const mean = [0, 1, 2].map((c) => channel(c).reduce((a, b) => a + b, 0) / 16);
  const variance = [0, 1, 2].map((c) => channel(c).reduce((a, b) => a + (b - (mean[c] ?? 0)) ** 2, 0) / 16);
  const weight = [0.5, 1, 2];
  const bias = [1, 0, -1];
  const normalise = (m: readonly number[], v: readonly number[]) =>
    x.map((value, i) => {
      const c = Math.floor(i / 4) % 3;
      return ((value - (m[c] ?? 0)) / Math.sqrt((v[c] ?? 0) + 1e-5)) * (weight[c] ?? 0) + (bias[c] ?? 0);
    });

  it("normalises by the batch and moves the running statistics, with the unbiased variance", () => {
    const runningMean = f64([3], [1, 2, 3]);
    const runningVar = f64([3], [4, 5, 6]);
    const options = {
      weight: f64([3], weight),
      bias: f64([3], bias),
      runningMean,
      runningVar,
      momentum: 0.1,
      eps: 1e-5,
    };
    expectClose(batchNorm(f64(shape, x), { ...options, training: true }), normalise(mean, variance));
    expectClose(
      runningMean,
      mean.map((m, c) => 0.9 * (c + 1) + 0.1 * m),
    );
    expectClose(
      runningVar,
      variance.map((v, c) => 0.9 * (c + 4) + (0.1 * v * 16) / 15),
    );
  });

  it("normalises by the running statistics in evaluation and leaves them alone", () => {
    const runningMean = f64([3], [1, 2, 3]);
    const runningVar = f64([3], [4, 5, 6]);
    const options = {
      weight: f64([3], weight),
      bias: f64([3], bias),
      runningMean,
      runningVar,
      momentum: 0.1,
      eps: 1e-5,
    };
    expectClose(batchNorm(f64(shape, x), { ...options, training: false }), normalise([1, 2, 3], [4, 5, 6]));
    expect(values(runningMean)).toEqual([1, 2, 3]);
    expect(values(runningVar)).toEqual([4, 5, 6]);
  });
});

describe("batchNorm at its limits", () => {
  it("refuses to train on one value per channel, and shapes that do not fit", () => {
    const options = { runningMean: f64([2], [0, 0]), runningVar: f64([2], [1, 1]), momentum: 0.1, eps: 1e-5 };
    const one = f64([1, 2], [1, 2]);
    expect(() => batchNorm(one, { ...options, training: true })).toThrow(
      "training needs more than one value per channel",
    );
    expect(values(batchNorm(one, { ...options, training: false, eps: 0 }))).toEqual([1, 2]);
    const three = f64([2, 3], [1, 2, 3, 4, 5, 6]);
    expect(() => batchNorm(three, { ...options, training: true })).toThrow(
      /^batchNorm\(float64 \[2, 3\], none, none, float64 \[2\], .*running_mean should contain 3 elements not 2/,
    );
  });
});

describe("classification", () => {
  const logits = random([5, 4], "logits");
  const labels = [3, 0, 2, 2, 1];
  const row = (r: number) => logits.slice(4 * r, 4 * r + 4);
  const logSum = (r: number) => Math.log(row(r).reduce((a, b) => a + Math.exp(b), 0));

  it("logSoftmax subtracts the log of the sum of exponentials", () => {
    expectClose(
      logSoftmax(f64([5, 4], logits), 1),
      logits.map((v, i) => v - logSum(Math.floor(i / 4))),
    );
  });

  it("crossEntropy is the mean or sum of -logSoftmax at the label", () => {
    const losses = labels.map((label, r) => logSum(r) - (row(r)[label] ?? 0));
    const sum = losses.reduce((a, b) => a + b, 0);
    expectClose(crossEntropy(f64([5, 4], logits), i64(labels)), [sum / 5]);
    expectClose(crossEntropy(f64([5, 4], logits), i64(labels), "sum"), [sum]);
  });

  it("correctCount counts rows whose largest logit is at the label", () => {
    const best = labels.map((_, r) => row(r).indexOf(Math.max(...row(r))));
    const count = correctCount(
      f64([5, 4], logits),
      i64([...best.slice(0, 3), ...best.slice(3).map((b) => (b + 1) % 4)]),
    );
    expect(count.dtype).toBe("int64");
    expect(count.item()).toBe(3);
  });

  it("refuses labels outside of [0, C) and of the wrong type", () => {
    expect(() => crossEntropy(f64([5, 4], logits), i64([0, 1, 2, 3, 4]))).toThrow(
      /crossEntropy\(.*Target 4 is out of bounds/,
    );
    expect(() => crossEntropy(f64([5, 4], logits), f64([5], labels))).toThrow(
      "expected logits [N, C] and int64 labels [N]",
    );
    expect(() => correctCount(f64([5, 4], logits), i64([1]))).toThrow("expected logits [N, C] and int64 labels [N]");
  });
});
