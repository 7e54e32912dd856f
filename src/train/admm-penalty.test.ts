import { describe, expect, it } from "vitest";
import type { HostArray, StateDict } from "../core/array.ts";
import { stream } from "../core/rng.ts";
import { kaimingUniform } from "../nn/init.ts";
import { type Cost, Module } from "../nn/module.ts";
import { Parameter } from "../nn/variable.ts";
import { type AdmmSchedule, AdmmState } from "../pruners/admm.ts";
import { scope } from "../tensor/scope.ts";
import { Tensor } from "../tensor/tensor.ts";
import { AdmmPenalty } from "./admm.ts";
import { Optimizer } from "./optimizer.ts";

const float64 = { device: "cpu", dtype: "float64" } as const;

function numbers(array: HostArray | undefined): number[] {
  return Array.from<number | bigint>(array?.data ?? []).map(Number);
}

function normals(name: string, length: number): number[] {
  const draws = stream(4, "admm test", name);
  return Array.from({ length }, () => draws.normal());
}

function fc(values: readonly number[]): StateDict {
  return new Map([["weight", { dtype: "float64", shape: [1, values.length], data: Float64Array.from(values) }]]);
}

/** A linear layer of one output without bias. */
class Coefficients extends Module {
  readonly weight: Parameter;

  constructor(size: number) {
    super();
    this.weight = new Parameter([1, size], kaimingUniform(size), "linear");
  }

  override forward(x: Tensor): Tensor {
    return x.matmul(this.weight.tensor.transpose(0, 1));
  }

  override cost(): Cost {
    return { macs: 0, shape: [1] };
  }
}

/** Such a layer and its ADMM. */
function linear(weights: readonly number[], sparsity: number, schedule: AdmmSchedule) {
  const model = new Coefficients(weights.length);
  model.load(fc(weights), float64);
  const start = { weights: fc(weights), layers: ["weight"], sparsity, schedule, dtype: "float64" } as const;
  const state = new AdmmState(start);
  return { model, state, penalty: new AdmmPenalty(state, "cpu") };
}

describe("the penalty", () => {
  it("adds the gradient that finite differences of rho/2·||W - Z + U||² give, on top of what is there", () => {
    const schedule = { rho: 0.3, growth: 5, epochsPerStage: 1 };
    const { model, state, penalty } = linear(normals("w", 9), 0.4, schedule);
    state.endEpoch(1, fc(normals("w later", 9))); // U is not 0 from here on
    penalty.refresh();
    const w = normals("w now", 9);
    model.load(fc(w), float64);
    const { z, u } = {
      z: numbers(state.toStateDict().get("z.weight")),
      u: numbers(state.toStateDict().get("u.weight")),
    };
    const value = (at: readonly number[]) =>
      (1.5 / 2) * at.reduce((sum, x, i) => sum + (x - (z[i] ?? 0) + (u[i] ?? 0)) ** 2, 0);
    const x = normals("x", 9);
    scope(() => {
      const input = Tensor.fromHost({ dtype: "float64", shape: [1, 9], data: Float64Array.from(x) });
      model.forward(input).sum().backward(); // its gradient is x
      penalty.addGradients(model, 1);
    });
    const found = scope(() => numbers(model.weight.tensor.grad?.toHost()));
    const h = 1e-4;
    for (const [i, gradient] of found.entries()) {
      const moved = (step: number) => value(w.map((at, j) => (i === j ? at + step : at)));
      // Central differences of a quadratic are exact but for rounding, 1e-16 / h.
      expect(gradient - (x[i] ?? 0)).toBeCloseTo((moved(h) - moved(-h)) / (2 * h), 9);
    }
    penalty.dispose();
    model.dispose();
  });
});

describe("linear regression with an orthogonal design", () => {
  it("gives the best s-sparse support: the largest least-squares coefficients", () => {
    // The columns of a 16 × 16 Hadamard matrix over 4 are orthonormal: least squares is Xᵀy.
    const size = 16;
    const bits = (n: number) => n.toString(2).replaceAll("0", "").length;
    const design = Array.from({ length: size }, (_, i) =>
      Array.from({ length: size }, (_, j) => (bits(i & j) % 2 === 0 ? 0.25 : -0.25)),
    );
    const y = normals("y", size);
    const leastSquares = design.map((_, j) => design.reduce((sum, row, i) => sum + (row[j] ?? 0) * (y[i] ?? 0), 0));
    const kept = leastSquares
      .map((_, j) => j)
      .sort((i, j) => Math.abs(leastSquares[j] ?? 0) - Math.abs(leastSquares[i] ?? 0))
      .slice(0, 6);
    const start = normals("start", size); // whose own largest weights are others
    const schedule = { rho: 1e-3, growth: 10, epochsPerStage: 8 };
    const { model, state, penalty } = linear(start, 10 / 16, schedule);
    const sgd = { lr: 0.01, momentum: 0.9, weightDecay: 0, nesterov: false };
    const optimizer = new Optimizer(model, sgd, float64);
    let residual = 1;
    for (let epoch = 0; epoch < 40; epoch++) {
      for (let step = 0; step < 100; step++)
        scope(() => {
          const x = Tensor.fromHost({ dtype: "float64", shape: [size, size], data: Float64Array.from(design.flat()) });
          const target = Tensor.fromHost({ dtype: "float64", shape: [size, 1], data: Float64Array.from(y) });
          model.forward(x).sub(target).square().sum().mul(0.5).backward();
          penalty.addGradients(model, epoch);
          optimizer.step(sgd.lr, epoch === 0 && step === 0);
        });
      residual = state.endEpoch(epoch + 1, model.stateDict())?.residuals.weight ?? Number.NaN;
      penalty.refresh();
    }
    const keep = [...state.mask(model.stateDict()).keep("weight")];
    expect(keep).toEqual(leastSquares.map((_, j) => Number(kept.includes(j))));
    const startOrder = start.map((_, j) => j).sort((i, j) => Math.abs(start[j] ?? 0) - Math.abs(start[i] ?? 0));
    expect(new Set(startOrder.slice(0, 6))).not.toEqual(new Set(kept));
    expect(residual).toBeLessThan(0.05);
    optimizer.dispose();
    penalty.dispose();
    model.dispose();
  });
});
