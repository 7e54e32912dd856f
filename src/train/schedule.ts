import type { ScheduleRecipe } from "./recipe.ts";

/**
 * The learning rate of one step. From `milestones[i]` finished epochs on it is multiplied by `factor`, once per milestone, as
 * PyTorch's MultiStepLR does. During the first W = warmupEpochs · stepsPerEpoch steps it is also multiplied by t/W for the t-th
 * step of the training, t from 1: the first step takes lr/W, the W-th and all later ones the full rate.
 * @param epoch         epochs finished, from 0
 * @param step          steps of this epoch finished, from 0
 * @param stepsPerEpoch at least 1
 */
export function learningRate(
  { lr, milestones, factor, warmupEpochs }: ScheduleRecipe & { readonly lr: number },
  epoch: number,
  step: number,
  stepsPerEpoch: number,
): number {
  // One multiplication per milestone, because lr·factor² rounds differently.
  const rate = milestones.reduce((product, milestone) => (epoch >= milestone ? product * factor : product), lr);
  const warmupSteps = warmupEpochs * stepsPerEpoch;
  const number = epoch * stepsPerEpoch + step + 1;
  return number < warmupSteps ? (rate * number) / warmupSteps : rate;
}
