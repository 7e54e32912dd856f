import { describeData } from "../data/check.ts";
import type { TrainRecipe } from "../train/recipe.ts";
import { learningRate } from "../train/schedule.ts";

/**
 * Significant digits of a scaled weight decay: it is the same number in a spec that somebody writes by hand, and the rule is met within
 * half a percent.
 */
const DIGITS = 3;

/** What the sum over a training's steps takes from its recipe. */
export type DecayRecipe = Pick<TrainRecipe, "epochs" | "batchSize" | "schedule">;

/**
 * Σ η_t/η over the steps t of a training: the number of steps at the initial rate η that would move the weights as far. With weight
 * decay λ, decay alone leaves about exp(−η·λ·Σ) of the initial weights.
 * @param images of one epoch, at least 1
 */
export function fullRateSteps({ epochs, batchSize, schedule }: DecayRecipe, images: number): number {
  const steps = Math.ceil(images / batchSize);
  let sum = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    // After the warm-up the rate is the same in all steps of an epoch.
    const isWarm = epoch >= schedule.warmupEpochs;
    const rates = Array.from({ length: isWarm ? 1 : steps }, (_, step) =>
      learningRate({ ...schedule, lr: 1 }, epoch, step, steps),
    );
    sum += rates.reduce((total, rate) => total + rate, 0) * (isWarm ? steps : 1);
  }
  return sum;
}

/**
 * The weight decay with which a shorter training forgets the initial weights as the full one does: it keeps Σ_t η_t·λ. At a constant
 * share of the schedule this is "multiply weight decay by the ratio of the steps". For networks with batch-norm the product η·λ is the
 * intrinsic learning rate, and its sum is the time of the dynamics (Li, Lyu and Arora, "Reconciling modern deep learning with traditional
 * optimization analyses: the intrinsic learning rate", NeurIPS 2020; van Laarhoven, "L2 regularization versus batch and weight
 * normalization", 2017).
 */
export function scaledWeightDecay(
  weightDecay: number,
  full: { readonly recipe: DecayRecipe; readonly images: number },
  short: { readonly recipe: DecayRecipe; readonly images: number },
): number {
  const ratio = fullRateSteps(full.recipe, full.images) / fullRateSteps(short.recipe, short.images);
  return Number((weightDecay * ratio).toPrecision(DIGITS));
}

/** Steps of a training, the last of an epoch included. */
export function stepCount({ epochs, batchSize }: DecayRecipe, images: number): number {
  return epochs * Math.ceil(images / batchSize);
}

/** Images of an epoch of a data set as it comes. */
export function allImages(name: string): number {
  return describeData({ name }).train;
}
