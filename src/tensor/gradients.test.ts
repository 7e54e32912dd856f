import { describe, expect, it } from "vitest";
import { checkGradients, type Float64Host, type Fn, positive, separated } from "./gradients.fixture.ts";
import {
  avgPool2d,
  batchNorm,
  conv2d,
  crossEntropy,
  globalAvgPool,
  linear,
  logSoftmax,
  maxPool2d,
  padChannels,
  subsample,
} from "./ops.ts";
import { noGrad, scope } from "./scope.ts";
import { Tensor } from "./tensor.ts";

const labels = () => Tensor.fromHost({ dtype: "int64", shape: [4], data: new BigInt64Array([2n, 0n, 1n, 2n]) });
const ones = (n: number) => Tensor.full([n], 1, { dtype: "float64" });
const statistics = (channels: number) => ({
  runningMean: Tensor.full([channels], 0.3, { dtype: "float64" }),
  runningVar: Tensor.full([channels], 1.7, { dtype: "float64" }),
});

const cases: readonly (readonly [string, Fn, readonly Float64Host[]])[] = [
  ["add, broadcast", (a, b) => a.add(b), [separated([2, 3], "a"), separated([3], "b")]],
  ["sub, broadcast", (a, b) => a.sub(b), [separated([2, 3], "a"), separated([2, 1], "b")]],
  ["mul, broadcast", (a, b) => a.mul(b), [separated([2, 3], "a"), separated([3], "b")]],
  ["div, broadcast", (a, b) => a.div(b), [separated([2, 3], "a"), positive([3], "b")]],
  ["numbers", (a) => a.add(2).sub(0.5).mul(3).div(0.7), [separated([5], "a")]],
  ["neg", (a) => a.neg(), [separated([5], "a")]],
  ["abs", (a) => a.abs(), [separated([5], "a")]],
  ["exp", (a) => a.exp(), [separated([5], "a")]],
  ["log", (a) => a.log(), [positive([5], "a")]],
  ["sqrt", (a) => a.sqrt(), [positive([5], "a")]],
  ["square", (a) => a.square(), [separated([5], "a")]],
  ["relu", (a) => a.relu(), [separated([6], "a")]],
  ["sum of some dimensions", (a) => a.square().sum([0, 2]), [separated([2, 3, 2], "a")]],
  ["sum of all", (a) => a.square().sum(), [separated([2, 3], "a")]],
  ["mean, dimensions kept", (a) => a.square().mean([1], true), [separated([2, 3], "a")]],
  ["mean of all", (a) => a.square().mean(), [separated([2, 3], "a")]],
  ["matmul", (a, b) => a.matmul(b), [separated([2, 3], "a"), separated([3, 4], "b")]],
  ["reshape", (a) => a.reshape([3, -1]).square(), [separated([2, 6], "a")]],
  ["flatten", (a) => a.flatten(1).square(), [separated([2, 2, 2, 2], "a")]],
  ["transpose", (a) => a.transpose(0, 1).square(), [separated([2, 3], "a")]],
  ["narrow", (a) => a.narrow(1, 1, 2).square(), [separated([2, 4], "a")]],
  [
    "indexSelect with repeats",
    (a) => a.indexSelect(0, Tensor.fromHost({ dtype: "int64", shape: [3], data: new BigInt64Array([2n, 0n, 2n]) })),
    [separated([3, 2], "a")],
  ],
  [
    "clone and contiguous",
    (a) => a.clone().contiguous("channels-last").contiguous().square(),
    [separated([1, 2, 2, 2], "a")],
  ],
  ["to another type and back", (a) => a.to({ dtype: "float64", device: "cpu" }).square(), [separated([3], "a")]],
  ["linear", (x, w, b) => linear(x, w, b), [separated([2, 3], "x"), separated([4, 3], "w"), separated([4], "b")]],
  [
    "conv2d, stride and padding",
    (x, w, b) => conv2d(x, w, b, { stride: 2, padding: 1 }),
    [separated([2, 2, 5, 4], "x"), positive([3, 2, 3, 3], "w"), positive([3], "b")],
  ],
  [
    "conv2d, depthwise",
    (x, w) => conv2d(x, w, undefined, { padding: 1, groups: 3 }),
    [separated([1, 3, 4, 4], "x"), positive([3, 1, 3, 3], "w")],
  ],
  [
    "conv2d, dilation, unequal axes",
    (x, w) => conv2d(x, w, undefined, { dilation: [2, 1], stride: [1, 2], padding: [2, 0] }),
    [separated([1, 2, 5, 5], "x"), positive([2, 2, 3, 2], "w")],
  ],
  ["maxPool2d", (x) => maxPool2d(x, 2), [separated([1, 2, 4, 4], "x")]],
  ["maxPool2d, overlapping, padded", (x) => maxPool2d(x, 3, 2, 1), [separated([1, 2, 5, 5], "x")]],
  ["avgPool2d, padded", (x) => avgPool2d(x, 3, 2, 1).square(), [separated([1, 2, 5, 5], "x")]],
  ["globalAvgPool", (x) => globalAvgPool(x).square(), [separated([2, 3, 2, 3], "x")]],
  [
    "batchNorm, training, 4-D",
    (x, w, b) =>
      batchNorm(x, { weight: w, bias: b, ...statistics(3), training: true, momentum: 0.1, eps: 1e-5 }).square(),
    [separated([2, 3, 3, 2], "x"), positive([3], "w"), separated([3], "b")],
  ],
  [
    "batchNorm, training, 2-D",
    (x, w, b) =>
      batchNorm(x, { weight: w, bias: b, ...statistics(3), training: true, momentum: 0.1, eps: 1e-5 }).square(),
    [separated([5, 3], "x"), positive([3], "w"), separated([3], "b")],
  ],
  [
    "batchNorm, evaluation",
    (x, w, b) =>
      batchNorm(x, { weight: w, bias: b, ...statistics(3), training: false, momentum: 0.1, eps: 1e-5 }).square(),
    [separated([2, 3, 2, 2], "x"), positive([3], "w"), separated([3], "b")],
  ],
  [
    "batchNorm without parameters",
    (x) => batchNorm(x, { ...statistics(2), training: true, momentum: 0.1, eps: 1e-5 }).square(),
    [separated([4, 2], "x")],
  ],
  ["padChannels", (x) => padChannels(x, 1, 2).square(), [separated([1, 2, 2, 2], "x")]],
  ["subsample", (x) => subsample(x, 2).square(), [separated([1, 2, 5, 4], "x")]],
  ["logSoftmax", (x) => logSoftmax(x, 1), [separated([2, 3], "x")]],
  ["crossEntropy, mean", (x) => crossEntropy(x, labels()), [separated([4, 3], "x")]],
  ["crossEntropy, sum", (x) => crossEntropy(x, labels(), "sum"), [separated([4, 3], "x")]],
];

