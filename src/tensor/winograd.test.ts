import { createHash } from "node:crypto";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { elementCount } from "../core/array.ts";
import { stream } from "../core/rng.ts";
import { engineInfo, setThreads, setVariant, setWinograd } from "./engine.ts";
import { conv2d } from "./ops.ts";
import { scope } from "./scope.ts";
import { Tensor } from "./tensor.ts";

type Type = "float32" | "float64" | "bfloat16";

interface Case {
  readonly images: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly height: number;
  readonly width: number;
  readonly bias: boolean;
}

function random(shape: readonly number[], name: string, dtype: Type): Tensor {
  const draws = stream(0, "winograd", name);
  const data = Float64Array.from({ length: elementCount(shape) }, () => draws.normal());
  // Every type starts from numbers that bfloat16 can hold.
  return Tensor.fromHost({ dtype: "float64", shape, data }, { dtype: "bfloat16" }).to({ dtype }).detach();
}

/** Convolves and differentiates: output, gradient of x, of the weight, of the bias. bfloat16 has float32 weights. */
function run(c: Case, dtype: Type): readonly Float64Array[] {
  return scope(() => {
    const weights = dtype === "float64" ? "float64" : "float32";
    const x = random([c.images, c.inputs, c.height, c.width], "x", dtype).setRequiresGrad(true);
    const w = random([c.outputs, c.inputs, 3, 3], "w", weights).setRequiresGrad(true);
    const b = c.bias ? random([c.outputs], "b", weights).setRequiresGrad(true) : undefined;
    const y = conv2d(x, w, b, { padding: 1 });
    y.mul(random(y.shape, "dy", dtype))
      .sum()
      .backward();
    const results = [y, x.grad, w.grad, ...(b === undefined ? [] : [b.grad])];
    return results.map((t) => Float64Array.from(t?.to({ dtype: "float64" }).toHost().data ?? [], Number));
  });
}

/** sqrt(mean squared error / mean square). */
function relativeError(got: Float64Array = new Float64Array(), expected: Float64Array = new Float64Array()): number {
  const sum = (values: Float64Array) => values.reduce((s, v) => s + v * v, 0);
  return Math.sqrt(sum(expected.map((v, i) => v - (got[i] ?? Number.NaN))) / sum(expected));
}

/** Every bit of the results (their float64 values are exact). */
function bits(c: Case, dtype: Type): string {
  const hash = createHash("sha256");
  for (const values of run(c, dtype)) hash.update(values);
  return hash.digest("hex");
}

const sixteens = (most: number) => fc.integer({ min: 1, max: most }).map((n) => 16 * n);
const shapes = fc.record({
  images: fc.integer({ min: 1, max: 5 }),
  inputs: sixteens(5),
  outputs: sixteens(5),
  height: fc.integer({ min: 1, max: 3 }).map((n) => 4 * n),
  width: fc.integer({ min: 1, max: 3 }).map((n) => 4 * n),
  bias: fc.boolean(),
});
const twoByTwo = fc.record({
  images: fc.integer({ min: 1, max: 9 }),
  inputs: sixteens(5),
  outputs: sixteens(5),
  height: fc.constant(2),
  width: fc.constant(2),
  bias: fc.boolean(),
});

beforeEach(() => setWinograd(true));
afterEach(() => {
  setWinograd(false);
  setThreads(1);
});

