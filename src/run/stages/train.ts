import { canonicalJson, type Json } from "../../core/canonical-json.ts";
import { RunError } from "../../core/errors.ts";
import { buildModel } from "../../models/index.ts";
import { weightsAt } from "../../plan/stage-table.ts";
import type { TrainStage } from "../../plan/types.ts";
import { outputFile } from "../../store/layout.ts";
import { engineInfo } from "../../tensor/engine.ts";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "../../train/checkpoint.ts";
import type { EpochMetrics } from "../../train/recipe.ts";
import { train } from "../../train/trainer.ts";
import type { StageStatus } from "../types.ts";
import { Attempt } from "./attempt.ts";
import type { StageContext } from "./context.ts";
import { readMask } from "./mask.ts";
import { hardware, stateBytes } from "./output.ts";

/** Trains from the given weights under the mask; goes on from the checkpoint when there is one. */
export async function runTrain(stage: TrainStage, context: StageContext): Promise<StageStatus> {
  const attempt = new Attempt(stage, context);
  const { store, lease, device, signal } = context;
  const { model, recipe, seed, from, order } = stage.parameters;
  const { weights, mask } = stage.inputs;
  const wanted = wantedEpochs(stage, context);
  const fromCheckpoint = attempt.resume((state) => {
    const checkpoint = decodeCheckpoint(state);
    return lacksWeights(checkpoint, wanted.epochs, context) ? undefined : { checkpoint, metrics: checkpoint.metrics };
  });
  const known = wanted.isExtension ? store.readMetrics(stage.key) : [];
  const epochs = wanted.isExtension ? Math.max(...wanted.epochs) : recipe.epochs;
  attempt.beginProgress(fromCheckpoint?.metrics ?? [], fromCheckpoint?.epoch ?? from ?? 0, epochs);
  const outcome = await train({
    model: buildModel(model, attempt.data.info),
    weights: store.readState(weights.key, weights.output),
    ...(mask === undefined ? {} : { mask: readMask(context, mask) }),
    data: attempt.data,
    recipe: { ...recipe, epochs },
    seed,
    ...(from === undefined ? {} : { from }),
    ...(order === undefined ? {} : { order }),
    device,
    signal,
    keepEpochs: wanted.epochs,
    ...(fromCheckpoint === undefined ? {} : { fromCheckpoint }),
    onWeights: (epoch, state) =>
      lease.write(outputFile(weightsAt(epoch)), stateBytes(state, { stage: stage.key, epoch: String(epoch) })),
    onEpoch: (metrics, spent) => {
      attempt.addTiming(spent);
      if (wanted.isExtension) checkSameTrajectory(metrics, known[metrics.epoch - 1 - (from ?? 0)], stage, context);
      else attempt.showEpoch(metrics, spent, epochs);
    },
    onProgress: (progress) => attempt.showStep(progress, epochs),
    saveCheckpoint: (checkpoint) => attempt.saveCheckpoint(encodeCheckpoint(checkpoint)),
  });
  if (outcome.status === "interrupted") return "interrupted";
  if (!wanted.isExtension) attempt.writeLogs(outcome.metrics);
  attempt.commit(outcome.status, outcome.status === "diverged" ? { divergedAt: outcome.divergedAt } : {});
  return outcome.status;
}

/**
 * The epochs whose weights are to be kept. When the training is done and only lacks some of them, it is an extension: trained again up
 * to the last one that is missing, without touching what is there.
 */
function wantedEpochs(stage: TrainStage, { store }: StageContext): { epochs: number[]; isExtension: boolean } {
  const isExtension = store.has(stage.key);
  const epochs = stage.outputs
    .filter((output) => output.startsWith("weights@") && !(isExtension && store.has(stage.key, [output])))
    .map((output) => Number(output.slice("weights@".length)));
  return { epochs, isExtension };
}

/**
 * Weights of an epoch that are asked for later must be those that the stored training went through.
 * @throws RunError when this machine does not repeat it to the bit; nothing of the attempt is kept, so that a machine that does can
 */
function checkSameTrajectory(
  metrics: EpochMetrics,
  known: Json | undefined,
  { key }: TrainStage,
  { store, lease, device }: StageContext,
): void {
  if (known !== undefined && canonicalJson({ ...metrics }) === canonicalJson(known)) return;
  lease.dropCheckpoint();
  const stored = store.record(key)?.provenance;
  const was = stored === undefined ? "" : ` (libtorch ${stored.libtorch}, ${stored.device}, ${stored.hardware})`;
  throw new RunError(
    `training ${key} does not repeat bit for bit here (epoch ${metrics.epoch}), so weights of its earlier epochs cannot be added`,
    `run on the hardware and libtorch of its record${was}; here are libtorch ${engineInfo().libtorch}, ${device}, ${hardware()}. Or compute everything anew with another --out`,
  );
}

/** Whether a checkpoint lies behind an epoch whose weights are wanted and were not kept (the spec asked for less then). */
function lacksWeights(checkpoint: Checkpoint, wanted: readonly number[], { lease }: StageContext): boolean {
  const isKept = (epoch: number) => lease.files.includes(outputFile(weightsAt(epoch)));
  return wanted.some((epoch) => epoch <= checkpoint.epoch && !isKept(epoch));
}
