import { describe, expect, it } from "vitest";
import { elementCount } from "../core/array.ts";
import { stream } from "../core/rng.ts";
import { setThreads } from "./engine.ts";
import { maxPool2d } from "./ops.ts";
import { scope } from "./scope.ts";
import { Tensor } from "./tensor.ts";

type Shape = readonly [number, number, number, number];

// Channels that fill vectors (64), fill them in part (20: one and a rest, 6, 1), odd sizes whose last row or column is in no window.
const shapes: readonly Shape[] = [
  [3, 20, 6, 9],
  [2, 6, 28, 28],
  [2, 1, 2, 2],
  [2, 64, 5, 5],
  [2, 33, 4, 7],
];

/** Few distinct values, so that many windows have their largest one more than once, and one NaN. */
function tied(shape: Shape): Float64Array {
  const draws = stream(3, "ties");
  const data = Float64Array.from({ length: elementCount(shape) }, () => draws.below(4) - 2);
  data[0] = Number.NaN;
  return data;
}

/** By the definition: the largest of each window, and the first of equal ones, row by row, gets the gradient. NaN is the largest. */
function expected(x: Float64Array, [n, c, height, width]: Shape): { values: number[]; gradient: number[] } {
  const values: number[] = [];
  const gradient = new Array<number>(x.length).fill(0);
  for (let plane = 0; plane < n * c; plane++) {
    for (let oy = 0; oy < Math.floor(height / 2); oy++) {
      for (let ox = 0; ox < Math.floor(width / 2); ox++) {
        const first = (plane * height + 2 * oy) * width + 2 * ox;
        const window = [first, first + 1, first + width, first + width + 1];
        const best = window.reduce((a, b) => ((x[b] ?? 0) > (x[a] ?? 0) || Number.isNaN(x[b]) ? b : a));
        values.push(x[best] ?? 0);
        gradient[best] = (values.length % 7) + 1;
      }
    }
  }
  return { values, gradient };
}

function run(data: Float64Array, shape: Shape, dtype: "float32" | "float64" | "bfloat16") {
  return scope(() => {
    const x = Tensor.fromHost({ dtype: "float64", shape, data }, { dtype }).setRequiresGrad(true);
    const y = maxPool2d(x, 2);
    const weights = Float64Array.from({ length: elementCount(y.shape) }, (_, i) => ((i + 1) % 7) + 1);
    y.mul(Tensor.fromHost({ dtype: "float64", shape: y.shape, data: weights }, { dtype }))
      .sum()
      .backward();
    const numbers = (t: Tensor | undefined) => Array.from(t?.to({ dtype: "float64" }).toHost().data ?? [], Number);
    return { values: numbers(y), gradient: numbers(x.grad) };
  });
}

describe.each(shapes)("max-pooling by two of [%i, %i, %i, %i]", (...shape) => {
  it("takes the largest; the gradient goes to the first of equal ones; in every type", () => {
    const data = tied(shape);
    for (const dtype of ["float32", "float64", "bfloat16"] as const) {
      expect(run(data, shape, dtype)).toEqual(expected(data, shape));
    }
  });

  it("gives the same bits with one thread and two", () => {
    setThreads(1);
    const one = run(tied(shape), shape, "float32");
    setThreads(2);
    expect(run(tied(shape), shape, "float32")).toEqual(one);
  });
});
