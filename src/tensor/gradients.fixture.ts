import { expect } from "vitest";
import { elementCount, type HostArray } from "../core/array.ts";
import { stream } from "../core/rng.ts";
import { noGrad, scope } from "./scope.ts";
import { Tensor } from "./tensor.ts";

export type Float64Host = Extract<HostArray, { dtype: "float64" }>;

/** Distinct values 0.05 apart or more, none nearer to 0 than 0.05, so that no kink (|x|, ReLU, max) lies within a step of h. */
export function separated(shape: readonly number[], name: string): Float64Host {
  const n = elementCount(shape);
  const order = stream(1, "separated", name).permutation(n);
  const data = Float64Array.from(order, (k) => (k - n / 2 + 0.5) * 0.1 + 0.001);
  return { dtype: "float64", shape, data };
}

/** Uniform in [0.5, 2): safe for log, sqrt and division. */
export function positive(shape: readonly number[], name: string): Float64Host {
  const draws = stream(2, "positive", name);
  const data = Float64Array.from({ length: elementCount(shape) }, () => 0.5 + 1.5 * draws.uniform());
  return { dtype: "float64", shape, data };
}

/** What a gradient is taken of. */
export type Fn = (...inputs: Tensor[]) => Tensor;

/** Sum of f's output, each element weighted differently so that no two errors cancel. */
function weighted(f: Fn, inputs: readonly Tensor[]): Tensor {
  const y = f(...inputs);
  const weights = Tensor.fromHost(positive(y.shape, "weights"));
  return y.mul(weights).sum();
}

/**
 * Compares backward() with central differences. With h = 1e-5 the truncation error is about h²·|f'''|/6 < 1e-9 and the rounding
 * error about 2^-53·|f|/h < 1e-9 for |f| < 100, so 1e-7 (relative above 1) leaves two orders of margin.
 */
export function checkGradients(f: Fn, arrays: readonly Float64Host[]): void {
  const h = 1e-5;
  const gradients = scope(() => {
    const inputs = arrays.map((array) => Tensor.fromHost(array).setRequiresGrad(true));
    weighted(f, inputs).backward();
    return inputs.map((input) => input.grad?.toHost().data);
  });
  const value = (changed: readonly Float64Host[]) =>
    scope(() =>
      noGrad(() =>
        weighted(
          f,
          changed.map((a) => Tensor.fromHost(a)),
        ).item(),
      ),
    );
  arrays.forEach((array, which) => {
    const gradient = gradients[which];
    expect(gradient, `gradient of input ${which}`).toBeDefined();
    for (let i = 0; i < array.data.length; i++) {
      const shifted = (by: number) =>
        arrays.map((a) => (a === array ? { ...a, data: a.data.map((v, k) => (k === i ? v + by : v)) } : a));
      const numeric = (value(shifted(h)) - value(shifted(-h))) / (2 * h);
      const got = Number(gradient?.[i]);
      const error = Math.abs(got - numeric);
      expect(error, `input ${which}[${i}]: ${got} against ${numeric}`).toBeLessThan(
        1e-7 * Math.max(1, Math.abs(numeric)),
      );
    }
  });
}
