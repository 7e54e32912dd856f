import { describe, expect, it } from "vitest";
import { elementCount, type HostArray } from "../core/array.ts";
import { stream } from "../core/rng.ts";
import { conv2d, globalAvgPool, linear, padChannels, subsample } from "./ops.ts";
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

describe("elementwise, reductions, shapes", () => {
  const a = [1, -2, 3, -4, 5, -6];
  const b = [0.5, 2, -1];

  it("linear and matmul are the naive sums", () => {
    const x = random([3, 4], "x");
    const w = random([2, 4], "w");
    const product = [0, 1, 2].flatMap((n) =>
      [0, 1].map((o) => [0, 1, 2, 3].reduce((s, i) => s + (x[4 * n + i] ?? 0) * (w[4 * o + i] ?? 0), 0)),
    );
    expectClose(f64([3, 4], x).matmul(f64([2, 4], w).transpose(0, 1)), product);
    expectClose(
      linear(f64([3, 4], x), f64([2, 4], w), f64([2], [1, 2])),
      product.map((v, i) => v + 1 + (i % 2)),
    );
  });

  it("linear in float32 is the same product, for transposed inputs too", () => {
    const x = random([30, 50], "x");
    const w = random([70, 50], "w");
    const expected = x.flatMap((_, k) =>
      k % 50 !== 0
        ? []
        : Array.from({ length: 70 }, (_, o) => x.slice(k, k + 50).reduce((s, v, i) => s + v * (w[50 * o + i] ?? 0), 0)),
    );
    const single = { dtype: "float32" } as const;
    const weight = f64([70, 50], w).to(single);
    const bias = Tensor.zeros([70]);
    // 50 products of size 1 in float32: errors of 2^-24 each, at most 50 of them, on sums below 50
    expectClose(linear(f64([30, 50], x).to(single), weight, bias), expected, 1e-4);
    expectClose(
      linear(f64([30, 50], x).to(single).transpose(0, 1).contiguous().transpose(0, 1), weight),
      expected,
      1e-4,
    );
    expect(() => linear(Tensor.zeros([2, 3]), weight)).toThrow(
      /^linear\(float32 \[2, 3\], float32 \[70, 50\], none\): /,
    );
    expect(linear(Tensor.zeros([0, 50]), weight).shape).toEqual([0, 70]);
  });

  it("binary operations broadcast", () => {
    const left = f64([2, 3], a);
    const right = f64([3], b);
    expect(values(left.add(right))).toEqual(a.map((v, i) => v + (b[i % 3] ?? 0)));
    expect(values(left.sub(right))).toEqual(a.map((v, i) => v - (b[i % 3] ?? 0)));
    expect(values(left.mul(right))).toEqual(a.map((v, i) => v * (b[i % 3] ?? 0)));
    expect(values(left.div(right))).toEqual(a.map((v, i) => v / (b[i % 3] ?? 0)));
    expect(values(left.equal(f64([3], [1, -2, 0])))).toEqual([1, 1, 0, 0, 0, 0]);
  });

  it("unary operations", () => {
    const x = f64([6], a);
    expect(values(x.neg())).toEqual(a.map((v) => -v));
    expect(values(x.abs())).toEqual(a.map(Math.abs));
    expect(values(x.square())).toEqual(a.map((v) => v * v));
    expect(values(x.relu())).toEqual(a.map((v) => Math.max(v, 0)));
    expect(values(x.square().sqrt())).toEqual(a.map(Math.abs));
    expectClose(x.exp(), a.map(Math.exp), 1e-11);
    expectClose(x.exp().log(), a);
  });

  it("a number keeps the tensor's type: whole numbers keep integers", () => {
    expect(values(i64([1, 2]).mul(3).add(1).sub(2))).toEqual([2, 5]);
    expect(i64([1, 2]).mul(3).dtype).toBe("int64");
    expect(f64([1], [1]).mul(3).dtype).toBe("float64");
    expect(values(i64([1, 2]).div(2))).toEqual([0.5, 1]);
  });

  it("reductions", () => {
    const x = f64([2, 3], a);
    expect(values(x.sum())).toEqual([-3]);
    expect(values(x.sum([0]))).toEqual([-3, 3, -3]);
    expect(x.sum([0], true).shape).toEqual([1, 3]);
    expect(values(x.mean([1]))).toEqual([2 / 3, -5 / 3]);
    expect(values(x.argmax(1))).toEqual([2, 1]);
    expect(x.argmax(1).dtype).toBe("int64");
  });

  it("shapes and slices", () => {
    const x = f64([2, 3], a);
    expect(values(x.transpose(0, 1))).toEqual([1, -4, -2, 5, 3, -6]);
    expect(values(x.reshape([3, -1]).transpose(0, 1))).toEqual([1, 3, 5, -2, -4, -6]);
    expect(values(x.narrow(1, 1, 2))).toEqual([-2, 3, 5, -6]);
    expect(values(x.indexSelect(1, i64([2, 0])))).toEqual([3, 1, -6, -4]);
    expect(x.reshape([1, 2, 3, 1]).flatten(1).shape).toEqual([1, 6]);
  });

  it("padChannels and subsample make ResNet's parameter-free shortcut", () => {
    const shape = [1, 2, 3, 3];
    const x = f64(
      shape,
      Array.from({ length: 18 }, (_, i) => i + 1),
    );
    const y = padChannels(subsample(x, 2), 1, 1);
    expect(y.shape).toEqual([1, 4, 2, 2]);
    expect(values(y)).toEqual([0, 0, 0, 0, 1, 3, 7, 9, 10, 12, 16, 18, 0, 0, 0, 0]);
  });
});

