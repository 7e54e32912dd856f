import { stream } from "../core/rng.ts";
import type { Augment } from "./types.ts";

/** The random changes of one batch, image by image. */
export interface BatchAugmentation {
  /** The crop's padding in pixels on each side. */
  readonly pad: number;
  /** [batch], top and left edge of the window in the image padded by `pad` on each side, in [0, 2·pad]. */
  readonly offsetsY: Int32Array;
  readonly offsetsX: Int32Array;
  /** [batch], 1 where the image is mirrored left to right. */
  readonly flip: Uint8Array;
}

/**
 * Which of a seed's series of data orders and augmentations is drawn: 0 for every training, 1 for a second copy that is to differ from
 * the first in its noise alone.
 */
export type OrderSeries = number;

/** Counters of the streams of a series; the first has none of its own. */
function seriesCounter(series: OrderSeries): readonly number[] {
  return series === 0 ? [] : [series];
}

/**
 * The order in which an epoch visits the training images: a uniformly random permutation of 0 .. count-1, a pure function
 * of its arguments. Seed 0 epoch 1 has nothing to do with seed 1 epoch 0.
 * @param epoch  from 0
 */
export function epochOrder(seed: number, epoch: number, count: number, series: OrderSeries = 0): Int32Array {
  return stream(seed, "order", epoch, ...seriesCounter(series)).permutation(count);
}

/**
 * The changes of one batch, a pure function of (seed, epoch, step, series): a longer batch begins with the changes of a shorter
 * one, and crop and flip are drawn apart, so that neither depends on whether the other is on.
 * @param step   within the epoch, from 0
 * @param batch  number of images
 * @returns      undefined when nothing is to be changed
 */
export function augmentation(
  seed: number,
  epoch: number,
  step: number,
  batch: number,
  { crop, flip }: Augment,
  series: OrderSeries = 0,
): BatchAugmentation | undefined {
  if (crop === 0 && !flip) return undefined;
  const changes = {
    pad: crop,
    offsetsY: new Int32Array(batch),
    offsetsX: new Int32Array(batch),
    flip: new Uint8Array(batch),
  };
  if (crop > 0) {
    const draws = stream(seed, "crop", epoch, step, ...seriesCounter(series));
    for (let i = 0; i < batch; i++) {
      changes.offsetsY[i] = draws.below(2 * crop + 1);
      changes.offsetsX[i] = draws.below(2 * crop + 1);
    }
  }
  if (flip) {
    const draws = stream(seed, "flip", epoch, step, ...seriesCounter(series));
    for (let i = 0; i < batch; i++) changes.flip[i] = draws.below(2);
  }
  return changes;
}
