import type { PlannedBatch } from "../data/device.ts";
import { augmentation, epochOrder } from "../data/order.ts";
import { keep } from "../tensor/scope.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { StepContext } from "./steps.ts";

/** What a step is told by its row of the table, in tensors of the caller's scope. */
export interface PlannedStep {
  readonly batch: PlannedBatch;
  /** Learning rate, a scalar. */
  readonly rate: Tensor;
}

/**
 * All that is known of an epoch's steps before they run (order, crops, flips, learning rates), on the device: float64 [steps, width],
 * a row is [indices | top edges | left edges | flips | rate]; the three in the middle are there when images are changed.
 * Whole numbers of float64 are exact. It goes to the device in one transfer per epoch and stays in the same place.
 */
export class EpochTable {
  readonly #context: StepContext;
  readonly #width: number;
  readonly #changes: boolean;
  readonly #table: Tensor;

  constructor(context: StepContext) {
    const { batchSize, augment } = context.job.recipe;
    this.#context = context;
    this.#changes = augment.crop > 0 || augment.flip;
    this.#width = (this.#changes ? 4 : 1) * batchSize + 1;
    const { device } = context.job;
    this.#table = keep(Tensor.zeros([context.steps, this.#width], { device, dtype: "float64" }));
  }

  /** Overwrites the table by what another epoch's steps are told. @param epoch finished epochs */
  fill(epoch: number): void {
    const { job, steps, learningRate } = this.#context;
    const { batchSize, augment } = job.recipe;
    const order = epochOrder(job.seed, epoch, job.data.train.count, job.order);
    const data = new Float64Array(steps * this.#width);
    for (let step = 0; step < steps; step++) {
      const row = data.subarray(step * this.#width, (step + 1) * this.#width);
      const indices = order.subarray(step * batchSize, (step + 1) * batchSize);
      const changes = augmentation(job.seed, epoch, step, indices.length, augment, job.order);
      row.set(indices, 0);
      if (changes !== undefined) {
        row.set(changes.offsetsY, batchSize);
        row.set(changes.offsetsX, 2 * batchSize);
        row.set(changes.flip, 3 * batchSize);
      }
      row[this.#width - 1] = learningRate(epoch, step);
    }
    const host = Tensor.fromHost({ dtype: "float64", shape: [steps, this.#width], data });
    this.#table.copyFrom(host);
    host.dispose();
  }

  /**
   * Reads one row, on the device.
   * @param position  int64 [1], the row
   * @param images    how many of the row's images the batch has
   */
  row(position: Tensor, images: number): PlannedStep {
    const { batchSize, augment } = this.#context.job.recipe;
    const row = this.#table.indexSelect(0, position).flatten(0);
    const part = (i: number) => row.narrow(0, i * batchSize, images).to({ dtype: "int64" });
    const changes = this.#changes
      ? { pad: augment.crop, offsetsY: part(1), offsetsX: part(2), flip: part(3) }
      : undefined;
    return { batch: { indices: part(0), changes }, rate: row.narrow(0, this.#width - 1, 1).reshape([]) };
  }

  dispose(): void {
    this.#table.dispose();
  }
}