describe("Winograd's convolution", () => {
  // Each of n products and sums rounds by at most 2^-24 of the sum so far, at random: sqrt(n)·2^-24 of the value for a direct
  // convolution with n = 9 · 80 products, or 144 · 5 for a weight. F(4x4, 3x3) multiplies the error by about 4, that of a weight by up to 12.
  const unit = Math.sqrt(9 * 80) * 2 ** -24;
  it.each([
    ["tiles of 4x4", shapes],
    ["images of 2x2", twoByTwo],
  ])("agrees with a direct convolution in float64: %s", (_, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, (c) => {
        const expected = run(c, "float64");
        for (const [k, values] of run(c, "float32").entries())
          expect(relativeError(values, expected[k]), `float32, result ${k}`).toBeLessThan((k < 2 ? 4 : 12) * unit);
        // Stored with 8 bits: the values are rounded once, the gradients of weight and bias come from rounded numbers.
        for (const [k, values] of run(c, "bfloat16").entries())
          expect(relativeError(values, expected[k]), `bfloat16, result ${k}`).toBeLessThan(k < 2 ? 2 ** -8.5 : 1e-5);
      }),
      { numRuns: 12 },
    );
  });

  const large: readonly Case[] = [
    { images: 9, inputs: 16, outputs: 16, height: 32, width: 32, bias: false },
    { images: 19, inputs: 64, outputs: 64, height: 8, width: 8, bias: true },
    { images: 7, inputs: 128, outputs: 240, height: 8, width: 4, bias: false },
    { images: 150, inputs: 256, outputs: 48, height: 2, width: 2, bias: false },
  ];
  it.each(large)("has the same bits over threads and instruction sets: $images x $inputs-$outputs @ $height", (c) => {
    for (const dtype of ["float32", "bfloat16"] as const) {
      setThreads(1);
      const one = bits(c, dtype);
      for (const threads of [2, 4]) {
        setThreads(threads);
        expect(bits(c, dtype), `${threads} threads`).toBe(one);
      }
      const { variant } = engineInfo();
      try {
        if (variant === "avx512") {
          setVariant("avx2");
          expect(bits(c, dtype), "avx2").toBe(one);
        }
      } finally {
        setVariant(variant);
      }
    }
  });

  const plain: Case = { images: 2, inputs: 32, outputs: 16, height: 8, width: 8, bias: false };

  it("is what computes, and is another rounding than libtorch's", () => {
    const winograd = run(plain, "float32");
    setWinograd(false);
    expect(run(plain, "float32")).not.toEqual(winograd);
  });

  // Channels that are no multiple of 16, sides that are no multiple of 4, and everything else that the kernels do not do.
  it.each([
    [15, 16, 8, 8, {}],
    [16, 17, 8, 8, {}],
    [16, 16, 6, 8, {}],
    [16, 16, 2, 4, {}],
    [16, 16, 1, 1, {}],
    [16, 16, 8, 8, { stride: 2 }],
    [16, 16, 8, 8, { padding: 0 }],
    [16, 16, 8, 8, { groups: 2 }],
    [16, 16, 8, 8, { dilation: 2 }],
  ])("leaves %i to %i channels of %ix%i with %o to libtorch", (inputs, outputs, height, width, options) => {
    const values = () =>
      scope(() => {
        const groups = "groups" in options ? options.groups : 1;
        const x = random([2, inputs, height, width], "x", "float32");
        const w = random([outputs, inputs / groups, 3, 3], "w", "float32");
        return Array.from<number | bigint, number>(
          conv2d(x, w, undefined, { padding: 1, ...options }).toHost().data,
          Number,
        );
      });
    const on = values();
    setWinograd(false);
    expect(values()).toEqual(on);
  });

  it("refuses an empty batch as libtorch does, by name", () => {
    const empty = () =>
      scope(() => conv2d(Tensor.zeros([0, 16, 8, 8]), Tensor.zeros([16, 16, 3, 3]), undefined, { padding: 1 }).shape);
    const on = outcome(empty);
    setWinograd(false);
    expect(outcome(empty)).toEqual(on);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])("shows a %d: its window is not finite, other tiles are", (bad) => {
    scope(() => {
      const data = Float32Array.from({ length: 8 * 8 * 16 }, (_, i) => (i === 5 * 8 + 6 ? bad : 1));
      const x = Tensor.fromHost({ dtype: "float32", shape: [1, 16, 8, 8], data });
      const y = conv2d(x, Tensor.full([16, 16, 3, 3], 1), undefined, { padding: 1 }).toHost().data;
      const finite = Array.from({ length: 64 }, (_, i) => Number.isFinite(Number(y[i])));
      for (let row = 0; row < 8; row++) {
        for (let column = 0; column < 8; column++) {
          const inWindow = Math.abs(row - 5) <= 1 && Math.abs(column - 6) <= 1;
          const near = Math.floor(row / 4) === 1 || row === 3;
          if (inWindow) expect(finite[row * 8 + column], `${row}, ${column}`).toBe(false);
          if (!near && column < 3) expect(finite[row * 8 + column], `${row}, ${column}`).toBe(true);
        }
      }
    });
  });

  it("takes denormal numbers as 0", () => {
    scope(() => {
      const y = conv2d(Tensor.full([1, 16, 4, 4], 1e-39), Tensor.full([16, 16, 3, 3], 1), undefined, { padding: 1 });
      expect(y.abs().sum().item() === 0).toBe(true);
      // The thread itself computes as before.
      expect(
        Tensor.full([1], 1e-39)
          .mul(Tensor.full([1], 1))
          .item(),
      ).toBeGreaterThan(0);
    });
  });
});

function outcome(f: () => unknown): unknown {
  try {
    return f();
  } catch (error) {
    return String(error);
  }
}
