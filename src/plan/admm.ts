import type { AdmmSpec } from "../spec/types.ts";
import { learningRate } from "../train/schedule.ts";
import type { AdmmParameters, TrainParameters } from "./types.ts";

/**
 * One ADMM pruning of a training's result: the same model, data, seed and recipe, but for the epochs and a constant learning rate.
 * Which rate is asked for by `last` is worked out here, so that it is the number that enters the key.
 */
export function admmParameters(
  train: TrainParameters,
  { rho, growth, stages, epochsPerStage, lr }: AdmmSpec,
  sparsity: number,
  layers: readonly { readonly name: string }[],
): AdmmParameters {
  const { optimizer, schedule, epochs, ...recipe } = train.recipe;
  const last = learningRate({ ...schedule, warmupEpochs: 0, lr: optimizer.sgd.lr }, epochs - 1, 0, 1);
  return {
    ...train,
    recipe: {
      ...recipe,
      epochs: stages * epochsPerStage,
      optimizer: { sgd: { ...optimizer.sgd, lr: lr === "last" ? last : lr } },
      schedule: { milestones: [], factor: 1, warmupEpochs: 0 },
    },
    sparsity,
    schedule: { rho, growth, epochsPerStage },
    layers: layers.map(({ name }) => name),
  };
}
