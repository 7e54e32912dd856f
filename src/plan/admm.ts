import type { AdmmSpec } from "../spec/types.ts";
import type { AdmmParameters, TrainParameters } from "./types.ts";

/**
 * One ADMM pruning of a training's result: the same model, data, seed and recipe, but for the epochs and a constant learning rate.
 */
export function admmParameters(
  train: TrainParameters,
  { rho, growth, stages, epochsPerStage, lrFactor }: AdmmSpec,
  sparsity: number,
  layers: readonly { readonly name: string }[],
): AdmmParameters {
  const { sgd } = train.recipe.optimizer;
  // Without the dust of floating point: 0.01, not 0.010000000000000002.
  const lr = Number((sgd.lr * lrFactor).toPrecision(12));
  return {
    ...train,
    recipe: {
      ...train.recipe,
      epochs: stages * epochsPerStage,
      optimizer: { sgd: { ...sgd, lr } },
      schedule: { milestones: [], factor: 1, warmupEpochs: 0 },
    },
    sparsity,
    schedule: { rho, growth, epochsPerStage },
    layers: layers.map(({ name }) => name),
  };
}
