import { canonicalJson, type Json } from "../../core/canonical-json.ts";
import { RunError } from "../../core/errors.ts";
import { decodeSafetensors, encodeSafetensors } from "../../core/safetensors.ts";
import { type Dataset, loadData } from "../../data/load.ts";
import type { DataSpec } from "../../data/types.ts";
import { buildModel } from "../../models/index.ts";
import { weightsAt } from "../../plan/stage-table.ts";
import type { TrainStage } from "../../plan/types.ts";
import { outputFile } from "../../store/layout.ts";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "../../train/checkpoint.ts";
import type { EpochMetrics } from "../../train/recipe.ts";
import { type EpochTiming, type TrainOutcome, train } from "../../train/trainer.ts";
import type { StageStatus } from "../types.ts";
import type { StageContext } from "./context.ts";
import { readMask } from "./mask.ts";
import { commit, jsonLines, stateBytes } from "./output.ts";

/** What a checkpoint holds beside the trainer's state: costs so far, which are no part of the result. */
export interface Costs {
  readonly elapsedMs: number;
  readonly resumes: number;
  readonly timing: readonly EpochTiming[];
}

/** Trains from the given weights under the mask; goes on from the checkpoint when there is one. */
export async function runTrain(stage: TrainStage, context: StageContext): Promise<StageStatus> {
  const startedAt = new Date();
  const { store, lease, device, signal, onProgress } = context;
  const { model, recipe, seed } = stage.parameters;
  const { weights, mask } = stage.inputs;
  const data = cachedData(stage.parameters.data);
  const wanted = wantedEpochs(stage, context);
  const resumed = readCheckpoint(context, wanted.epochs);
  const costs = (): Costs => ({
    elapsedMs: (resumed?.costs.elapsedMs ?? 0) + Date.now() - startedAt.getTime(),
    resumes: resumed === undefined ? 0 : resumed.costs.resumes + 1,
    timing,
  });
  const timing = [...(resumed?.costs.timing ?? [])];
  const known = wanted.isExtension ? store.readMetrics(stage.key) : [];
  let testAccuracy = resumed?.checkpoint.metrics.at(-1)?.testAccuracy;
  const steps = Math.ceil(data.train.count / recipe.batchSize);
  const epochs = wanted.isExtension ? Math.max(...wanted.epochs) : recipe.epochs;
  const outcome = await train({
    model: buildModel(model, data.info),
    weights: store.readState(weights.key, weights.output),
    ...(mask === undefined ? {} : { mask: readMask(context, mask) }),
    data,
    recipe: { ...recipe, epochs },
    seed,
    device,
    signal,
    keepEpochs: wanted.epochs,
    ...(resumed === undefined ? {} : { fromCheckpoint: resumed.checkpoint }),
    onWeights: (epoch, state) =>
      lease.write(outputFile(weightsAt(epoch)), stateBytes(state, { stage: stage.key, epoch: String(epoch) })),
    onEpoch: (metrics, spent) => {
      timing.push(spent);
      if (wanted.isExtension) {
        checkSameTrajectory(metrics, known[metrics.epoch - 1], stage.key);
        return;
      }
      testAccuracy = metrics.testAccuracy;
      const { epoch } = metrics;
      onProgress({ epoch, epochs, step: steps, steps, imagesPerSecond: spent.imagesPerSecond, testAccuracy });
    },
    onProgress: (progress) =>
      onProgress({ ...progress, epochs, ...(testAccuracy === undefined ? {} : { testAccuracy }) }),
    saveCheckpoint: (checkpoint) => lease.checkpoint(checkpointParts(checkpoint, costs())),
  });
  if (outcome.status === "interrupted") return "interrupted";
  if (!wanted.isExtension) {
    lease.write(outputFile("metrics"), jsonLines(outcome.metrics));
    lease.write(outputFile("timing"), jsonLines(timing));
  }
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
 * @throws RunError when this machine or this number of threads does not repeat it to the bit
 */
function checkSameTrajectory(metrics: EpochMetrics, known: Json | undefined, key: string): void {
  if (known !== undefined && canonicalJson({ ...metrics }) === canonicalJson(known)) return;
  throw new RunError(
    `training ${key} does not repeat bit for bit here (epoch ${metrics.epoch}), so weights of its earlier epochs cannot be added`,
    "run with the threads, hardware and libtorch of its record.json, or compute everything anew with another --out",
  );
}

function summaryOf(outcome: TrainOutcome): { readonly divergedAt?: { readonly epoch: number; readonly step: number } } {
  return outcome.status === "diverged" ? { divergedAt: outcome.divergedAt } : {};
}

function checkpointParts(checkpoint: Checkpoint, costs: Costs): Record<string, Uint8Array> {
  const { tensors, metadata } = encodeCheckpoint(checkpoint);
  return { state: encodeSafetensors(tensors, metadata), costs: Buffer.from(JSON.stringify(costs)) };
}

/** The last checkpoint, unless it lies behind an epoch whose weights are wanted and were not kept (the spec asked for less then). */
function readCheckpoint(
  { lease }: StageContext,
  wanted: readonly number[],
): { checkpoint: Checkpoint; costs: Costs } | undefined {
  const parts = lease.readCheckpoint();
  if (parts?.state === undefined || parts.costs === undefined) return undefined;
  const checkpoint = decodeCheckpoint(decodeSafetensors(parts.state, "checkpoint"));
  const isKept = (epoch: number) => lease.files.includes(outputFile(weightsAt(epoch)));
  if (wanted.some((epoch) => epoch <= checkpoint.epoch && !isKept(epoch))) return undefined;
  return { checkpoint, costs: JSON.parse(Buffer.from(parts.costs).toString("utf8")) as Costs };
}

let cache: { readonly spec: string; readonly data: Dataset } | undefined;

/** Reading and checking a data set takes seconds, and a worker's trainings mostly use the same one. */
export function cachedData(spec: DataSpec): Dataset {
  const key = canonicalJson({ ...spec });
  if (cache?.spec !== key) cache = { spec: key, data: loadData(spec) };
  return cache.data;
}
