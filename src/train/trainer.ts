import { setImmediate } from "node:timers/promises";
import { DeviceSplit } from "../data/device.ts";
import type { Dataset } from "../data/load.ts";
import type { Placement } from "../nn/variable.ts";
import { setWinograd } from "../tensor/engine.ts";
import type { EpochSums } from "./checkpoint.ts";
import { evaluate, evaluationBatch } from "./evaluate.ts";
import type { TrainJob, TrainOutcome } from "./job.ts";
import { Optimizer } from "./optimizer.ts";
import type { EpochMetrics } from "./recipe.ts";
import { learningRate } from "./schedule.ts";
import { type Steps, stepsFor } from "./steps.ts";

export type { EpochTiming, TrainJob, TrainOutcome, TrainProgress } from "./job.ts";

const noSums: EpochSums = { loss: 0, correct: 0, seen: 0 };

/**
 * Trains a model. The result (metrics, weights, where it diverges) is a pure function of weights, mask, data, recipe and seed, also
 * when it was interrupted and resumed any number of times; device, threads and libtorch's version change it by rounding only.
 * With `from` it starts in the middle of the schedule, with momentum at 0. An epoch visits every training image once; its last batch may be smaller. The event loop gets a turn after every step.
 * @throws InputError when weights or mask do not fit the model
 */
export async function train(job: TrainJob): Promise<TrainOutcome> {
  const training = new Training(job);
  try {
    return await training.run();
  } finally {
    training.dispose();
  }
}

class Training {
  readonly #job: TrainJob;
  readonly #optimizer: Optimizer;
  readonly #splits: { readonly train: DeviceSplit; readonly test: DeviceSplit; readonly validation?: DeviceSplit };
  /** Per epoch. */
  readonly #steps: number;
  readonly #runner: Steps;
  readonly #metrics: EpochMetrics[];
  /** Epochs that lay behind the start. */
  readonly #from: number;
  /** Epochs finished, those before the start too, and steps of the one under way. */
  #epoch: number;
  #step: number;

