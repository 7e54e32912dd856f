import type { DType } from "../core/array.ts";
import { native } from "./load.ts";
import { type Device, Tensor } from "./tensor.ts";

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
  return new Tensor(
    native().gatherAugmented(images.handle, indices, wide(offsetsY), wide(offsetsX), flip, pad, mean, std, dtype),
  );
}

/** A batch whose description is on the device already. B is the batch size; all tensors are on the images' device. */
export interface GatherPlanned {
  /** uint8 [N, C, H, W]. */
  readonly images: Tensor;
  /** int64 [B], each in [0, N). */
  readonly indices: Tensor;
  /** As in `GatherAugmented`, int64 [B]; undefined = the images themselves. */
  readonly changes?:
    | { readonly pad: number; readonly offsetsY: Tensor; readonly offsetsX: Tensor; readonly flip: Tensor }
    | undefined;
  /** From `pixelTable`, of the batch's type. */
  readonly pixels: Tensor;
}

/**
 * The values of `gatherAugmented`, bit for bit, with nothing copied from the host and nothing waited for.
 * @returns float [B, C, H, W], channels-last
 */
export function gatherPlanned({ images, indices, changes, pixels }: GatherPlanned): Tensor {
  const { pad = 0, offsetsY, offsetsX, flip } = changes ?? {};
  return new Tensor(
    native().gatherPlanned(
      images.handle,
      indices.handle,
      offsetsY?.handle,
      offsetsX?.handle,
      flip?.handle,
      pad,
      pixels.handle,
    ),
  );
}

/**
 * The normalised value of every byte: ((byte / 255) - mean) / std, rounded once.
 * @param mean, std  per channel
 * @returns          [C, 256]
 */
export function pixelTable(
  mean: readonly number[],
  std: readonly number[],
  options: { readonly dtype: DType; readonly device: Device },
): Tensor {
  const data = Float64Array.from({ length: 256 * mean.length }, (_, i) => {
    const channel = Math.floor(i / 256);
    return ((i % 256) / 255 - (mean[channel] ?? 0)) / (std[channel] ?? 1);
  });
  return Tensor.fromHost({ dtype: "float64", shape: [mean.length, 256], data }, options);
}

function wide(offsets: Int32Array | Int8Array | undefined): Int32Array | undefined {
  return offsets instanceof Int8Array ? Int32Array.from(offsets) : offsets;
}

/** The labels of a batch. @param labels int64 [N] @param indices [B], each in [0, N) @returns int64 [B] on the labels' device */
export function gatherLabels(labels: Tensor, indices: Int32Array): Tensor {
  return new Tensor(native().gatherLabels(labels.handle, indices));
}
