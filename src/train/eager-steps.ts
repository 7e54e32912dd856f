import { augmentation, epochOrder } from "../data/order.ts";
import { correctCount, crossEntropy } from "../tensor/ops.ts";
import { scope } from "../tensor/scope.ts";
import type { EpochSums } from "./checkpoint.ts";
import { RunningSums } from "./running-sums.ts";
import type { StepContext, Steps } from "./steps.ts";

/** Losses are read, and checked, after so many steps. */
const readEvery = 10;

/** Steps that the host describes one by one. */
export class EagerSteps implements Steps {
  readonly #context: StepContext;
  #epoch = 0;
  #step = 0;
  #order: Int32Array = new Int32Array();
  #results = new RunningSums();

  constructor(context: StepContext) {
    this.#context = context;
  }

  get sums(): EpochSums {
    return this.#results.sums;
  }

  begin(epoch: number, step: number, sums: EpochSums): void {
    const { seed, order, data } = this.#context.job;
    this.#epoch = epoch;
    this.#step = step;
    this.#order = epochOrder(seed, epoch, data.train.count, order);
    this.#results.dispose();
    this.#results = new RunningSums(sums);
  }

  run(): number | undefined {
    this.#train();
    this.#step++;
    return this.#step % readEvery === 0 ? this.#results.read() : undefined;
  }

  read(): number | undefined {
    return this.#results.read();
  }

  dispose(): void {
    this.#results.dispose();
  }

  #train(): void {
    const { job, optimizer, images: split, learningRate } = this.#context;
    const { model, recipe, seed, order, from = 0 } = job;
    const [epoch, step] = [this.#epoch, this.#step];
    const indices = this.#order.subarray(step * recipe.batchSize, (step + 1) * recipe.batchSize);
    const changes = augmentation(seed, epoch, step, indices.length, recipe.augment, order);
    scope(() => {
      const { images, labels } = split.batch(indices, changes);
      const logits = model.forward(images);
      const loss = crossEntropy(logits, labels);
      loss.backward();
      job.penalty?.addGradients(model, epoch);
      optimizer.step(learningRate(epoch, step), epoch === from && step === 0);
      this.#results.add(step + 1, indices.length, loss, correctCount(logits, labels));
    });
  }
}