  constructor(job: TrainJob) {
    const { model, weights, mask, data, recipe, device, fromCheckpoint } = job;
    const { precision } = recipe;
    const placement: Placement = { device, dtype: precision === "bfloat16" ? "float32" : precision };
    model.load(fromCheckpoint?.weights ?? mask?.apply(weights) ?? weights, placement);
    const onDevice = (split: Dataset["train"]) => new DeviceSplit(split, data, device, precision);
    model.train(true);
    this.#job = job;
    this.#optimizer = new Optimizer(model, recipe.optimizer.sgd, placement, mask, fromCheckpoint?.momenta);
    this.#splits = {
      train: onDevice(data.train),
      test: onDevice(data.test),
      ...(data.validation === undefined ? {} : { validation: onDevice(data.validation) }),
    };
    this.#steps = Math.ceil(data.train.count / recipe.batchSize);
    this.#from = job.from ?? 0;
    this.#epoch = fromCheckpoint?.epoch ?? this.#from;
    this.#step = fromCheckpoint?.step ?? 0;
    this.#metrics = [...(fromCheckpoint?.metrics ?? [])];
    this.#runner = stepsFor({
      job,
      optimizer: this.#optimizer,
      images: this.#splits.train,
      steps: this.#steps,
      learningRate: (epoch, step) => this.#learningRate(epoch, step),
    });
  }

  async run(): Promise<TrainOutcome> {
    const { recipe, fromCheckpoint } = this.#job;
    if (fromCheckpoint === undefined) this.#handOutWeights();
    while (this.#epoch < recipe.epochs) {
      const ended = await this.#runEpoch();
      if (ended !== undefined) return ended;
    }
    return { status: "done", metrics: this.#metrics };
  }

  dispose(): void {
    this.#runner.dispose();
    this.#optimizer.dispose();
    for (const split of Object.values(this.#splits)) split.dispose();
    this.#job.model.dispose();
  }

  /** Finishes the epoch under way. Returns an outcome when the training ends before that. */
  async #runEpoch(): Promise<TrainOutcome | undefined> {
    const { onEpoch, signal } = this.#job;
    const startedAt = performance.now();
    const firstStep = this.#step;
    const diverged = await this.#trainSteps();
    if (diverged !== undefined) return this.#diverged(diverged);
    if (this.#step < this.#steps) return this.#interrupted();
    const trainedAt = performance.now();
    const evaluated = await this.#evaluate(signal);
    if (evaluated === undefined) return this.#interrupted();
    const metrics = this.#epochMetrics(evaluated);
    if (Object.values(metrics).some((value) => !Number.isFinite(value))) return this.#diverged(this.#steps);
    if (this.#job.penalty?.endEpoch(this.#epoch + 1, this.#job.model.stateDict()) === false)
      return this.#diverged(this.#steps);
    this.#metrics.push(metrics);
    this.#epoch++;
    this.#step = 0;
    this.#handOutWeights();
    onEpoch?.(metrics, {
      epoch: this.#epoch,
      trainSeconds: (trainedAt - startedAt) / 1000,
      evaluationSeconds: (performance.now() - trainedAt) / 1000,
      imagesPerSecond: this.#rate(firstStep, this.#steps, trainedAt - startedAt),
    });
    this.#save();
    return undefined;
  }

  /** Trains until the epoch's end or the signal. @returns the step whose loss was not finite */
  async #trainSteps(): Promise<number | undefined> {
    const { onProgress, fromCheckpoint, recipe } = this.#job;
    // Only the checkpoint that a training goes on from can lie within an epoch.
    this.#runner.begin(this.#epoch, this.#step, this.#step > 0 ? (fromCheckpoint?.sums ?? noSums) : noSums);
    const startedAt = performance.now();
    const firstStep = this.#step;
    while (this.#step < this.#steps && !this.#isAborted()) {
      setWinograd(recipe.engine === "winograd"); // before every step: other work of this process may have changed it
      const diverged = this.#runner.run();
      this.#step++;
      if (diverged !== undefined) return diverged;
      const { loss, seen } = this.#runner.sums;
      onProgress?.({
        epoch: this.#epoch + 1,
        step: this.#step,
        steps: this.#steps,
        ...(seen > 0 ? { loss: loss / seen } : {}),
        imagesPerSecond: this.#rate(firstStep, this.#step, performance.now() - startedAt),
      });
      await setImmediate();
    }
    return this.#runner.read();
  }

  /** Loss and accuracy of the held-out splits; undefined when aborted. */
  async #evaluate(
    signal: AbortSignal | undefined,
  ): Promise<Omit<EpochMetrics, "epoch" | "lr" | "trainLoss" | "trainAccuracy"> | undefined> {
    const { model, recipe } = this.#job;
    const test = await evaluate(model, this.#splits.test, evaluationBatch, signal, recipe.engine);
    if (test === undefined) return undefined;
    const onTest = { testLoss: test.loss, testAccuracy: test.accuracy };
    if (this.#splits.validation === undefined) return onTest;
    const validation = await evaluate(model, this.#splits.validation, evaluationBatch, signal, recipe.engine);
    if (validation === undefined) return undefined;
    return { ...onTest, validationLoss: validation.loss, validationAccuracy: validation.accuracy };
  }

  #epochMetrics(evaluated: Omit<EpochMetrics, "epoch" | "lr" | "trainLoss" | "trainAccuracy">): EpochMetrics {
    const { loss, correct, seen } = this.#runner.sums;
    return {
      epoch: this.#epoch + 1,
      lr: this.#learningRate(this.#epoch, this.#steps - 1),
      trainLoss: loss / seen,
      trainAccuracy: correct / seen,
      ...evaluated,
    };
  }

  #learningRate(epoch: number, step: number): number {
    const { optimizer, schedule } = this.#job.recipe;
    return learningRate({ ...schedule, lr: optimizer.sgd.lr }, epoch, step, this.#steps);
  }

  /** Images per second of the steps from `first` (inclusive) to `end` (exclusive). */
  #rate(first: number, end: number, milliseconds: number): number {
    const { data, recipe } = this.#job;
    const images = Math.min(end * recipe.batchSize, data.train.count) - first * recipe.batchSize;
    return milliseconds > 0 ? (1000 * Math.max(0, images)) / milliseconds : 0;
  }

  #isAborted(): boolean {
    return this.#job.signal?.aborted === true;
  }

  #handOutWeights(): void {
    const { keepEpochs, onWeights, model } = this.#job;
    if (keepEpochs.includes(this.#epoch)) onWeights?.(this.#epoch, model.stateDict());
  }

  #save(): void {
    this.#job.saveCheckpoint?.({
      epoch: this.#epoch,
      step: this.#step,
      weights: this.#job.model.stateDict(),
      momenta: this.#optimizer.momenta(),
      sums: this.#step > 0 ? this.#runner.sums : noSums,
      metrics: [...this.#metrics],
    });
  }

  #interrupted(): TrainOutcome {
    this.#save();
    return { status: "interrupted", metrics: this.#metrics };
  }

  #diverged(step: number): TrainOutcome {
    return { status: "diverged", metrics: this.#metrics, divergedAt: { epoch: this.#epoch + 1, step } };
  }
}
