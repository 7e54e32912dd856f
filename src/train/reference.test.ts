import { describe, expect, it } from "vitest";
import type { StateDict } from "../core/array.ts";
import { stream } from "../core/rng.ts";
import { Mask } from "../masks/mask.ts";
import { initialWeights } from "../nn/init.ts";
import { naiveTraining } from "./naive.fixture.ts";
import type { TrainRecipe } from "./recipe.ts";
import { Perceptron, toyData, toyRecipe } from "./toy.fixture.ts";
import { train } from "./trainer.ts";

const data = toyData({ shape: [2, 3, 4], classes: 3, train: 22, test: 9 });
const newModel = () => new Perceptron(24, 7, 3);

function randomKeep(size: number, name: string): Uint8Array {
  const draws = stream(8, name);
  return Uint8Array.from({ length: size }, () => draws.below(2));
}

const sgd = { lr: 0.2, momentum: 0.9, weightDecay: 0.01, nesterov: false };
const recipes: readonly [string, TrainRecipe][] = [
  ["plain gradient descent", toyRecipe({ optimizer: { sgd: { ...sgd, momentum: 0, weightDecay: 0 } } })],
  ["momentum and weight decay", toyRecipe({ optimizer: { sgd } })],
  ["Nesterov's momentum", toyRecipe({ optimizer: { sgd: { ...sgd, nesterov: true } } })],
  [
    "milestones and warm-up",
    toyRecipe({ optimizer: { sgd }, schedule: { milestones: [2, 3], factor: 0.3, warmupEpochs: 1 } }),
  ],
  ["crop and flip", toyRecipe({ optimizer: { sgd }, augment: { crop: 2, flip: true } })],
];

describe.each(recipes)("training with %s", (_, base) => {
  it.each(["dense", "masked"])("agrees with plain loops, batches of 8, 8 and 6, %s", async (kind) => {
    const recipe: TrainRecipe = { ...base, epochs: 4, batchSize: 8, precision: "float64" };
    const start = initialWeights(newModel(), 1, 0);
    const keep = new Map(
      kind === "dense"
        ? []
        : [
            ["fc1.weight", randomKeep(7 * 24, "fc1")],
            ["fc2.weight", randomKeep(3 * 7, "fc2")],
          ],
    );
    const mask = new Mask([...keep].map(([name, bits]) => [name, { shape: start.get(name)?.shape ?? [], keep: bits }]));
    const kept = new Map<number, StateDict>();
    const outcome = await train({
      model: newModel(),
      weights: start,
      ...(kind === "dense" ? {} : { mask }),
      data,
      recipe,
      seed: 3,
      device: "cpu",
      keepEpochs: [1, 2, 3, 4],
      onWeights: (epoch, weights) => kept.set(epoch, weights),
    });
    const expected = naiveTraining(start, keep, data, recipe, 3);
    expect(outcome.status).toBe("done");
    expect(outcome.metrics.length).toBe(4);
    // Each of the 12 steps adds rounding of a few 2^-53 to values near 1, and an update may double an earlier difference:
    // 2^12 · 2^-51 < 1e-11. A wrong formula shows at 1e-2.
    for (const [i, epoch] of expected.entries()) {
      const metrics = outcome.metrics[i];
      expect(metrics?.epoch).toBe(i + 1);
      for (const name of ["lr", "trainLoss", "trainAccuracy", "testLoss", "testAccuracy"] as const)
        expect(metrics?.[name], name).toBeCloseTo(epoch[name], 11);
      for (const [name, values] of epoch.weights) {
        const got = Array.from<number | bigint>(kept.get(i + 1)?.get(name)?.data ?? []).map(Number);
        expect(got.length).toBe(values.length);
        expect(Math.max(...got.map((w, k) => Math.abs(w - (values[k] ?? Number.NaN)))), name).toBeLessThan(1e-11);
      }
    }
  });
});
