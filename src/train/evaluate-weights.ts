import type { StateDict } from "../core/array.ts";
import { DeviceSplit } from "../data/device.ts";
import type { Dataset } from "../data/load.ts";
import type { Split } from "../data/types.ts";
import type { Module } from "../nn/module.ts";
import type { Device } from "../tensor/tensor.ts";
import { type Evaluation, evaluate, evaluationBatch } from "./evaluate.ts";
import type { EpochMetrics, TrainRecipe } from "./recipe.ts";

/** Weights that nobody here has trained. */
export interface WeightsJob {
  /** Not loaded; it is disposed at the end. */
  readonly model: Module;
  readonly weights: StateDict;
  readonly data: Dataset;
  readonly precision: TrainRecipe["precision"];
  readonly engine?: TrainRecipe["engine"];
  readonly device: Device;
  readonly signal?: AbortSignal;
}

/**
 * How well weights do on every part of the data, in the form of an epoch's metrics: epoch 0, learning rate 0. Unlike those of a training,
 * loss and accuracy on the training part are of images without augmentation and of weights that do not change.
 * @returns undefined when `signal` was aborted before the end
 */
export async function evaluateWeights(job: WeightsJob): Promise<EpochMetrics | undefined> {
  const { model, weights, data, precision, device } = job;
  try {
    model.load(weights, { device, dtype: precision === "bfloat16" ? "float32" : precision });
    const train = await on(data.train, job);
    const test = await on(data.test, job);
    const validation = data.validation === undefined ? undefined : await on(data.validation, job);
    if (train === undefined || test === undefined || job.signal?.aborted === true) return undefined;
    return {
      epoch: 0,
      lr: 0,
      trainLoss: train.loss,
      trainAccuracy: train.accuracy,
      testLoss: test.loss,
      testAccuracy: test.accuracy,
      ...(validation === undefined ? {} : { validationLoss: validation.loss, validationAccuracy: validation.accuracy }),
    };
  } finally {
    model.dispose();
  }
}

async function on(split: Split, job: WeightsJob): Promise<Evaluation | undefined> {
  const { model, data, device, precision, signal, engine } = job;
  const there = new DeviceSplit(split, data, device, precision);
  try {
    return await evaluate(model, there, evaluationBatch, signal, engine);
  } finally {
    there.dispose();
  }
}
