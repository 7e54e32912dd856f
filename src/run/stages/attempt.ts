import { canonicalJson, type Json } from "../../core/canonical-json.ts";
import { decodeSafetensors, encodeSafetensors } from "../../core/safetensors.ts";
import { type Dataset, loadData } from "../../data/load.ts";
import type { DataSpec } from "../../data/types.ts";
import type { AdmmStage, TrainStage } from "../../plan/types.ts";
import { outputFile } from "../../store/layout.ts";
import type { EncodedCheckpoint } from "../../train/checkpoint.ts";
import type { EpochMetrics } from "../../train/recipe.ts";
import type { EpochTiming, TrainProgress } from "../../train/trainer.ts";
import type { StageContext } from "./context.ts";
import { commit, jsonLines } from "./output.ts";

/** What a checkpoint holds beside the trainer's state: costs so far, which are no part of the result. */
interface Costs {
  readonly elapsedMs: number;
  readonly resumes: number;
  readonly timing: readonly EpochTiming[];
}

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

  constructor(stage: TrainStage | AdmmStage, context: StageContext) {
    this.#stage = stage;
    this.#context = context;
    this.data = cachedData(stage.parameters.data);
    this.steps = Math.ceil(this.data.train.count / stage.parameters.recipe.batchSize);
  }

  /**
   * Goes on from the stored checkpoint, if there is one.
   * @param decode what the trainer goes on from and the metrics so far, or undefined to start from the beginning after all
   */
  resume<C>(
    decode: (
      state: EncodedCheckpoint,
    ) => { readonly checkpoint: C; readonly metrics: readonly EpochMetrics[] } | undefined,
  ): C | undefined {
    const parts = this.#context.lease.readCheckpoint();
    if (parts?.state === undefined || parts.costs === undefined) return undefined;
    const decoded = decode(decodeSafetensors(parts.state, "checkpoint"));
    if (decoded === undefined) return undefined;
    this.#earlier = JSON.parse(Buffer.from(parts.costs).toString("utf8")) as Costs;
    this.#timing = [...this.#earlier.timing];
    this.#testAccuracy = decoded.metrics.at(-1)?.testAccuracy;
    return decoded.checkpoint;
  }

  /** Keeps what the trainer goes on from, with the costs. */
  saveCheckpoint({ tensors, metadata }: EncodedCheckpoint): void {
    const costs: Costs = {
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

  /** Shows the end of an epoch of `epochs`, with its test accuracy. */
  showEpoch({ epoch, testAccuracy }: EpochMetrics, { imagesPerSecond }: EpochTiming, epochs: number): void {
    this.#testAccuracy = testAccuracy;
    const { steps } = this;
    this.#context.onProgress({ epoch, epochs, step: steps, steps, imagesPerSecond, testAccuracy });
  }

  /** Shows a step, with the last test accuracy. */
  showStep(progress: TrainProgress, epochs: number): void {
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
    commit(this.#stage, this.#context, {
      startedAt: this.#startedAt,
      status,
      summary,
      earlierMs: this.#earlierMs,
      resumes: this.#resumes,
      data: this.data.fingerprint,
    });
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
