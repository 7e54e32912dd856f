import { hostname } from "node:os";
import { canonicalJson, type Json } from "../../core/canonical-json.ts";
import { decodeSafetensors, encodeSafetensors } from "../../core/safetensors.ts";
import { type Dataset, loadData } from "../../data/load.ts";
import type { DataSpec } from "../../data/types.ts";
import type { AdmmStage, TrainStage } from "../../plan/types.ts";
import { outputFile } from "../../store/layout.ts";
import { type ProgressLine, STEP_LINE_MS } from "../../store/progress-log.ts";
import { setThreads } from "../../tensor/engine.ts";
import type { EncodedCheckpoint } from "../../train/checkpoint.ts";
import type { EpochMetrics } from "../../train/recipe.ts";
import type { EpochTiming, TrainProgress } from "../../train/trainer.ts";
import type { StageContext } from "./context.ts";
import { type Costs, parseCosts } from "./costs.ts";
import { commit, jsonLines } from "./output.ts";

/** One attempt at a stage that trains: its data, its checkpoints, its costs with those of earlier attempts, and how far it is. */
export class Attempt {
  readonly data: Dataset;
  /** Steps of an epoch. */
  readonly steps: number;
  readonly #stage: TrainStage | AdmmStage;
  readonly #context: StageContext;
  readonly #startedAt = new Date();
  #earlier: Costs | undefined;
  #timing: EpochTiming[] = [];
  #testAccuracy: number | undefined;
  #lastLine = performance.now();
  /** Those of the stored training that is extended, or of the checkpoint; the context's for a new one. */
  #threads: number;

  constructor(stage: TrainStage | AdmmStage, context: StageContext) {
    this.#stage = stage;
    this.#context = context;
    this.data = cachedData(stage.parameters.data);
    this.#threads = context.threads;
    this.steps = Math.ceil(this.data.train.count / stage.parameters.recipe.batchSize);
  }

  /**
   * Goes on from the stored checkpoint, if there is one, with as many threads as that was computed with; a stored training is extended with
   * those of its record. Other threads sum up in another order, so the bits would change on the way.
   * @param decode what the trainer goes on from and the metrics so far, or undefined to start from the beginning after all
   */
  resume<C>(
    decode: (
      state: EncodedCheckpoint,
    ) => { readonly checkpoint: C; readonly metrics: readonly EpochMetrics[] } | undefined,
  ): C | undefined {
    const { lease, store } = this.#context;
    const recorded = store.record(this.#stage.key)?.provenance.threads;
    this.#useThreads(recorded ?? this.#threads);
    const parts = lease.readCheckpoint();
    if (parts?.state === undefined || parts.costs === undefined) return undefined;
    const costs = parseCosts(parts.costs);
    // Another number of threads is that of an attempt to extend.
    if (costs === undefined || (recorded !== undefined && costs.threads !== recorded)) {
      lease.dropCheckpoint();
      return undefined;
    }
    const decoded = decode(decodeSafetensors(parts.state, "checkpoint"));
    if (decoded === undefined) return undefined;
    this.#useThreads(costs.threads);
    this.#earlier = costs;
    this.#timing = [...this.#earlier.timing];
    this.#testAccuracy = decoded.metrics.at(-1)?.testAccuracy;
    return decoded.checkpoint;
  }

  /** Keeps what the trainer goes on from, with the costs. */
  saveCheckpoint({ tensors, metadata }: EncodedCheckpoint): void {
    const costs: Costs = {
      threads: this.#threads,
      elapsedMs: this.#earlierMs + Date.now() - this.#startedAt.getTime(),
      resumes: this.#resumes,
      timing: this.#timing,
    };
    this.#context.lease.checkpoint({
      state: encodeSafetensors(tensors, metadata),
      costs: Buffer.from(JSON.stringify(costs)),
    });
  }

  /** Counts an epoch's time. */
  addTiming(timing: EpochTiming): void {
    this.#timing.push(timing);
  }

  /**
   * Begins the file that tells onlookers how far it is.
   * @param metrics of the epochs that lie behind @param from how many those are @param epochs of the whole training
   */
  beginProgress(metrics: readonly EpochMetrics[], from: number, epochs: number): void {
    const at = new Date().toISOString();
    this.#context.lease.progress.begin([
      { type: "start", at, host: hostname(), pid: process.pid, epochs, from },
      ...metrics.map((line): ProgressLine => ({ type: "epoch", at, ...line })),
    ]);
  }

  /** Shows the end of an epoch of `epochs`, with its test accuracy. */
  showEpoch(metrics: EpochMetrics, { imagesPerSecond }: EpochTiming, epochs: number): void {
    const { epoch, testAccuracy } = metrics;
    this.#testAccuracy = testAccuracy;
    this.#lastLine = performance.now();
    this.#context.lease.progress.append({ type: "epoch", at: new Date().toISOString(), ...metrics });
    const { steps } = this;
    this.#context.onProgress({ epoch, epochs, step: steps, steps, imagesPerSecond, testAccuracy });
  }

  /** Shows a step, with the last test accuracy. */
  showStep(progress: TrainProgress, epochs: number): void {
    const now = performance.now();
    if (now - this.#lastLine >= STEP_LINE_MS) {
      this.#lastLine = now;
      this.#context.lease.progress.append({ type: "step", at: new Date().toISOString(), ...progress });
    }
    const testAccuracy = this.#testAccuracy;
    this.#context.onProgress({ ...progress, epochs, ...(testAccuracy === undefined ? {} : { testAccuracy }) });
  }

  /** Writes the log of the epochs and that of their times. */
  writeLogs(metrics: readonly EpochMetrics[]): void {
    this.#context.lease.write(outputFile("metrics"), jsonLines(metrics));
    this.#context.lease.write(outputFile("timing"), jsonLines(this.#timing));
  }

  /** Stores what the lease has written, with the costs of all attempts. */
  commit(status: "done" | "diverged", summary: Json): void {
    commit(
      this.#stage,
      { ...this.#context, threads: this.#threads },
      {
        startedAt: this.#startedAt,
        status,
        summary,
        earlierMs: this.#earlierMs,
        resumes: this.#resumes,
        data: this.data.fingerprint,
      },
    );
  }

  #useThreads(threads: number): void {
    this.#threads = threads;
    setThreads(threads);
  }

  get #earlierMs(): number {
    return this.#earlier?.elapsedMs ?? 0;
  }

  get #resumes(): number {
    return this.#earlier === undefined ? 0 : this.#earlier.resumes + 1;
  }
}

let cache: { readonly spec: string; readonly data: Dataset } | undefined;

/** Reading and checking a data set takes seconds, and a worker's trainings mostly use the same one. */
export function cachedData(spec: DataSpec): Dataset {
  const key = canonicalJson({ ...spec });
  if (cache?.spec !== key) cache = { spec: key, data: loadData(spec) };
  return cache.data;
}
