import { keep } from "../tensor/scope.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { EpochSums } from "./checkpoint.ts";

/** The result of one batch, still on the device. */
interface PendingBatch {
  readonly step: number;
  readonly images: number;
  readonly loss: Tensor;
  readonly correct: Tensor;
}

/**
 * Adds up an epoch's losses and right answers. They stay on the device until `read()`, so that a GPU need not be waited for after
 * every step; when they are read has no influence on the sums.
 */
export class RunningSums {
  #sums: EpochSums;
  #pending: PendingBatch[] = [];

  constructor(start: EpochSums = { loss: 0, correct: 0, seen: 0 }) {
    this.#sums = start;
  }

  /** Of the batches read so far. */
  get sums(): EpochSums {
    return this.#sums;
  }

  /** @param loss mean loss of the batch, a scalar @param correct number of right answers, a scalar */
  add(step: number, images: number, loss: Tensor, correct: Tensor): void {
    this.#pending.push({ step, images, loss: keep(loss.detach()), correct: keep(correct) });
  }

  /** Reads what was added since the last time. @returns the first step whose loss is not finite, if there is one */
  read(): number | undefined {
    let diverged: number | undefined;
    for (const { step, images, loss, correct } of this.#pending) {
      const value = loss.item();
      if (!Number.isFinite(value)) diverged ??= step;
      const { loss: total, correct: right, seen } = this.#sums;
      this.#sums = { loss: total + value * images, correct: right + correct.item(), seen: seen + images };
    }
    this.dispose();
    return diverged;
  }

  dispose(): void {
    for (const { loss, correct } of this.#pending) {
      loss.dispose();
      correct.dispose();
    }
    this.#pending = [];
  }
}
