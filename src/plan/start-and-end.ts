import type { GivenWeightsSpec, WeightsSpec } from "../spec/types.ts";
import type { StageTable } from "./stage-table.ts";
import type { InitParameters, Ref, TrainParameters } from "./types.ts";

/**
 * θ0 and θT: drawn from the seed and trained, or the user's own, the same for every seed.
 * @returns θ0 absent where only trained weights are given
 */
export function startAndEnd(
  table: StageTable,
  init: Omit<InitParameters, "draw">,
  train: TrainParameters,
  { initial, trained }: WeightsSpec = {},
): { readonly theta0: Ref | undefined; readonly thetaT: Ref } {
  const { model, data, recipe } = train;
  const { precision, engine } = recipe;
  const load = (weights: GivenWeightsSpec) =>
    table.load({ model, data, precision, ...(engine === undefined ? {} : { engine }), weights });
  if (trained !== undefined)
    return { theta0: initial === undefined ? undefined : load(initial), thetaT: load(trained) };
  const theta0 = initial === undefined ? table.init({ ...init, draw: 0 }) : load(initial);
  return { theta0, thetaT: table.train(train, { weights: theta0 }) };
}
