import { elementCount } from "../core/array.ts";
import { describeData } from "../data/check.ts";
import type { DataSpec } from "../data/types.ts";
import type { ModelSpec } from "../models/types.ts";
import { describeModelOnce } from "../spec/describe.ts";
import { epochsToTrain } from "./retraining.ts";
import { inputsOf } from "./stage-table.ts";
import type { Stage } from "./types.ts";
import type { Work } from "./union.ts";

/** What is known about the machine. */
export interface EstimateOptions {
  /** Training images per second and worker measured for a model, if it has been trained before. */
  readonly throughput?: (model: ModelSpec) => number | undefined;
  /** Stages that run at the same time; 1 by default. */
  readonly workers?: number;
}

/** What a plan amounts to; the fields that `plan --json` prints. */
export interface PlanSummary {
  /** After sharing, whether done or not. */
  readonly trainings: number;
  /** If every cell derived its mask and its starts on its own. */
  readonly trainingsUnshared: number;
  readonly trainingsToDo: number;
  /** ADMM prunings, not counted as trainings. */
  readonly admmRuns: number;
  readonly admmRunsToDo: number;
  readonly stages: number;
  readonly stagesToDo: number;
  /** Wall time of what is to do. */
  readonly estimatedSeconds: number;
  /** Disk space that what is to do will take. */
  readonly estimatedBytes: number;
}

/**
 * What one worker on one CPU core does when nothing has been measured yet, in floating-point operations per second; an image also
 * costs as much as so many multiply-accumulates whatever the network, which is most of a small one's time. Fitted to 533 and 12,400
 * images per second of ResNet-20 and LeNet-5 on a server core of 2023.
 */
const defaultRate = 135e9;
const macsPerImage = 1.4e6;

/** Metrics of one epoch (a JSON line), and the record with the stage's description. */
const bytesPerEpoch = 300;
const bytesPerRecord = 4096;
/** A layer's name and residual in the line of an epoch. */
const bytesPerResidual = 45;

/**
 * Counts and estimates.
 * @param isDone true only if the stage's record is there with all of `stage.outputs`: a training whose weights at some
 *               epoch were not kept is to be done again for them
 */
export function summarise(plan: Work, isDone: (stage: Stage) => boolean, options: EstimateOptions = {}): PlanSummary {
  const all = [...plan.stages.values()];
  const open = all.filter((stage) => !isDone(stage));
  return {
    trainings: plan.trainings,
    trainingsUnshared: plan.trainingsUnshared,
    trainingsToDo: open.filter(({ kind }) => kind === "train").length,
    admmRuns: plan.admmRuns,
    admmRunsToDo: open.filter(({ kind }) => kind === "admm").length,
    stages: all.length,
    stagesToDo: open.length,
    estimatedSeconds: estimateSeconds(open, options),
    estimatedBytes: open.reduce((sum, stage) => sum + stageBytes(stage, plan), 0),
  };
}

/**
 * Work shared out evenly over the workers, or the longest chain of stages that wait for each other, whichever is longer.
 * Only what passes images through a network counts: other masks and comparisons take no time beside it.
 */
function estimateSeconds(open: readonly Stage[], { throughput, workers = 1 }: EstimateOptions): number {
  const finished = new Map<string, number>();
  let total = 0;
  for (const stage of open) {
    const seconds = stageSeconds(stage, throughput);
    const ready = Math.max(0, ...inputsOf(stage).map((ref) => finished.get(ref.key) ?? 0));
    finished.set(stage.key, ready + seconds);
    total += seconds;
  }
  const longest = [...finished.values()].reduce((most, seconds) => Math.max(most, seconds), 0);
  return Math.max(total / workers, longest);
}

/** A training image costs three forward passes (one back to the activations, one to the weights), a test image one. */
function stageSeconds(stage: Stage, throughput: EstimateOptions["throughput"]): number {
  if (stage.kind === "init" || stage.kind === "mask" || stage.kind === "compare") return 0;
  const { model, data } = stage.parameters;
  const described = describeData(data);
  const isTrained = stage.kind === "train" || stage.kind === "admm";
  const epochs = isTrained ? epochsToTrain(stage.parameters) : 0;
  const trainImages = described.train * epochs;
  const evaluated = (described.test + described.validation) * epochs;
  const testImages =
    stage.kind === "connect"
      ? described.test * stage.parameters.points
      : stage.kind === "load"
        ? described.train + described.test + described.validation
        : evaluated;
  const imagesPerSecond =
    throughput?.(model) ?? defaultRate / (3 * 2 * (describeModelOnce(model, described).macs + macsPerImage));
  return (trainImages + testImages / 3) / imagesPerSecond;
}

function stageBytes(stage: Stage, plan: Work): number {
  return bytesPerRecord + outputBytes(stage, plan);
}

function outputBytes(stage: Stage, plan: Work): number {
  switch (stage.kind) {
    case "init":
      return describeModelOnce(stage.parameters.model, stage.parameters).stateBytes;
    case "load":
      return describeModelOnce(stage.parameters.model, describeData(stage.parameters.data)).stateBytes + bytesPerEpoch;
    case "train": {
      const { model, data, recipe } = stage.parameters;
      const weights = stage.outputs.filter((output) => output.startsWith("weights@")).length;
      const itemScale = recipe.precision === "float64" ? 2 : 1;
      return (
        weights * itemScale * describeModelOnce(model, describeData(data)).stateBytes +
        epochsToTrain(stage.parameters) * bytesPerEpoch
      );
    }
    case "mask":
      return maskBytes(stage, plan);
    case "admm": {
      const { model, data, recipe, layers } = stage.parameters;
      return layerBytes(model, data, layers) + recipe.epochs * (bytesPerEpoch + layers.length * bytesPerResidual);
    }
    case "compare":
    case "connect":
      return 0; // a few numbers, within the allowance for the record
  }
}

/** One byte per weight of the masked layers. */
function maskBytes({ parameters, inputs }: Stage & { kind: "mask" }, plan: Work): number {
  const source = plan.stages.get(inputs.weights.key);
  if (source?.kind !== "train" && source?.kind !== "load") return 0;
  return layerBytes(parameters.model, source.parameters.data, parameters.layers);
}

function layerBytes(model: ModelSpec, data: DataSpec, layers: readonly string[]): number {
  return describeModelOnce(model, describeData(data))
    .prunable.filter(({ name }) => layers.includes(name))
    .reduce((sum, { shape }) => sum + elementCount(shape), 0);
}
