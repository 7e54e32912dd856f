import { describe, expect, it } from "vitest";
import { elementCount } from "../core/array.ts";
import { stream } from "../core/rng.ts";
import { setThreads } from "./engine.ts";
import { checkGradients, type Fn, positive, separated } from "./gradients.fixture.ts";
import { conv2d } from "./ops.ts";
import { scope } from "./scope.ts";
import { Tensor } from "./tensor.ts";

type Type = "float32" | "float64" | "bfloat16";

function random(shape: readonly number[], name: string, dtype: Type): Tensor {
  const draws = stream(0, "depthwise", name);
  const data = Float64Array.from({ length: elementCount(shape) }, () => draws.normal());
  // Every type starts from numbers that bfloat16 can hold.
  return Tensor.fromHost({ dtype: "float64", shape, data }, { dtype: "bfloat16" }).to({ dtype }).detach();
}

interface Case {
  /** [N, C, H, W] */
  readonly shape: readonly [number, number, number, number];
  readonly stride: number;
  readonly padding: number;
}

// 37 channels: two vectors of float32 and five left over. Odd and even sizes: with stride 2 the last row or column may go unused.
const cases: readonly Case[] = [
  { shape: [3, 37, 8, 7], stride: 1, padding: 1 },
  { shape: [3, 37, 8, 7], stride: 2, padding: 1 },
  { shape: [2, 16, 5, 6], stride: 2, padding: 0 },
  { shape: [2, 3, 6, 5], stride: 1, padding: 0 },
  { shape: [5, 32, 1, 1], stride: 1, padding: 1 },
  { shape: [5, 32, 2, 3], stride: 2, padding: 1 },
];

/** Convolves and differentiates. Returns output, gradient of x, gradient of the weight. */
function run(f: Fn, { shape }: Case, dtype: Type): readonly (readonly number[])[] {
  return scope(() => {
    const x = random(shape, "x", dtype).setRequiresGrad(true);
    const w = random([shape[1], 1, 3, 3], "w", dtype === "bfloat16" ? "float32" : dtype).setRequiresGrad(true);
    const y = f(x, w);
    y.mul(random(y.shape, "dy", dtype))
      .sum()
      .backward();
    return [y, x.grad, w.grad].map((t) => Array.from(t?.to({ dtype: "float64" }).toHost().data ?? [], Number));
  });
}

const none = Tensor.zeros([1]);

describe.each(cases)("depthwise convolution, $shape, stride $stride, padding $padding", (settings) => {
  const { shape, stride, padding } = settings;
  const ours: Fn = (x = none, w = none) => conv2d(x, w, undefined, { stride, padding, groups: shape[1] });
  // A bias is libtorch's own: an independent implementation.
  const libtorch: Fn = (x = none, w = none) =>
    conv2d(x, w, Tensor.zeros([shape[1]], { dtype: w.dtype as Type }), { stride, padding, groups: shape[1] });

  it("agrees with libtorch's, values and gradients", () => {
    const expected = run(libtorch, settings, "float64");
    // Sums of at most 9 products, or 3·56 for a weight; bfloat16 is rounded once at the end: half a unit in the last of 8 bits.
    for (const [dtype, tolerance] of [
      ["float64", 1e-13],
      ["float32", 3e-6],
      ["bfloat16", 2 ** -8],
    ] as const) {
      const got = run(ours, settings, dtype);
      for (const [which, values] of expected.entries()) {
        const scale = Math.max(...values.map(Math.abs));
        const worst = Math.max(...values.map((v, i) => Math.abs(v - (got[which]?.[i] ?? Number.NaN))));
        expect(worst / scale, `${dtype}, result ${which}`).toBeLessThan(tolerance);
      }
    }
  });

  it("gives the same bits with one thread and two", () => {
    setThreads(1);
    const one = run(ours, settings, "float32");
    setThreads(2);
    expect(run(ours, settings, "float32")).toEqual(one);
  });
});

describe("depthwise convolution", () => {
  it.each([1, 2])("agrees with central differences in float64, stride %i", (stride) => {
    const f: Fn = (x = none, w = none) => conv2d(x, w, undefined, { stride, padding: 1, groups: 9 });
    checkGradients(f, [separated([1, 9, 4, 3], "x"), positive([9, 1, 3, 3], "w")]);
  });

  it("shows a NaN in the pixels whose window has it, and in no other", () => {
    scope(() => {
      const data = Float32Array.from({ length: 16 * 16 }, (_, i) => (i === 16 * 3 + 5 ? Number.NaN : 1));
      const x = Tensor.fromHost({ dtype: "float32", shape: [1, 16, 4, 4], data });
      const y = conv2d(x, Tensor.full([16, 1, 3, 3], 1), undefined, { padding: 1, groups: 16 }).toHost().data;
      const bad = Array.from(y, Number).flatMap((v, i) => (Number.isNaN(v) ? [i - 48] : []));
      expect(bad).toEqual([0, 1, 2, 4, 5, 6, 8, 9, 10]);
    });
  });
});
