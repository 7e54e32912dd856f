import { afterEach, describe, expect, it } from "vitest";
import { elementCount } from "../core/array.ts";
import { stream } from "../core/rng.ts";
import { setOwnKernels } from "./engine.ts";
import { type BatchNormOptions, batchNorm, batchNormAdd, batchNormRelu, conv2d, maxPool2d } from "./ops.ts";
import { scope } from "./scope.ts";
import { Tensor } from "./tensor.ts";

type Type = "float32" | "float64" | "bfloat16";

afterEach(() => setOwnKernels(true));

/** Normal numbers that every type holds exactly. */
function random(shape: readonly number[], name: string, dtype: Type): Tensor {
  const draws = stream(4, "own-kernels", name);
  const data = Float64Array.from({ length: elementCount(shape) }, () => Math.round(16 * draws.normal()) / 16);
  return Tensor.fromHost({ dtype: "float64", shape, data }, { dtype }).setRequiresGrad(true);
}

interface Inputs {
  readonly dtype: Type;
  readonly x: Tensor;
  readonly residual: Tensor;
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly runningMean: Tensor;
  readonly runningVar: Tensor;
}

const shape = [4, 20, 7, 6];

function normalisation({ weight, bias, runningMean, runningVar }: Inputs, training = true): BatchNormOptions {
  return { weight, bias, runningMean, runningVar, training, momentum: 0.1, eps: 1e-5 };
}

const operations: readonly (readonly [string, (inputs: Inputs) => Tensor])[] = [
  ["batch-norm", (i) => batchNorm(i.x, normalisation(i))],
  ["batch-norm in evaluation", (i) => batchNorm(i.x, normalisation(i, false))],
  ["batch-norm + residual", (i) => batchNormAdd(i.x, normalisation(i), i.residual)],
  ["batch-norm + ReLU", (i) => batchNormRelu(i.x, normalisation(i))],
  ["batch-norm + residual + ReLU", (i) => batchNormRelu(i.x, normalisation(i), i.residual)],
  [
    "depthwise convolution",
    (i) => conv2d(i.x, random([20, 1, 3, 3], "w", i.dtype), undefined, { padding: 1, groups: 20 }),
  ],
  [
    "depthwise convolution of stride 2",
    (i) => conv2d(i.x, random([20, 1, 3, 3], "w", i.dtype), undefined, { stride: 2, padding: 1, groups: 20 }),
  ],
  ["max-pooling by two", (i) => maxPool2d(i.x, 2)],
];

/** Output, gradients of all inputs that have one, running statistics. */
function run(operation: (inputs: Inputs) => Tensor, dtype: Type): readonly (readonly number[])[] {
  return scope(() => {
    const parameters = dtype === "bfloat16" ? "float32" : dtype;
    const inputs: Inputs = {
      dtype,
      x: random(shape, "x", dtype),
      residual: random(shape, "residual", dtype),
      weight: random([20], "weight", parameters),
      bias: random([20], "bias", parameters),
      runningMean: Tensor.full([20], 0.25, { dtype: parameters }),
      runningVar: Tensor.full([20], 1.75, { dtype: parameters }),
    };
    const y = operation(inputs);
    y.mul(random(y.shape, "dy", dtype).detach())
      .sum()
      .backward();
    const { x, residual, weight, bias, runningMean, runningVar } = inputs;
    const gradients = [x, residual, weight, bias].flatMap(({ grad }) => grad ?? []);
    return [y, ...gradients, runningMean, runningVar].map((t) =>
      Array.from(t.to({ dtype: "float64" }).toHost().data, Number),
    );
  });
}

describe.each(operations)("libtorch's operations, in place of our kernel for %s", (_, operation) => {
  // A few hundred terms; bfloat16 rounds every intermediate result of a composition to 2^-8, ours only the last one.
  it.each([
    ["float64", 1e-12],
    ["float32", 1e-4],
    ["bfloat16", 0.03],
  ] as const)("agree in %s, values, gradients and statistics", (dtype, tolerance) => {
    const ours = run(operation, dtype);
    setOwnKernels(false);
    const theirs = run(operation, dtype);
    expect(theirs.length).toBe(ours.length);
    for (const [which, values] of ours.entries()) {
      const differences = values.map((v, i) => Math.abs(v - (theirs[which]?.[i] ?? Number.NaN)));
      // In bfloat16 a ReLU may fall on the other side of its kink, which changes a whole element of a gradient: then the mean.
      const mean = (numbers: readonly number[]) => numbers.reduce((sum, v) => sum + Math.abs(v), 0) / numbers.length;
      const worst = dtype === "bfloat16" ? mean(differences) : Math.max(...differences);
      const scale = dtype === "bfloat16" ? mean(values) : Math.max(...values.map(Math.abs));
      expect(worst, `result ${which}`).toBeLessThanOrEqual(tolerance * scale);
    }
  });
});

it("switching our kernels off has an effect: the sums are taken in another order", () => {
  const [, operation] = operations[0] ?? [];
  if (operation === undefined) throw new Error("no operation");
  const ours = run(operation, "float32");
  setOwnKernels(false);
  expect(run(operation, "float32")).not.toEqual(ours);
});
