import { allocations } from "../../allocations/index.ts";
import { Mask } from "../../masks/mask.ts";
import type { MaskStage } from "../../plan/types.ts";
import { pruners } from "../../pruners/index.ts";
import { makeMask } from "../../pruners/make-mask.ts";
import type { StageStatus } from "../types.ts";
import type { StageContext } from "./context.ts";
import { commit, stateBytes } from "./output.ts";

/** A mask from trained weights: exact counts per layer, inside the previous mask when there is one. */
export function runMask(stage: MaskStage, context: StageContext): StageStatus {
  const startedAt = new Date();
  const { store, lease } = context;
  const { pruner, allocation, target, layers, seed } = stage.parameters;
  const { weights, previous } = stage.inputs;
  const mask = makeMask({
    weights: store.readState(weights.key, weights.output),
    layers,
    pruner: pruners.get(pruner.name),
    options: pruner.options,
    ...(allocation === undefined
      ? {}
      : { allocation: { method: allocations.get(allocation.name), options: allocation.options } }),
    target,
    ...(seed === undefined ? {} : { seed }),
    ...(previous === undefined ? {} : { previous: readMask(context, previous) }),
  });
  lease.write("mask.safetensors", stateBytes(mask.toStateDict(), { stage: stage.key }));
  commit(stage, context, { startedAt, summary: maskSummary(mask) });
  return "done";
}

/** Achieved counts, in all and by layer. */
export function maskSummary(mask: Mask) {
  const layers = mask.keys.map((name) => ({ layer: name, kept: mask.keptCount(name), size: mask.size(name) }));
  return { sparsity: mask.sparsity, layers };
}

/** The mask that a mask stage stored. */
export function readMask(context: StageContext, ref: { readonly key: string; readonly output: string }): Mask {
  return Mask.fromStateDict(context.store.readState(ref.key, ref.output));
}
