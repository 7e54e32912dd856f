import { z } from "zod";
import { BatchNorm } from "../nn/batch-norm.ts";
import { Conv2d } from "../nn/conv.ts";
import { Linear } from "../nn/linear.ts";
import { type Cost, chainCost, chainForward, Module } from "../nn/module.ts";
import { globalAvgPool } from "../tensor/ops.ts";
import { scope } from "../tensor/scope.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkSmallestSide } from "./smallest-side.ts";
import { defineModel } from "./types.ts";

/** Expansion t, channels c, blocks n and stride s of the first block: Table 2 of the paper, but for the second stage's stride of 2. */
const stages = [
  { expansion: 1, channels: 16, blocks: 1, stride: 1 },
  { expansion: 6, channels: 24, blocks: 2, stride: 1 },
  { expansion: 6, channels: 32, blocks: 3, stride: 2 },
  { expansion: 6, channels: 64, blocks: 4, stride: 2 },
  { expansion: 6, channels: 96, blocks: 3, stride: 1 },
  { expansion: 6, channels: 160, blocks: 3, stride: 2 },
  { expansion: 6, channels: 320, blocks: 1, stride: 1 },
] as const;
/** Channels of the first and of the last convolution. */
const [firstChannels, lastChannels] = [32, 1280] as const;

/**
 * Inverted residual: a 1×1 convolution to expansion · in channels, a depthwise 3×3, and a linear 1×1 to the output's channels.
 * [N, in, H, W] to [N, out, ⌈H/stride⌉, ⌈W/stride⌉].
 */
class InvertedResidual extends Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm;
  readonly conv3: Conv2d;
  readonly bn3: BatchNorm;
  /** A 1×1 convolution and batch-norm, or nothing. */
  readonly shortcut: readonly Module[];
  readonly #stride: number;

  constructor(inputs: number, outputs: number, expansion: number, stride: number) {
    super();
    const hidden = expansion * inputs;
    this.conv1 = new Conv2d(inputs, hidden, 1);
    this.bn1 = new BatchNorm(hidden);
    this.conv2 = new Conv2d(hidden, hidden, 3, { stride, padding: 1, groups: hidden });
    this.bn2 = new BatchNorm(hidden);
    this.conv3 = new Conv2d(hidden, outputs, 1);
    this.bn3 = new BatchNorm(outputs);
    const project = stride === 1 && inputs !== outputs;
    this.shortcut = project ? [new Conv2d(inputs, outputs, 1), new BatchNorm(outputs)] : [];
    this.#stride = stride;
  }

  override forward(x: Tensor): Tensor {
    // A scope per block frees what the gradient does not need before the next block begins.
    return scope(() => {
      const expanded = this.bn1.forwardRelu(this.conv1.forward(x));
      const filtered = this.bn2.forwardRelu(this.conv2.forward(expanded));
      const through = this.conv3.forward(filtered);
      return this.#stride === 1
        ? this.bn3.forwardAdd(through, chainForward(this.shortcut, x))
        : this.bn3.forward(through);
    });
  }

  override cost(shape: readonly number[]): Cost {
    const past = chainCost(this.shortcut, shape);
    const through = chainCost([this.conv1, this.conv2, this.conv3], shape);
    return { macs: past.macs + through.macs, shape: through.shape };
  }
}

/** [N, C, H, W] to logits [N, classes]. */
class MobileNetV2 extends Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm;
  readonly layers: readonly InvertedResidual[];
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm;
  readonly linear: Linear;

  constructor(channels: number, classes: number, multiplier: number) {
    super();
    const scaled = (width: number) => Math.max(1, Math.round(width * multiplier));
    const first = scaled(firstChannels);
    let inputs = first;
    this.conv1 = new Conv2d(channels, first, 3, { padding: 1 });
    this.bn1 = new BatchNorm(first);
    this.layers = stages.flatMap(({ expansion, channels, blocks, stride }) =>
      Array.from({ length: blocks }, (_, i) => {
        const outputs = scaled(channels);
        const block = new InvertedResidual(inputs, outputs, expansion, i === 0 ? stride : 1);
        inputs = outputs;
        return block;
      }),
    );
    const last = scaled(lastChannels);
    this.conv2 = new Conv2d(inputs, last, 1);
    this.bn2 = new BatchNorm(last);
    this.linear = new Linear(last, classes);
  }

  override forward(x: Tensor): Tensor {
    const stem = this.bn1.forwardRelu(this.conv1.forward(x));
    const features = this.bn2.forwardRelu(this.conv2.forward(chainForward(this.layers, stem)));
    return this.linear.forward(globalAvgPool(features));
  }

  override cost(shape: readonly number[]): Cost {
    return chainCost([this.conv1, ...this.layers, this.conv2, this.linear], shape);
  }
}

/**
 * MobileNet-V2 in its CIFAR form: names, strides (the first convolution's and the second stage's are 1), ReLU in place of ReLU6, a
 * projection where a block of stride 1 changes the number of channels, and initialisation (PyTorch's default) are those of
 * kuangliu's pytorch-cifar: 2,296,922 parameters for 10 classes.
 */
export const mobilenetV2 = defineModel({
  name: "mobilenet-v2",
  summary: "MobileNet-V2 for small images: inverted residuals with depthwise convolutions",
  source: "Sandler et al., CVPR 2018, Table 2; CIFAR form and parameter names of pytorch-cifar",
  options: z.strictObject({
    /** Multiplies all numbers of channels, rounded, at least 1; the paper's multiplier rounds to multiples of 8 and spares the last. */
    width: z.number().gt(0).max(16).default(1),
  }),
  build({ width }, { classes, shape }) {
    checkSmallestSide("mobilenet-v2", shape, 9, { why: "it halves them three times" });
    const [channels = 0] = shape;
    return new MobileNetV2(channels, classes, width);
  },
});
