import { setImmediate } from "node:timers/promises";
import type { DeviceSplit } from "../data/device.ts";
import type { Module } from "../nn/module.ts";
import { correctCount, crossEntropy } from "../tensor/ops.ts";
import { noGrad, scope } from "../tensor/scope.ts";

/** Images per batch of an evaluation. A constant, so that equal weights have equal test losses whatever the recipe. */
export const evaluationBatch = 256;

/** How well a model does on a split. */
export interface Evaluation {
  /** Mean cross-entropy in nats. */
  readonly loss: number;
  /** Share of the images that are right, in [0, 1]. */
  readonly accuracy: number;
  readonly correct: number;
  readonly count: number;
}

/**
 * Loss and accuracy of a loaded model on all images of a split, without augmentation and with batch-norm's running statistics; the
 * model's mode is restored. The event loop gets a turn after every batch.
 * @param batchSize images at a time; it bounds memory and changes the result by rounding only
 * @returns undefined when `signal` was aborted before the end
 */
export async function evaluate(
  model: Module,
  split: DeviceSplit,
  batchSize: number,
  signal?: AbortSignal,
): Promise<Evaluation | undefined> {
  const { training } = model;
  model.train(false);
  let loss = 0;
  let correct = 0;
  try {
    for (let start = 0; start < split.count; start += batchSize) {
      if (signal?.aborted === true) return undefined;
      const indices = Int32Array.from({ length: Math.min(batchSize, split.count - start) }, (_, i) => start + i);
      const batch = evaluateBatch(model, split, indices);
      loss += batch.loss;
      correct += batch.correct;
      await setImmediate();
    }
  } finally {
    model.train(training);
  }
  return { loss: loss / split.count, accuracy: correct / split.count, correct, count: split.count };
}

function evaluateBatch(
  model: Module,
  split: DeviceSplit,
  indices: Int32Array,
): { readonly loss: number; readonly correct: number } {
  return scope(() =>
    noGrad(() => {
      const { images, labels } = split.batch(indices);
      const logits = model.forward(images);
      return { loss: crossEntropy(logits, labels, "sum").item(), correct: correctCount(logits, labels).item() };
    }),
  );
}
