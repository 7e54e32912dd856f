import { buildModel } from "../../models/index.ts";
import type { AdmmStage } from "../../plan/types.ts";
import { CONVERGED_RESIDUAL, worstLayer } from "../../pruners/admm.ts";
import { outputFile } from "../../store/layout.ts";
import { type AdmmOutcome, pruneByAdmm } from "../../train/admm.ts";
import { decodeAdmmCheckpoint, encodeAdmmCheckpoint } from "../../train/admm-checkpoint.ts";
import type { StageStatus } from "../types.ts";
import { Attempt } from "./attempt.ts";
import type { StageContext } from "./context.ts";
import { maskSummary } from "./mask.ts";
import { jsonLines, stateBytes } from "./output.ts";

/** Prunes by ADMM from the given weights; goes on from the checkpoint when there is one. */
export async function runAdmm(stage: AdmmStage, context: StageContext): Promise<StageStatus> {
  const attempt = new Attempt(stage, context);
  const { store, lease, device, signal } = context;
  const { model, recipe, seed, sparsity, schedule, layers } = stage.parameters;
  const { weights } = stage.inputs;
  const fromCheckpoint = attempt.resume((state) => {
    const checkpoint = decodeAdmmCheckpoint(state);
    return { checkpoint, metrics: checkpoint.training.metrics };
  });
  const behind = fromCheckpoint?.training;
  attempt.beginProgress(behind?.metrics ?? [], behind?.epoch ?? 0, recipe.epochs);
  const outcome = await pruneByAdmm({
    model: buildModel(model, attempt.data.info),
    weights: store.readState(weights.key, weights.output),
    layers,
    sparsity,
    schedule,
    data: attempt.data,
    recipe,
    seed,
    device,
    signal,
    ...(fromCheckpoint === undefined ? {} : { fromCheckpoint }),
    onEpoch: (metrics, spent) => {
      attempt.addTiming(spent);
      attempt.showEpoch(metrics, spent, recipe.epochs);
    },
    onProgress: (progress) => attempt.showStep(progress, recipe.epochs),
    saveCheckpoint: (checkpoint) => attempt.saveCheckpoint(encodeAdmmCheckpoint(checkpoint)),
  });
  if (outcome.status === "interrupted") return "interrupted";
  if (outcome.status === "done")
    lease.write(outputFile("mask"), stateBytes(outcome.mask.toStateDict(), { stage: stage.key }));
  attempt.writeLogs(outcome.metrics);
  lease.write(outputFile("residuals"), jsonLines(outcome.epochs));
  attempt.commit(outcome.status, summaryOf(outcome));
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
