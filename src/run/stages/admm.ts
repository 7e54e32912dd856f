import { decodeSafetensors, encodeSafetensors } from "../../core/safetensors.ts";
import { buildModel } from "../../models/index.ts";
import type { AdmmStage } from "../../plan/types.ts";
import { CONVERGED_RESIDUAL, worstLayer } from "../../pruners/admm.ts";
import { outputFile } from "../../store/layout.ts";
import { type AdmmCheckpoint, type AdmmOutcome, pruneByAdmm } from "../../train/admm.ts";
import { decodeAdmmCheckpoint, encodeAdmmCheckpoint } from "../../train/admm-checkpoint.ts";
import type { StageStatus } from "../types.ts";
import type { StageContext } from "./context.ts";
import { maskSummary } from "./mask.ts";
import { commit, jsonLines, stateBytes } from "./output.ts";
import { type Costs, cachedData } from "./train.ts";

/** Prunes by ADMM from the given weights; goes on from the checkpoint when there is one. */
export async function runAdmm(stage: AdmmStage, context: StageContext): Promise<StageStatus> {
  const startedAt = new Date();
  const { store, lease, device, signal, onProgress } = context;
  const { model, recipe, seed, sparsity, schedule, layers } = stage.parameters;
  const { weights } = stage.inputs;
  const data = cachedData(stage.parameters.data);
  const steps = Math.ceil(data.train.count / recipe.batchSize);
  const resumed = readCheckpoint(context);
  const timing = [...(resumed?.costs.timing ?? [])];
  const costs = (): Costs => ({
    elapsedMs: (resumed?.costs.elapsedMs ?? 0) + Date.now() - startedAt.getTime(),
    resumes: resumed === undefined ? 0 : resumed.costs.resumes + 1,
    timing,
  });
  let testAccuracy = resumed?.checkpoint.training.metrics.at(-1)?.testAccuracy;
  const outcome = await pruneByAdmm({
    model: buildModel(model, data.info),
    weights: store.readState(weights.key, weights.output),
    layers,
    sparsity,
    schedule,
    data,
    recipe,
    seed,
    device,
    signal,
    ...(resumed === undefined ? {} : { fromCheckpoint: resumed.checkpoint }),
    onEpoch: (metrics, spent) => {
      timing.push(spent);
      testAccuracy = metrics.testAccuracy;
      const { epoch } = metrics;
      const { imagesPerSecond } = spent;
      onProgress({ epoch, epochs: recipe.epochs, step: steps, steps, imagesPerSecond, testAccuracy });
    },
    onProgress: (progress) =>
      onProgress({ ...progress, epochs: recipe.epochs, ...(testAccuracy === undefined ? {} : { testAccuracy }) }),
    saveCheckpoint: (checkpoint) => lease.checkpoint(checkpointParts(checkpoint, costs())),
  });
  if (outcome.status === "interrupted") return "interrupted";
  if (outcome.status === "done")
    lease.write(outputFile("mask"), stateBytes(outcome.mask.toStateDict(), { stage: stage.key }));
  lease.write(outputFile("metrics"), jsonLines(outcome.metrics));
  lease.write(outputFile("residuals"), jsonLines(outcome.epochs));
  lease.write(outputFile("timing"), jsonLines(timing));
  const { elapsedMs, resumes } = costs();
  commit(stage, context, {
    startedAt,
    status: outcome.status,
    summary: summaryOf(outcome),
    earlierMs: elapsedMs - (Date.now() - startedAt.getTime()),
    resumes,
    data: data.fingerprint,
  });
  return outcome.status;
}

/** What readers want without opening a file: counts of the mask, and whether W and Z came together. */
function summaryOf(outcome: Exclude<AdmmOutcome, { readonly status: "interrupted" }>) {
  if (outcome.status === "diverged") return { divergedAt: outcome.divergedAt };
  const last = outcome.epochs.at(-1);
  if (last === undefined) return maskSummary(outcome.mask);
  const worst = worstLayer(last);
  return { ...maskSummary(outcome.mask), admm: { ...worst, converged: worst.residual <= CONVERGED_RESIDUAL } };
}

function checkpointParts(checkpoint: AdmmCheckpoint, costs: Costs): Record<string, Uint8Array> {
  const { tensors, metadata } = encodeAdmmCheckpoint(checkpoint);
  return { state: encodeSafetensors(tensors, metadata), costs: Buffer.from(JSON.stringify(costs)) };
}

function readCheckpoint({ lease }: StageContext): { checkpoint: AdmmCheckpoint; costs: Costs } | undefined {
  const parts = lease.readCheckpoint();
  if (parts?.state === undefined || parts.costs === undefined) return undefined;
  return {
    checkpoint: decodeAdmmCheckpoint(decodeSafetensors(parts.state, "checkpoint")),
    costs: JSON.parse(Buffer.from(parts.costs).toString("utf8")) as Costs,
  };
}
