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
  /** Each of so many groups of outputs sees its own inputs / groups channels: 1 when left out, `inputs` in a depthwise convolution. */
  readonly groups?: number;
  /** Whether there is a bias; none when left out, because a batch-norm that follows does its work. Its values are PyTorch's default. */
  readonly bias?: boolean;
  /** Distribution of the weight; PyTorch's default when left out. */
  readonly init?: Init;
}

/**
 * Square convolution, PyTorch's Conv2d but without a bias unless one is asked for.
 * [N, in, H, W] to [N, out, H', W'] with H' = ⌊(H + 2·padding - kernel)/stride⌋ + 1.
 */
export class Conv2d extends Module {
  /** [out, in / groups, kernel, kernel] */
  readonly weight: Parameter;
  /** [out], or none */
  readonly bias: Parameter | undefined;
  readonly stride: number;
  readonly padding: number;
  readonly groups: number;

  /** @param inputs, outputs numbers of channels, multiples of the groups @param kernel height and width in pixels */
  constructor(inputs: number, outputs: number, kernel: number, settings: Conv2dSettings = {}) {
    super();
    const { stride = 1, padding = 0, groups = 1, bias = false } = settings;
    const fanIn = (inputs / groups) * kernel * kernel;
    this.weight = new Parameter(
      [outputs, inputs / groups, kernel, kernel],
      settings.init ?? kaimingUniform(fanIn),
      "conv",
    );
    this.bias = bias ? new Parameter([outputs], kaimingUniform(fanIn)) : undefined;
    this.stride = stride;
    this.padding = padding;
    this.groups = groups;
  }

  override forward(x: Tensor): Tensor {
    const { stride, padding, groups } = this;
    return conv2d(x, this.weight.tensor, this.bias?.tensor, { stride, padding, groups });
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
