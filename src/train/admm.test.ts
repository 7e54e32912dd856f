import { describe, expect, it } from "vitest";
import type { HostArray, StateDict } from "../core/array.ts";
import { InputError } from "../core/errors.ts";
import { stream } from "../core/rng.ts";
import { decodeSafetensors, encodeSafetensors } from "../core/safetensors.ts";
import { keptCount } from "../masks/counts.ts";
import { initialWeights, kaimingUniform } from "../nn/init.ts";
import { type Cost, Module } from "../nn/module.ts";
import { Parameter } from "../nn/variable.ts";
import { AdmmState } from "../pruners/admm.ts";
import { bytesInUse } from "../tensor/engine.ts";
import { scope } from "../tensor/scope.ts";
import { Tensor } from "../tensor/tensor.ts";
import { type AdmmCheckpoint, type AdmmJob, type AdmmOutcome, AdmmPenalty, pruneByAdmm } from "./admm.ts";
import { decodeAdmmCheckpoint, encodeAdmmCheckpoint } from "./admm-checkpoint.ts";
import { encodeCheckpoint } from "./checkpoint.ts";
import { naiveTraining } from "./naive.fixture.ts";
import { Optimizer } from "./optimizer.ts";
import { ConvNet, Perceptron, toyData, toyRecipe } from "./toy.fixture.ts";

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
function linear(weights: readonly number[], sparsity: number, schedule: AdmmJob["schedule"]) {
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

/** ADMM in plain arrays, from the paper's words: sort, cut, add up. */
class NaiveAdmm {
  readonly rho: (epoch: number) => number;
  readonly z = new Map<string, number[]>();
  readonly u = new Map<string, number[]>();
  readonly residuals: Record<string, number>[] = [];
  readonly #kept: (size: number) => number;
  readonly #schedule: AdmmJob["schedule"];

  constructor(start: ReadonlyMap<string, readonly number[]>, sparsity: number, schedule: AdmmJob["schedule"]) {
    this.rho = (epoch) => schedule.rho * schedule.growth ** Math.floor(epoch / schedule.epochsPerStage);
    this.#kept = (size) => keptCount(size, sparsity);
    this.#schedule = schedule;
    for (const [name, w] of start) {
      this.z.set(name, this.project(w));
      this.u.set(
        name,
        w.map(() => 0),
      );
    }
  }

  project(values: readonly number[]): number[] {
    const order = values.map((_, i) => i).sort((i, j) => Math.abs(values[j] ?? 0) - Math.abs(values[i] ?? 0) || i - j);
    const kept = new Set(order.slice(0, this.#kept(values.length)));
    return values.map((value, i) => (kept.has(i) ? value : 0));
  }

  gradient(name: string, i: number, w: number, epoch: number): number {
    const [z, u] = [this.z.get(name)?.[i], this.u.get(name)?.[i]];
    return z === undefined || u === undefined ? 0 : this.rho(epoch) * (w - z + u);
  }

  endEpoch(epoch: number, weights: ReadonlyMap<string, readonly number[]>): void {
    const residuals: Record<string, number> = {};
    for (const [name, u] of this.u) {
      const w = weights.get(name) ?? [];
      const z = this.project(w.map((value, i) => value + (u[i] ?? 0)));
      const growth = epoch % this.#schedule.epochsPerStage === 0 ? this.#schedule.growth : 1;
      this.z.set(name, z);
      this.u.set(
        name,
        u.map((value, i) => (value + (w[i] ?? 0) - (z[i] ?? 0)) / growth),
      );
      const norm = (values: readonly number[]) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
      residuals[name] = norm(w.map((value, i) => value - (z[i] ?? 0))) / norm(w);
    }
    this.residuals.push(residuals);
  }
}

describe("pruneByAdmm", () => {
  it("agrees with plain loops in float64: losses, residuals and the mask, over two stages", async () => {
    const data = toyData({ shape: [2, 3, 4], classes: 3, train: 22, test: 9 });
    const recipe = toyRecipe({ epochs: 6, batchSize: 8, precision: "float64", lr: 0.05 });
    const weights = initialWeights(new Perceptron(24, 7, 3), 1, 0);
    const layers = ["fc1.weight", "fc2.weight"];
    const schedule = { rho: 0.05, growth: 10, epochsPerStage: 3 };
    const outcome = await pruneByAdmm({
      model: new Perceptron(24, 7, 3),
      weights,
      layers,
      sparsity: 0.6,
      schedule,
      data,
      recipe,
      seed: 3,
      device: "cpu",
    });
    const naive = new NaiveAdmm(new Map(layers.map((name) => [name, numbers(weights.get(name))])), 0.6, schedule);
    const expected = naiveTraining(weights, new Map(), data, recipe, 3, naive);
    if (outcome.status !== "done") throw new Error(outcome.status);
    expect(outcome.epochs.map(({ epoch, rho }) => [epoch, rho])).toEqual(
      [1, 2, 3, 4, 5, 6].map((e) => [e, e < 4 ? 0.05 : 0.5]),
    );
    // As in reference.test.ts: 18 steps of rounding near 2^-53, each perhaps doubled, stay below 1e-10.
    for (const [i, epoch] of expected.entries()) {
      expect(outcome.metrics[i]?.trainLoss).toBeCloseTo(epoch.trainLoss, 10);
      expect(outcome.metrics[i]?.testLoss).toBeCloseTo(epoch.testLoss, 10);
      for (const name of layers)
        expect(outcome.epochs[i]?.residuals[name]).toBeCloseTo(naive.residuals[i]?.[name] ?? Number.NaN, 10);
    }
    for (const name of layers) {
      const support = naive.project(expected.at(-1)?.weights.get(name) ?? []).map((value) => Number(value !== 0));
      expect([...outcome.mask.keep(name)]).toEqual(support);
      expect(outcome.mask.keptCount(name)).toBe(keptCount(support.length, 0.6));
    }
  });

  // 5 steps an epoch, the last one smaller.
  const data = toyData({ shape: [2, 6, 6], classes: 4, train: 70, test: 300 });
  const stepsPerEpoch = 5;
  const epochs = 4;

  async function run(changes: Partial<AdmmJob> = {}) {
    const checkpoints: AdmmCheckpoint[] = [];
    const outcome = await pruneByAdmm({
      model: new ConvNet(2, 4),
      weights: initialWeights(new ConvNet(2, 4), 1, 0),
      layers: ["conv.weight", "fc.weight"],
      sparsity: 0.5,
      schedule: { rho: 0.01, growth: 10, epochsPerStage: 2 },
      data,
      recipe: toyRecipe({ epochs, augment: { crop: 1, flip: true } }),
      seed: 5,
      device: "cpu",
      saveCheckpoint: (checkpoint) => checkpoints.push(checkpoint),
      ...changes,
    });
    return { outcome, checkpoints };
  }

  /** What a file does to a checkpoint. */
  function stored(checkpoint: AdmmCheckpoint | undefined): AdmmCheckpoint {
    if (checkpoint === undefined) throw new Error("no checkpoint");
    const { tensors, metadata } = encodeAdmmCheckpoint(checkpoint);
    return decodeAdmmCheckpoint(decodeSafetensors(encodeSafetensors(tensors, metadata), "checkpoint"));
  }

  function bits(checkpoint: AdmmCheckpoint | undefined): string {
    const { tensors, metadata } = encodeAdmmCheckpoint(checkpoint ?? stored(undefined));
    return encodeSafetensors(tensors, metadata).toString("hex");
  }

  /** Metrics, residuals and the mask's bits. */
  function result(outcome: AdmmOutcome) {
    return { ...outcome, mask: outcome.status === "done" ? outcome.mask.toStateDict() : undefined };
  }

  it("goes on to the same bits from an abort after every step, and from the last checkpoint", async () => {
    const whole = await run();
    expect(whole.outcome.status).toBe("done");
    for (let target = 1; target <= epochs * stepsPerEpoch; target++) {
      const abort = new AbortController();
      let steps = 0;
      const first = await run({
        signal: abort.signal,
        onProgress: () => {
          if (++steps === target) abort.abort();
        },
      });
      expect(first.outcome.status).toBe("interrupted");
      const resumed = await run({ fromCheckpoint: stored(first.checkpoints.at(-1)) });
      expect(result(resumed.outcome)).toEqual(result(whole.outcome));
      expect(bits(resumed.checkpoints.at(-1))).toBe(bits(whole.checkpoints.at(-1)));
    }
    const finished = await run({ fromCheckpoint: stored(whole.checkpoints.at(-1)) });
    expect(result(finished.outcome)).toEqual(result(whole.outcome));
  });

  it("depends on rho: without a penalty to speak of, W stays far from Z", async () => {
    const weak = await run({ schedule: { rho: 1e-9, growth: 1, epochsPerStage: 2 } });
    const strong = await run({ schedule: { rho: 1, growth: 1, epochsPerStage: 2 } });
    const last = ({ outcome }: typeof weak) => outcome.epochs.at(-1)?.residuals["conv.weight"] ?? Number.NaN;
    expect(last(weak)).toBeGreaterThan(0.2);
    expect(last(strong)).toBeLessThan(last(weak) / 2);
  });

  it("says where it diverged", async () => {
    const { outcome } = await run({ recipe: toyRecipe({ epochs, lr: 1e30 }) });
    expect(outcome).toMatchObject({ status: "diverged", divergedAt: { epoch: 1 }, epochs: [] });
  });

  it("frees all its tensors", async () => {
    const before = bytesInUse();
    await run();
    expect(bytesInUse()).toBe(before);
  });

  it("refuses the checkpoint of a plain training", async () => {
    const { checkpoints } = await run();
    const { training } = stored(checkpoints[0]);
    expect(() => decodeAdmmCheckpoint(encodeCheckpoint(training))).toThrow(InputError);
    expect(() => decodeAdmmCheckpoint(encodeCheckpoint(training))).toThrow(
      "checkpoint: expected the residuals of an ADMM pruning, got none",
    );
  });
});
