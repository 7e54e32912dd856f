import type { HostArray } from "../core/array.ts";
import { type GatherPlanned, gatherAugmented, gatherLabels, gatherPlanned, pixelTable } from "../tensor/augment.ts";
import { hasOwnKernels } from "../tensor/engine.ts";
import { keep } from "../tensor/scope.ts";
import { type Device, Tensor } from "../tensor/tensor.ts";
import type { Dataset } from "./load.ts";
import type { BatchAugmentation } from "./order.ts";
import type { Split } from "./types.ts";

/** A batch ready for a model. */
export interface Batch {
  /** Float [B, C, H, W], channels-last, normalised per channel. */
  readonly images: Tensor;
  /** int64 [B]. */
  readonly labels: Tensor;
}

/** Which images a batch has and how they are changed, in tensors on the split's device. */
export type PlannedBatch = Pick<GatherPlanned, "indices" | "changes">;

/**
 * A split held on the device, images as bytes, for as long as a training lasts: a batch is gathered, cropped, mirrored and
 * normalised there by one operation. Belongs to no scope; `dispose()` frees it.
 */
export class DeviceSplit {
  readonly count: number;
  readonly #images: Tensor;
  readonly #labels: Tensor;
  readonly #data: Pick<Dataset, "info" | "mean" | "std">;
  readonly #dtype: "float32" | "float64" | "bfloat16";
  readonly #device: Device;
  /** What a planned batch needs on the device: [C, 256] values of all bytes, and 0 .. count-1. */
  #pixels: Tensor | undefined;
  #all: Tensor | undefined;

  /**
   * @param split  one of the data set's splits
   * @param data   its data set; every split is normalised by the training images' mean and deviation
   * @param dtype  type of the images that `batch` returns
   */
  constructor(
    split: Split,
    data: Pick<Dataset, "info" | "mean" | "std">,
    device: Device,
    dtype: "float32" | "float64" | "bfloat16" = "float32",
  ) {
    this.count = split.count;
    this.#data = data;
    this.#dtype = dtype;
    this.#device = device;
    const shape = [split.count, ...data.info.shape];
    this.#images = keep(Tensor.fromHost({ dtype: "uint8", shape, data: split.images }, { device }));
    const labels = BigInt64Array.from(split.labels, BigInt);
    this.#labels = keep(Tensor.fromHost({ dtype: "int64", shape: [split.count], data: labels }, { device }));
  }

  /**
   * The images and labels at `indices`; the tensors belong to the caller's scope.
   * @param indices  [B], each in [0, count), repetition allowed
   * @param changes  of the same B images, from `augmentation()`; none when left out
   * @returns        images ((byte / 255) - mean) / std; padding counts as byte 0
   */
  batch(indices: Int32Array, changes?: BatchAugmentation): Batch {
    const { mean, std } = this.#data;
    const images = gatherAugmented({
      images: this.#images,
      indices,
      pad: 0,
      ...changes,
      mean,
      std,
      dtype: this.#dtype,
    });
    return { images, labels: gatherLabels(this.#labels, indices) };
  }

  /**
   * The same, described by tensors on the device; nothing is copied from the host, except once at the first call.
   * @param batch  indices int64 [B], each in [0, count)
   */
  planned(batch: PlannedBatch): Batch {
    const { mean, std } = this.#data;
    this.#pixels ??= keep(pixelTable(mean, std, { dtype: this.#dtype, device: this.#device }));
    return {
      images: gatherPlanned({ images: this.#images, pixels: this.#pixels, ...batch }),
      labels: this.#labels.indexSelect(0, batch.indices),
    };
  }

  /** Images `start` to `start + length - 1`, unchanged. */
  slice(start: number, length: number): Batch {
    if (hasOwnKernels(this.#device)) return this.batch(Int32Array.from({ length }, (_, i) => start + i));
    this.#all ??= keep(Tensor.fromHost(counting(this.count), { device: this.#device }));
    return this.planned({ indices: this.#all.narrow(0, start, length) });
  }

  dispose(): void {
    for (const tensor of [this.#images, this.#labels, this.#pixels, this.#all]) tensor?.dispose();
  }
}

/** int64 0 .. count-1. */
function counting(count: number): HostArray {
  return { dtype: "int64", shape: [count], data: BigInt64Array.from({ length: count }, (_, i) => BigInt(i)) };
}
