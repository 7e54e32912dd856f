import { describe, expect, it } from "vitest";
import type { HostArray } from "../core/array.ts";
import { InputError } from "../core/errors.ts";
import { decodeSafetensors, encodeSafetensors } from "../core/safetensors.ts";
import { keptCount } from "../masks/counts.ts";
import { initialWeights } from "../nn/init.ts";
import { bytesInUse } from "../tensor/engine.ts";
import { type AdmmCheckpoint, type AdmmJob, type AdmmOutcome, pruneByAdmm } from "./admm.ts";
import { decodeAdmmCheckpoint, encodeAdmmCheckpoint } from "./admm-checkpoint.ts";
import { encodeCheckpoint } from "./checkpoint.ts";
import { naiveTraining } from "./naive.fixture.ts";
import { ConvNet, Perceptron, toyData, toyRecipe } from "./toy.fixture.ts";

function numbers(array: HostArray | undefined): number[] {
  return Array.from<number | bigint>(array?.data ?? []).map(Number);
}

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

  it("runs in mixed precision, with Z and U in float32 as the weights are", async () => {
    const { outcome, checkpoints } = await run({ recipe: toyRecipe({ epochs, precision: "bfloat16" }) });
    expect(outcome.status).toBe("done");
    expect(new Set([...(checkpoints.at(-1)?.state.values() ?? [])].map(({ dtype }) => dtype))).toEqual(
      new Set(["float32"]),
    );
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
