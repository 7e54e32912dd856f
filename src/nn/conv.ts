import { elementCount } from "../core/array.ts";
import { conv2d } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Init, kaimingUniform } from "./init.ts";
import { type Cost, Module } from "./module.ts";
import { Parameter } from "./variable.ts";

export interface Conv2dSettings {
  /** 1 when left out. */
  readonly stride?: number;
  /** Zeros around the image, in pixels; 0 when left out. */
  readonly padding?: number;
  /** Distribution of the weight; PyTorch's default when left out. */
  readonly init?: Init;
}

/**
 * Square convolution without a bias, as it stands before a batch-norm (whose shift does a bias's work). PyTorch's Conv2d with
 * bias=False. [N, in, H, W] to [N, out, H', W'] with H' = ⌊(H + 2·padding - kernel)/stride⌋ + 1.
 */
export class Conv2d extends Module {
  /** [out, in, kernel, kernel] */
  readonly weight: Parameter;
  readonly stride: number;
  readonly padding: number;

  /** @param inputs, outputs numbers of channels @param kernel height and width in pixels */
  constructor(inputs: number, outputs: number, kernel: number, settings: Conv2dSettings = {}) {
    super();
    const { stride = 1, padding = 0, init = kaimingUniform(inputs * kernel * kernel) } = settings;
    this.weight = new Parameter([outputs, inputs, kernel, kernel], init, "conv");
    this.stride = stride;
    this.padding = padding;
  }

  override forward(x: Tensor): Tensor {
    return conv2d(x, this.weight.tensor, undefined, { stride: this.stride, padding: this.padding });
  }

  override cost([, height = 0, width = 0]: readonly number[]): Cost {
    const [outputs = 0, , kernel = 0] = this.weight.shape;
    const size = (length: number) => Math.floor((length + 2 * this.padding - kernel) / this.stride) + 1;
    const [outHeight, outWidth] = [size(height), size(width)];
    return {
      macs: elementCount(this.weight.shape) * outHeight * outWidth,
      shape: [outputs, outHeight, outWidth],
    };
  }
}
