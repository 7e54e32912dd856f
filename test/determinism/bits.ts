import { createHash } from "node:crypto";
import { elementCount } from "../../src/core/array.ts";
import { stream } from "../../src/core/rng.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/core/safetensors.ts";
import type { Dataset } from "../../src/data/load.ts";
import { Mask } from "../../src/masks/mask.ts";
import { buildModel } from "../../src/models/index.ts";
import { initialWeights } from "../../src/nn/init.ts";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "../../src/train/checkpoint.ts";
import type { TrainJob } from "../../src/train/job.ts";
import type { TrainRecipe } from "../../src/train/recipe.ts";
import { toyData, toyRecipe } from "../../src/train/toy.fixture.ts";
import { train } from "../../src/train/trainer.ts";
import type { Case } from "./cases.ts";

/** Steps of the one epoch that a repeat trains; the last one has a smaller batch. */
export const steps = 2;

/** Repeats a training of a case, whose data, weights and mask are made once. */
export class Repeater {
  readonly #case: Case;
  readonly #data: Dataset;
  readonly #job: Pick<TrainJob, "weights" | "mask">;

  constructor(tested: Case) {
    const { model: spec, shape, batchSize } = tested;
    this.#case = tested;
    // The last batch has 3/4 of the images.
    const images = Math.floor(batchSize * (steps - 0.25));
    this.#data = toyData({ shape, classes: 10, train: images, test: 4 });
    const model = buildModel(spec, { shape, classes: 10 });
    this.#job = { weights: initialWeights(model, 1, 0), mask: halfOf(model.prunable()) };
  }

  /**
   * Trains an epoch, through a checkpoint file's bytes after `interruptAfter` steps when that is given.
   * @returns SHA-256 of all that the training leaves: weights, statistics, momentum and metrics
   */
  async run(precision: TrainRecipe["precision"], interruptAfter?: number): Promise<string> {
    if (interruptAfter === undefined) return hash(await this.#train(precision, {}));
    const abort = new AbortController();
    const onProgress: TrainJob["onProgress"] = ({ step }) => {
      if (step === interruptAfter) abort.abort();
    };
    const interrupted = await this.#train(precision, { signal: abort.signal, onProgress });
    const fromCheckpoint = decodeCheckpoint(decodeSafetensors(encoded(interrupted), "checkpoint"));
    if (fromCheckpoint.epoch !== 0 || fromCheckpoint.step !== interruptAfter) throw new Error("not interrupted there");
    return hash(await this.#train(precision, { fromCheckpoint }));
  }

  /** @returns the last checkpoint */
  async #train(precision: TrainRecipe["precision"], more: Partial<TrainJob>): Promise<Checkpoint> {
    const { model: spec, shape, batchSize } = this.#case;
    let last: Checkpoint | undefined;
    await train({
      model: buildModel(spec, { shape, classes: 10 }),
      ...this.#job,
      data: this.#data,
      recipe: toyRecipe({ epochs: 1, batchSize, lr: 0.02, precision, augment: { crop: 2, flip: true } }),
      seed: 3,
      device: "cpu",
      keepEpochs: [],
      saveCheckpoint: (checkpoint) => {
        last = checkpoint;
      },
      ...more,
    });
    if (last === undefined) throw new Error("the training saved no checkpoint");
    return last;
  }
}

/** Half of the weights of each layer but the first, at random. */
function halfOf(layers: readonly { readonly name: string; readonly shape: readonly number[] }[]): Mask {
  const draws = stream(2, "mask");
  return new Mask(
    layers
      .slice(1)
      .map(({ name, shape }) => [
        name,
        { shape, keep: Uint8Array.from({ length: elementCount(shape) }, () => draws.below(2)) },
      ]),
  );
}

function encoded(checkpoint: Checkpoint): Buffer {
  const { tensors, metadata } = encodeCheckpoint(checkpoint);
  return encodeSafetensors(tensors, metadata);
}

function hash(checkpoint: Checkpoint): string {
  return createHash("sha256").update(encoded(checkpoint)).digest("hex");
}
