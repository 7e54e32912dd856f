import type { Arm, TrainParameters } from "./types.ts";

/**
 * The same training for the last `epochs` epochs of its schedule only: learning-rate rewinding, when it starts from θT ⊙ m. All of
 * them is the training itself, with its key.
 * @param epochs from 1 to the recipe's
 * @source Renda et al., ICLR 2020
 */
export function lastEpochs(train: TrainParameters, epochs: number): TrainParameters {
  const from = train.recipe.epochs - epochs;
  return from === 0 ? train : { ...train, from };
}

/** The work saved by a mask buys at most this many times the epochs. */
const longestStretch = 2;

/**
 * The same training with the budget of scratch-B: epochs and milestones times 1/(1 - sparsity), at most 2, rounded. A step of the
 * sparse network is taken to cost 1 - sparsity of a dense one, so that the whole costs what the dense training did, up to the cap,
 * which is theirs: where more is saved, they only double the epochs. Milestones stay apart, since the factor is at least 1.
 * @param sparsity share removed per prunable layer, in [0, 1)
 * @source Liu et al., "Rethinking the Value of Network Pruning", ICLR 2019, section 3
 */
export function stretched(train: TrainParameters, sparsity: number): TrainParameters {
  const factor = Math.min(longestStretch, 1 / (1 - sparsity));
  const { epochs, schedule } = train.recipe;
  return {
    ...train,
    recipe: {
      ...train.recipe,
      epochs: Math.round(factor * epochs),
      schedule: { ...schedule, milestones: schedule.milestones.map((epoch) => Math.round(factor * epoch)) },
    },
  };
}

/**
 * Two copies of the same training from θ_epoch on: the second has the seed's second series of data orders and augmentations.
 * @source Frankle et al., "Linear Mode Connectivity and the Lottery Ticket Hypothesis", ICML 2020
 */
export function copiesFrom(train: TrainParameters, epoch: number): readonly [TrainParameters, TrainParameters] {
  const first = lastEpochs(train, train.recipe.epochs - epoch);
  return [first, { ...first, order: 1 }];
}

/** Epochs that a training runs: those of its schedule that do not lie behind it. */
export function epochsToTrain({ recipe, from = 0 }: Pick<TrainParameters, "recipe" | "from">): number {
  return recipe.epochs - from;
}

/** `ticket`, `rewind (epoch 10)`, `lr-rewind (30 epochs)`: a way to use a mask, as labels, tables and legends call it. */
export function startName({
  start,
  rewindEpoch,
  retrainEpochs,
}: Pick<Arm, "start" | "rewindEpoch" | "retrainEpochs">): string {
  if (rewindEpoch !== undefined) return `${start} (epoch ${rewindEpoch})`;
  if (start !== "lr-rewind" || retrainEpochs === undefined) return start;
  return `${start} (${retrainEpochs} ${retrainEpochs === 1 ? "epoch" : "epochs"})`;
}
