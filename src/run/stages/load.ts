import { InputError } from "../../core/errors.ts";
import { readGivenWeights } from "../../models/given-weights.ts";
import { buildModel } from "../../models/index.ts";
import type { LoadStage } from "../../plan/types.ts";
import { outputFile } from "../../store/layout.ts";
import { evaluateWeights } from "../../train/evaluate-weights.ts";
import type { StageStatus } from "../types.ts";
import { cachedData } from "./attempt.ts";
import type { StageContext } from "./context.ts";
import { commit, jsonLines, stateBytes } from "./output.ts";

/**
 * The user's own weights, checked to be those that were planned, with how well they do. It takes moments, so it keeps no checkpoint.
 * @throws InputError when the file has changed since
 */
export async function runLoad(stage: LoadStage, context: StageContext): Promise<StageStatus> {
  const startedAt = new Date();
  const { lease, device, signal } = context;
  const { model, precision, engine, weights } = stage.parameters;
  const data = cachedData(stage.parameters.data);
  const { state, content } = readGivenWeights(weights, model, data.info);
  if (content !== weights.content)
    throw new InputError({
      where: weights.path,
      message: `expected weights with the content ${weights.content}, got ${content}: the file has changed`,
      hint: "results belong to the weights: restore the file, or plan anew",
    });
  const metrics = await evaluateWeights({
    model: buildModel(model, data.info),
    weights: state,
    data,
    precision,
    ...(engine === undefined ? {} : { engine }),
    device,
    signal,
  });
  if (metrics === undefined) return "interrupted";
  if (!Number.isFinite(metrics.trainLoss + metrics.testLoss))
    throw new InputError({
      where: weights.path,
      message: "expected weights of a network that works, got a loss that is not finite",
      hint: "images are normalised by the mean and deviation of the training images; were those of the training alike?",
    });
  lease.write("weights@0.safetensors", stateBytes(state, { stage: stage.key }));
  lease.write(outputFile("metrics"), jsonLines([metrics]));
  commit(stage, context, { startedAt, summary: { file: weights.path }, data: data.fingerprint });
  return "done";
}
