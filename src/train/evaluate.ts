import { setImmediate } from "node:timers/promises";
import type { DeviceSplit } from "../data/device.ts";
import type { Module } from "../nn/module.ts";
import { setWinograd } from "../tensor/engine.ts";
import { correctCount, crossEntropy } from "../tensor/ops.ts";
import { keep, noGrad, scope } from "../tensor/scope.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { TrainRecipe } from "./recipe.ts";

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
 * @param engine as in the recipe
 * @returns undefined when `signal` was aborted before the end
 */
export async function evaluate(
  model: Module,
  split: DeviceSplit,
  batchSize: number,
  signal?: AbortSignal,
  engine?: TrainRecipe["engine"],
): Promise<Evaluation | undefined> {
  const { training } = model;
  model.train(false);
  // Results stay on the device until the end, so that a GPU is waited for once.
  const results: BatchResult[] = [];
  try {
    for (let start = 0; start < split.count; start += batchSize) {
      if (signal?.aborted === true) return undefined;
      setWinograd(engine === "winograd");
      results.push(evaluateBatch(model, split, start, Math.min(batchSize, split.count - start)));
      await setImmediate();
    }
    const loss = results.reduce((sum, batch) => sum + batch.loss.item(), 0);
    const correct = results.reduce((sum, batch) => sum + batch.correct.item(), 0);
    return { loss: loss / split.count, accuracy: correct / split.count, correct, count: split.count };
  } finally {
    model.train(training);
    for (const { loss, correct } of results) {
      loss.dispose();
      correct.dispose();
    }
  }
}

/** Scalars: the sum of a batch's losses, and how many images were right. */
interface BatchResult {
  readonly loss: Tensor;
  readonly correct: Tensor;
}

function evaluateBatch(model: Module, split: DeviceSplit, start: number, length: number): BatchResult {
  return scope(() =>
    noGrad(() => {
      const { images, labels } = split.slice(start, length);
      const logits = model.forward(images);
      return { loss: keep(crossEntropy(logits, labels, "sum")), correct: keep(correctCount(logits, labels)) };
    }),
  );
}
