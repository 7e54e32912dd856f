import { maxPool2d } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Cost, Module } from "./module.ts";

/** Largest value of each 2×2 window: [N, C, H, W] to [N, C, ⌊H/2⌋, ⌊W/2⌋]. PyTorch's MaxPool2d(2). */
export class MaxPool extends Module {
  override forward(x: Tensor): Tensor {
    return maxPool2d(x, 2);
  }

  override cost([channels = 0, height = 0, width = 0]: readonly number[]): Cost {
    return { macs: 0, shape: [channels, Math.floor(height / 2), Math.floor(width / 2)] };
  }
}
