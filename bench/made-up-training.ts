import { buildModel } from "../src/models/index.ts";
import { initialWeights } from "../src/nn/init.ts";
import { setThreads } from "../src/tensor/engine.ts";
import type { TrainRecipe } from "../src/train/recipe.ts";
import { toyData, toyRecipe } from "../src/train/toy.fixture.ts";
import { train } from "../src/train/trainer.ts";
import { batchOf, inputOf, warmSteps } from "./measured.ts";

/** The training on made-up images that ours.ts times and profiled.ts takes apart. */
export interface MadeUpTraining {
  /** Steps to measure; `warmSteps` come before them. */
  readonly steps: number;
  /** Builds the model and trains it through the real trainer; `onStep` is called after every step, counted from 1. */
  readonly run: (onStep: (step: number) => void) => Promise<void>;
}

/** What the command line `MODEL PRECISION THREADS STEPS` asks for; sets the threads. */
export function madeUpTraining(args: readonly string[]): MadeUpTraining {
  const [name = "resnet20", precision = "float32", threads = "1", steps = "10"] = args;
  setThreads(Number(threads));
  return {
    steps: Number(steps),
    run: async (onStep) => {
      const input = inputOf(name);
      const batchSize = batchOf(name);
      const model = buildModel({ name }, input);
      let step = 0;
      await train({
        model,
        weights: initialWeights(model, 0, 0),
        data: toyData({ ...input, train: (Number(steps) + warmSteps) * batchSize, test: 1 }),
        recipe: toyRecipe({
          epochs: 1,
          batchSize,
          lr: 0.01,
          precision: precision as TrainRecipe["precision"],
          augment: input.shape[0] === 3 ? { crop: 4, flip: true } : { crop: 0, flip: false },
        }),
        seed: 0,
        device: "cpu",
        keepEpochs: [],
        onProgress: () => onStep(++step),
      });
    },
  };
}
