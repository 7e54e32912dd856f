import fc from "fast-check";
import { expect, it } from "vitest";
import { fullRateSteps, scaledWeightDecay, stepCount } from "./weight-decay.ts";

const recipes = fc
  .record({
    epochs: fc.integer({ min: 2, max: 30 }),
    batchSize: fc.integer({ min: 1, max: 40 }),
    images: fc.integer({ min: 1, max: 200 }),
    factor: fc.double({ min: 0.01, max: 1, noNaN: true }),
    at: fc.uniqueArray(fc.integer({ min: 1, max: 29 }), { maxLength: 3 }),
    warmup: fc.integer({ min: 0, max: 5 }),
  })
  .map(({ epochs, batchSize, images, factor, at, warmup }) => ({
    images,
    recipe: {
      epochs,
      batchSize,
      schedule: { factor, milestones: at.filter((m) => m < epochs).sort((a, b) => a - b), warmupEpochs: warmup },
    },
  }));

/** Step by step, with nothing of the code under test. */
function byHand({ recipe, images }: { recipe: Parameters<typeof fullRateSteps>[0]; images: number }): number {
  const { epochs, batchSize, schedule } = recipe;
  const steps = Math.ceil(images / batchSize);
  let sum = 0;
  for (let t = 1; t <= epochs * steps; t++) {
    const epoch = Math.floor((t - 1) / steps);
    const passed = schedule.milestones.filter((milestone) => milestone <= epoch).length;
    sum += schedule.factor ** passed * Math.min(1, t / (schedule.warmupEpochs * steps || 1));
  }
  return sum;
}

it("adds up the learning rates of all steps, warm-up and milestones included", () => {
  fc.assert(
    fc.property(recipes, (one) => {
      expect(fullRateSteps(one.recipe, one.images)).toBeCloseTo(byHand(one), 8);
      expect(stepCount(one.recipe, one.images)).toBe(one.recipe.epochs * Math.ceil(one.images / one.recipe.batchSize));
    }),
    { seed: 3, numRuns: 300 },
  );
});

it("keeps Σ lr·weightDecay within the rounding to three digits", () => {
  fc.assert(
    fc.property(recipes, recipes, fc.double({ min: 1e-6, max: 1e-2, noNaN: true }), (full, short, decay) => {
      const scaled = scaledWeightDecay(decay, full, short);
      const ratio = (scaled * byHand(short)) / (decay * byHand(full));
      expect(Math.abs(ratio - 1)).toBeLessThanOrEqual(0.005 + 1e-9);
    }),
    { seed: 4, numRuns: 300 },
  );
});

it("is the published rule on a protocol that shrinks evenly: half the steps, twice the decay", () => {
  const recipe = { epochs: 150, batchSize: 128, schedule: { milestones: [80, 120], factor: 0.1, warmupEpochs: 0 } };
  const half = { ...recipe, epochs: 75, schedule: { ...recipe.schedule, milestones: [40, 60] } };
  expect(fullRateSteps(recipe, 50000)).toBeCloseTo(391 * 84.3, 6);
  expect(stepCount(recipe, 50000)).toBe(58650);
  expect(scaledWeightDecay(1e-4, { recipe, images: 50000 }, { recipe: half, images: 50000 })).toBe(2e-4);
});
