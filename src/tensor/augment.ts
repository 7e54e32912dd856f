import type { DType } from "../core/array.ts";
import { native } from "./load.ts";
import { Tensor } from "./tensor.ts";

/** A batch to take from a data set that lives on the device. B is the batch size. */
export interface GatherAugmented {
  /** uint8 [N, C, H, W]. */
  readonly images: Tensor;
  /** [B], each in [0, N). */
  readonly indices: Int32Array;
  /** Top row of each crop in the padded image, each in [0, 2·pad]; undefined = `pad`, the image itself. */
  readonly offsetsY?: Int32Array | Int8Array | undefined;
  /** Left column of each crop in the padded image, each in [0, 2·pad]. */
  readonly offsetsX?: Int32Array | Int8Array | undefined;
  /** Non-zero: mirror left-right, after the crop. */
  readonly flip?: Uint8Array | undefined;
  /** Pixels of raw zeros around each image. */
  readonly pad: number;
  /** Per channel, of pixel values scaled to [0, 1]. */
  readonly mean: readonly number[];
  /** Per channel, > 0. */
  readonly std: readonly number[];
  readonly dtype: DType;
}

/**
 * Crops, mirrors, scales and normalises a batch in one native call: ((pixel / 255) - mean) / std, computed in float64 and rounded
 * once. The padding is raw zero, normalised like any pixel, as torchvision's RandomCrop on uint8 images does.
 * @returns float [B, C, H, W], channels-last, on the images' device
 */
export function gatherAugmented(batch: GatherAugmented): Tensor {
  const { images, indices, offsetsY, offsetsX, flip, pad, mean, std, dtype } = batch;
  const gather = images.device === "cpu" ? native().gatherAugmented : native().gatherAugmentedPortable;
  return new Tensor(gather(images.handle, indices, wide(offsetsY), wide(offsetsX), flip, pad, mean, std, dtype));
}

function wide(offsets: Int32Array | Int8Array | undefined): Int32Array | undefined {
  return offsets instanceof Int8Array ? Int32Array.from(offsets) : offsets;
}

/** The labels of a batch. @param labels int64 [N] @param indices [B], each in [0, N) @returns int64 [B] on the labels' device */
export function gatherLabels(labels: Tensor, indices: Int32Array): Tensor {
  return new Tensor(native().gatherLabels(labels.handle, indices));
}
