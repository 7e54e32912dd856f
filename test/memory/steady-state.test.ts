import { describe, expect, it } from "vitest";
import { buildModel } from "../../src/models/index.ts";
import type { ModelSpec } from "../../src/models/types.ts";
import { initialWeights } from "../../src/nn/init.ts";
import { bytesInUse, peakBytes, resetPeak, setThreads } from "../../src/tensor/engine.ts";
import type { TrainRecipe } from "../../src/train/recipe.ts";
import { toyData, toyRecipe } from "../../src/train/toy.fixture.ts";
import { train } from "../../src/train/trainer.ts";
import { cases } from "../determinism/cases.ts";

/** Results of this many steps wait on the device until they are read: a loss and a count of right answers, at most 8 bytes each. */
const stepsPerReading = 10;
const waiting = stepsPerReading * 2 * 8;

interface Steps {
  /** Bytes that tensors hold after each step. */
  readonly inUse: readonly number[];
  /** The most that they held during each step. */
  readonly peak: readonly number[];
  /** Minor page faults of the process in each step. */
  readonly faults: readonly number[];
}

/** Trains an epoch of so many steps with one thread, through the trainer that every run uses. */
async function measureSteps(
  spec: ModelSpec,
  shape: readonly [number, number, number],
  batchSize: number,
  precision: TrainRecipe["precision"],
  steps: number,
): Promise<Steps> {
  setThreads(1);
  const model = buildModel(spec, { shape, classes: 10 });
  const [inUse, peak, faults]: [number[], number[], number[]] = [[], [], []];
  let faultsBefore = 0;
  await train({
    model,
    weights: initialWeights(model, 0, 0),
    data: toyData({ shape, classes: 10, train: steps * batchSize, test: 1 }),
    recipe: toyRecipe({ epochs: 1, batchSize, lr: 0.01, precision, augment: { crop: 2, flip: true } }),
    seed: 0,
    device: "cpu",
    keepEpochs: [],
    onProgress: () => {
      inUse.push(bytesInUse());
      peak.push(peakBytes());
      resetPeak();
      const { minorPageFault } = process.resourceUsage();
      faults.push(minorPageFault - faultsBefore);
      faultsBefore = minorPageFault;
    },
  });
  return { inUse, peak, faults };
}

const range = (values: readonly number[]) => Math.max(...values) - Math.min(...values);

describe.each(cases)("$title, from the third step on", ({ model, shape, batchSize, precisions }) => {
  it.each(precisions)(
    "holds as much memory after each step, and at most as much during it, in %s",
    async (precision) => {
      const { inUse, peak } = await measureSteps(model, shape, batchSize, precision, 2 * stepsPerReading + 3);
      expect(range(inUse.slice(2))).toBeLessThanOrEqual(waiting);
      expect(range(peak.slice(2))).toBeLessThanOrEqual(waiting);
      // To the byte, between two steps behind which equally many results wait.
      expect(inUse[2 + 2 * stepsPerReading]).toBe(inUse[2 + stepsPerReading]);
      expect(peak[2 + 2 * stepsPerReading]).toBe(peak[2 + stepsPerReading]);
    },
  );
});

/** Networks whose activations are megabytes. */
const large = [
  { model: { name: "vgg11", width: 16 }, batchSize: 64 },
  { model: { name: "mobilenet-v2", width: 0.25 }, batchSize: 64 },
  { model: { name: "resnet20" }, batchSize: 64 },
] as const;

describe.each(large)("$model.name with $batchSize images of 32×32", ({ model, batchSize }) => {
  it.each(["float32", "bfloat16"] as const)(
    "finds its memory again: hardly any page fault in a step, in %s",
    async (precision) => {
      const { faults } = await measureSteps(model, [3, 32, 32], batchSize, precision, 14);
      // The heap finds its size in the first steps. The median, because V8 collects garbage and the kernel may reclaim pages.
      const settled = faults.slice(6).sort((a, b) => a - b);
      expect(settled[Math.floor(settled.length / 2)]).toBeLessThan(100);
    },
  );
});