describe("errors name the operation, the shapes, the cause and the caller", () => {
  const cases: [string, () => unknown, RegExp][] = [
    [
      "conv2d",
      () => conv2d(f64([1, 3, 4, 4], new Array(48)), f64([2, 4, 3, 3], new Array(72))),
      /^conv2d\(float64 \[1, 3, 4, 4\], float64 \[2, 4, 3, 3\], none, .*\): .*to have 4 channels/s,
    ],
    [
      "matmul",
      () => f64([2, 3], [1, 2, 3, 4, 5, 6]).matmul(f64([2, 2], [1, 2, 3, 4])),
      /^matmul\(float64 \[2, 3\], float64 \[2, 2\]\): mat1 and mat2/,
    ],
    [
      "add",
      () => f64([2], [1, 2]).add(f64([3], [1, 2, 3])),
      /^add\(float64 \[2\], float64 \[3\]\): The size of tensor a/,
    ],
    ["reshape", () => f64([2], [1, 2]).reshape([3]), /^reshape\(float64 \[2\], \[3\]\): shape '\[3\]' is invalid/],
    ["narrow", () => f64([2], [1, 2]).narrow(0, 1, 5), /^narrow\(float64 \[2\], 0, 1, 5\): /],
    [
      "subsample",
      () => subsample(f64([2], [1, 2]), 2),
      /^subsample\(float64 \[2\], 2\): expected a tensor of shape \[N, C, H, W\]/,
    ],
    [
      "padChannels",
      () => padChannels(f64([1, 1, 1, 1], [1]), -1, 0),
      /^padChannels\(.*the padding must not be negative/,
    ],
    [
      "globalAvgPool",
      () => globalAvgPool(f64([2], [1, 2])),
      /^globalAvgPool\(float64 \[2\]\): expected a tensor of shape/,
    ],
  ];
  it.each(cases)("%s", (_, fail, message) => {
    let caught: unknown;
    try {
      fail();
    } catch (error) {
      caught = error;
    }
    if (!(caught instanceof Error)) throw new Error("nothing was thrown");
    expect(caught.message).toMatch(message);
    expect(caught.message).not.toMatch(/Exception raised from|frame #/);
    expect(caught.name).toBe("RunError");
    expect(caught.stack).toContain("arithmetic.test.ts");
  });

  it("keeps HostArray's types apart", () => {
    const wrong: HostArray = { dtype: "float64", shape: [3], data: new Float64Array(2) };
    expect(() => Tensor.fromHost(wrong)).toThrow("shape [3] does not hold 2 elements");
  });
});
