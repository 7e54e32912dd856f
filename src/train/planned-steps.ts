import { type Recorder, type Recording, recorderFor } from "../tensor/graph.ts";
import { correctCount, crossEntropy, recordColumn } from "../tensor/ops.ts";
import { keep, noGrad, scope } from "../tensor/scope.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { EpochSums } from "./checkpoint.ts";
import { EpochTable } from "./epoch-table.ts";
import type { StepContext, Steps } from "./steps.ts";

/** Steps before the recording: in them libraries choose algorithms, compile, and allocate what they keep. */
const warmUpSteps = 3;

/**
 * Steps that the device finds out about by itself: it has the epoch's table and its own position in it, and keeps the results. A step
 * is thus the same work every time, which is recorded and then replayed, and the host waits for the device only to read results.
 */
export class PlannedSteps implements Steps {
  readonly #context: StepContext;
  readonly #record: Recorder | undefined;
  readonly #table: EpochTable;
  /** int64 [1]: steps of this epoch finished. */
  readonly #position: Tensor;
  /** float64 [2, steps]: mean loss and right answers of every step. */
  readonly #results: Tensor;
  #recording: Recording | undefined;
  #warm = 0;
  #epoch = 0;
  #step = 0;
  #sums: EpochSums = { loss: 0, correct: 0, seen: 0 };
  /** Steps whose results are in the sums. */
  #read = 0;

  /** @param record for tests; by default as the device can, or not at all */
  constructor(context: StepContext, record = recorderFor(context.job.device)) {
    const { device } = context.job;
    this.#context = context;
    this.#record = record;
    this.#table = new EpochTable(context);
    this.#position = keep(Tensor.zeros([1], { device, dtype: "int64" }));
    this.#results = keep(Tensor.zeros([2, context.steps], { device, dtype: "float64" }));
  }

  get sums(): EpochSums {
    return this.#sums;
  }

  begin(epoch: number, step: number, sums: EpochSums): void {
    const { device, penalty } = this.#context.job;
    this.#epoch = epoch;
    this.#step = step;
    this.#read = step;
    this.#sums = sums;
    this.#table.fill(epoch);
    scope(() => this.#position.copyFrom(Tensor.full([1], step, { device, dtype: "int64" })));
    // A penalty's tensors and factors are others in every epoch.
    if (penalty !== undefined) this.#forget();
  }

  run(): undefined {
    const { batchSize } = this.#context.job.recipe;
    const images = this.#imagesOf(this.#step++);
    if (images < batchSize || this.#record === undefined || this.#warm < warmUpSteps) {
      this.#train(images);
      if (images === batchSize) this.#warm++;
    } else {
      this.#recording ??= this.#record(() => this.#train(batchSize));
      this.#recording.replay();
    }
  }

  read(): number | undefined {
    const { steps } = this.#context;
    const values = this.#results.toHost().data;
    let diverged: number | undefined;
    for (; this.#read < this.#step; this.#read++) {
      const [loss, correct] = [Number(values[this.#read]), Number(values[steps + this.#read])];
      if (!Number.isFinite(loss)) diverged ??= this.#read + 1;
      const images = this.#imagesOf(this.#read);
      const { loss: total, correct: right, seen } = this.#sums;
      this.#sums = { loss: total + loss * images, correct: right + correct, seen: seen + images };
    }
    return diverged;
  }

  dispose(): void {
    this.#forget();
    this.#table.dispose();
    this.#position.dispose();
    this.#results.dispose();
  }

  /** The work of one step; all that differs from step to step is in the tensors. */
  #train(images: number): void {
    const { job, optimizer, images: split } = this.#context;
    scope(() => {
      const { batch, rate } = this.#table.row(this.#position, images);
      const { images: input, labels } = split.planned(batch);
      const logits = job.model.forward(input);
      const loss = crossEntropy(logits, labels);
      loss.backward();
      job.penalty?.addGradients(job.model, this.#epoch);
      optimizer.recordableStep(rate);
      recordColumn(this.#results, this.#position, [loss, correctCount(logits, labels)]);
      noGrad(() => this.#position.copyFrom(this.#position.add(1)));
    });
  }

  #imagesOf(step: number): number {
    const { data, recipe } = this.#context.job;
    return Math.min(recipe.batchSize, data.train.count - step * recipe.batchSize);
  }

  #forget(): void {
    this.#recording?.dispose();
    this.#recording = undefined;
  }
}
