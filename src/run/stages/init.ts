import { buildModel } from "../../models/index.ts";
import { initialWeights } from "../../nn/init.ts";
import type { InitStage } from "../../plan/types.ts";
import type { StageStatus } from "../types.ts";
import type { StageContext } from "./context.ts";
import { commit, stateBytes } from "./output.ts";

/** θ0 (draw 0) or θ0' (draw 1): weights drawn from the model's initial distribution, a pure function of the seed. */
export function runInit(stage: InitStage, context: StageContext): StageStatus {
  const startedAt = new Date();
  const { model: spec, classes, shape, seed, draw } = stage.parameters;
  const model = buildModel(spec, { classes, shape });
  context.lease.write("weights@0.safetensors", stateBytes(initialWeights(model, seed, draw), { stage: stage.key }));
  commit(stage, context, { startedAt, summary: {} });
  return "done";
}
