import { describe, expect, it } from "vitest";
import type { StateDict } from "../core/array.ts";
import { decodeSafetensors, encodeSafetensors } from "../core/safetensors.ts";
import { Mask } from "../masks/mask.ts";
import { initialWeights } from "../nn/init.ts";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "./checkpoint.ts";
import type { TrainJob } from "./job.ts";
import { naiveTraining } from "./naive.fixture.ts";
import type { TrainRecipe } from "./recipe.ts";
import { Perceptron, toyData, toyRecipe } from "./toy.fixture.ts";
import { type TrainOutcome, train } from "./trainer.ts";

// 3 steps an epoch, the last one smaller. A milestone lies behind the start of the last two epochs, another among them.
const data = toyData({ shape: [2, 3, 4], classes: 3, train: 22, test: 9 });
const recipe: TrainRecipe = toyRecipe({
  epochs: 4,
  batchSize: 8,
  optimizer: { sgd: { lr: 0.2, momentum: 0.9, weightDecay: 0.01, nesterov: false } },
  schedule: { milestones: [1, 3], factor: 0.3, warmupEpochs: 0 },
  augment: { crop: 2, flip: true },
  precision: "float64",
});
const start = initialWeights(new Perceptron(24, 7, 3), 1, 0);
const keep = new Map([["fc1.weight", Uint8Array.from({ length: 7 * 24 }, (_, i) => (i % 3 === 1 ? 0 : 1))]]);
const mask = new Mask([["fc1.weight", { shape: [7, 24], keep: keep.get("fc1.weight") ?? new Uint8Array() }]]);

interface Run {
  readonly outcome: TrainOutcome;
  readonly weights: ReadonlyMap<number, StateDict>;
  readonly checkpoints: readonly Checkpoint[];
}

async function run(changes: Partial<TrainJob>): Promise<Run> {
  const weights = new Map<number, StateDict>();
  const checkpoints: Checkpoint[] = [];
  const outcome = await train({
    model: new Perceptron(24, 7, 3),
    weights: start,
    mask,
    data,
    recipe,
    seed: 3,
    device: "cpu",
    keepEpochs: [0, 1, 2, 3, 4],
    onWeights: (epoch, state) => weights.set(epoch, state),
    saveCheckpoint: (checkpoint) => checkpoints.push(checkpoint),
    ...changes,
  });
  return { outcome, weights, checkpoints };
}

function stored(checkpoint: Checkpoint | undefined): Checkpoint {
  if (checkpoint === undefined) throw new Error("no checkpoint");
  const { tensors, metadata } = encodeCheckpoint(checkpoint);
  return decodeCheckpoint(decodeSafetensors(encodeSafetensors(tensors, metadata), "checkpoint"));
}

const parts = [
  ["the whole schedule", { from: 0 }],
  ["its last two epochs: learning-rate rewinding", { from: 2 }],
  ["its last epoch, at the last learning rate", { from: 3 }],
  ["the second series of data orders and augmentations", { from: 0, order: 1 }],
  ["the second series from an epoch on", { from: 1, order: 1 }],
] as const;

describe.each(parts)("training %s", (_, part) => {
  it("agrees with plain loops in float64, with the epoch numbers and learning rates of the schedule", async () => {
    const { outcome, weights } = await run(part);
    const series = "order" in part ? part.order : 0;
    const expected = naiveTraining(start, keep, data, recipe, 3, undefined, { from: part.from, series });
    expect(outcome.status).toBe("done");
    expect(outcome.metrics.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4].slice(part.from));
    expect([...weights.keys()]).toEqual([0, 1, 2, 3, 4].slice(part.from));
    // As in reference.test.ts: at most 12 steps, each of which may double an earlier rounding of a few 2^-53.
    for (const [i, epoch] of expected.entries()) {
      for (const name of ["lr", "trainLoss", "trainAccuracy", "testLoss", "testAccuracy"] as const)
        expect(outcome.metrics[i]?.[name], name).toBeCloseTo(epoch[name], 11);
      const state = weights.get(part.from + i + 1);
      for (const [name, values] of epoch.weights) {
        const got = Array.from<number | bigint>(state?.get(name)?.data ?? []).map(Number);
        expect(got.length).toBe(values.length);
        expect(Math.max(...got.map((w, k) => Math.abs(w - (values[k] ?? Number.NaN)))), name).toBeLessThan(1e-11);
      }
    }
  });

  it("is bit-identical when it was interrupted after any step, the first included", async () => {
    const whole = await run(part);
    for (let target = 0; target < 3 * (recipe.epochs - part.from); target++) {
      const abort = new AbortController();
      if (target === 0) abort.abort();
      let steps = 0;
      const first = await run({
        ...part,
        signal: abort.signal,
        onProgress: () => {
          if (++steps === target) abort.abort();
        },
      });
      expect(first.outcome.status).toBe("interrupted");
      const checkpoint = stored(first.checkpoints.at(-1));
      expect(3 * (checkpoint.epoch - part.from) + checkpoint.step).toBe(target);
      const rest = await run({ ...part, fromCheckpoint: checkpoint });
      expect(rest.outcome).toEqual(whole.outcome);
      expect(new Map([...first.weights, ...rest.weights])).toEqual(whole.weights);
    }
  });
});

it("the parts differ: another series or a later start is another training", async () => {
  const finals = await Promise.all(
    parts.map(async ([, part]) => String((await run(part)).weights.get(4)?.get("fc1.weight")?.data)),
  );
  expect(new Set(finals).size).toBe(parts.length);
});