describe("gradients agree with central differences in float64", () => {
  it.each(cases)("%s", (_, f, arrays) => checkGradients(f, arrays));
});

describe("gradients in float32", () => {
  // oneDNN computes these in float32, libtorch's own loops in float64: two implementations.
  it("of a convolution agree with float64 to float32's precision", () => {
    const x = separated([4, 8, 9, 9], "x");
    const w = separated([16, 8, 3, 3], "w");
    const gradients = (["float32", "float64"] as const).map((dtype) =>
      scope(() => {
        const inputs = [x, w].map((array) =>
          Tensor.fromHost(array, { dtype }).mul(0.01).detach().setRequiresGrad(true),
        );
        const [image, weight] = inputs;
        if (image === undefined || weight === undefined) throw new Error("two inputs");
        conv2d(image, weight, undefined, { padding: 1, stride: 2 }).square().sum().backward();
        return inputs.map((input) => Array.from(input.grad?.toHost().data ?? [], Number));
      }),
    );
    const [single, double] = gradients;
    double?.forEach((expected, which) => {
      // A sum of at most 4·81·16 products: rounding errors of 2^-24 each add up like a random walk, far below 1e-5 of the largest.
      const scale = Math.max(...expected.map(Math.abs));
      expect(scale).toBeGreaterThan(0);
      for (const [i, value] of expected.entries()) {
        expect(Math.abs((single?.[which]?.[i] ?? Number.NaN) - value) / scale).toBeLessThan(1e-5);
      }
    });
  });
});

describe("recording", () => {
  it("sums gradients until zeroGrad()", () => {
    scope(() => {
      const x = ones(2).setRequiresGrad(true);
      x.mul(3).sum().backward();
      x.mul(4).sum().backward();
      expect(x.grad?.toHost().data).toEqual(new Float64Array([7, 7]));
      x.zeroGrad();
      expect(x.grad).toBeUndefined();
    });
  });

  it("stops at detach() and inside noGrad(), also when that throws", () => {
    scope(() => {
      const x = ones(2).setRequiresGrad(true);
      expect(x.mul(2).requiresGrad).toBe(true);
      expect(x.mul(2).detach().requiresGrad).toBe(false);
      expect(noGrad(() => x.mul(2).requiresGrad)).toBe(false);
      const fail = () =>
        noGrad(() => {
          throw new Error("inside");
        });
      expect(fail).toThrow("inside");
      expect(x.mul(2).requiresGrad).toBe(true);
    });
  });

  it("refuses backward() without a record, of many elements, and gradients of results", () => {
    scope(() => {
      const x = ones(2).setRequiresGrad(true);
      expect(() => ones(1).backward()).toThrow(/^backward\(float64 \[1\]\): no gradient was recorded/);
      expect(() => x.mul(2).backward()).toThrow("needs a tensor with exactly one element");
      expect(() => x.mul(2).setRequiresGrad(false)).toThrow("for leaves only");
      expect(x.mul(2).grad).toBeUndefined();
    });
  });
});
