import { z } from "zod";
import { BatchNorm } from "../nn/batch-norm.ts";
import { Conv2d } from "../nn/conv.ts";
import { kaimingNormal } from "../nn/init.ts";
import { Linear } from "../nn/linear.ts";
import { type Cost, chainCost, Module } from "../nn/module.ts";
import { globalAvgPool, padChannels, subsample } from "../tensor/ops.ts";
import { scope } from "../tensor/scope.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkSmallestSide } from "./smallest-side.ts";
import { defineModel } from "./types.ts";

/** How a block that changes the shape carries its input past its convolutions. */
type Shortcut = "projection" | "identity";

function conv3x3(inputs: number, outputs: number, stride: number): Conv2d {
  return new Conv2d(inputs, outputs, 3, { stride, padding: 1, init: kaimingNormal(9 * inputs) });
}

/** Two 3×3 convolutions with batch-norm beside a shortcut: [N, in, H, W] to [N, out, ⌈H/stride⌉, ⌈W/stride⌉]. */
class BasicBlock extends Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm;
  /** A 1×1 convolution and batch-norm, or nothing. */
  readonly shortcut: readonly Module[];
  readonly #stride: number;
  /** Channels that an identity shortcut lacks. */
  readonly #missing: number;

  constructor(inputs: number, outputs: number, stride: number, shortcut: Shortcut) {
    super();
    this.conv1 = conv3x3(inputs, outputs, stride);
    this.bn1 = new BatchNorm(outputs);
    this.conv2 = conv3x3(outputs, outputs, 1);
    this.bn2 = new BatchNorm(outputs);
    const project = shortcut === "projection" && (stride !== 1 || inputs !== outputs);
    this.shortcut = project
      ? [new Conv2d(inputs, outputs, 1, { stride, init: kaimingNormal(inputs) }), new BatchNorm(outputs)]
      : [];
    this.#stride = stride;
    this.#missing = outputs - inputs;
  }

  override forward(x: Tensor): Tensor {
    // A scope per block frees what the gradient does not need before the next block begins.
    return scope(() => {
      const hidden = this.bn1.forwardRelu(this.conv1.forward(x));
      return this.bn2.forwardRelu(this.conv2.forward(hidden), this.#pass(x));
    });
  }

  override cost(shape: readonly number[]): Cost {
    const past = chainCost(this.shortcut, shape);
    const through = chainCost([this.conv1, this.conv2], shape);
    return { macs: past.macs + through.macs, shape: through.shape };
  }

  /** Option A is parameter-free: every stride-th pixel, and half of the missing channels of zeros on either side. */
  #pass(x: Tensor): Tensor {
    if (this.shortcut.length > 0) return this.shortcut.reduce((y, module) => module.forward(y), x);
    if (this.#stride === 1 && this.#missing === 0) return x;
    const before = Math.floor(this.#missing / 2);
    return padChannels(subsample(x, this.#stride), before, this.#missing - before);
  }
}

/** [N, C, H, W] to logits [N, classes]: three stages of n blocks with width, 2·width and 4·width channels. */
class ResNet extends Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm;
  readonly layer1: readonly BasicBlock[];
  readonly layer2: readonly BasicBlock[];
  readonly layer3: readonly BasicBlock[];
  readonly linear: Linear;

  constructor(channels: number, classes: number, blocks: number, width: number, shortcut: Shortcut) {
    super();
    const stage = (inputs: number, outputs: number, stride: number) =>
      Array.from({ length: blocks }, (_, i) =>
        i === 0 ? new BasicBlock(inputs, outputs, stride, shortcut) : new BasicBlock(outputs, outputs, 1, shortcut),
      );
    this.conv1 = conv3x3(channels, width, 1);
    this.bn1 = new BatchNorm(width);
    this.layer1 = stage(width, width, 1);
    this.layer2 = stage(width, 2 * width, 2);
    this.layer3 = stage(2 * width, 4 * width, 2);
    this.linear = new Linear(4 * width, classes, { init: kaimingNormal(4 * width) });
  }

  override forward(x: Tensor): Tensor {
    const stem = this.bn1.forwardRelu(this.conv1.forward(x));
    const features = this.#blocks.reduce((y, block) => block.forward(y), stem);
    return this.linear.forward(globalAvgPool(features));
  }

  override cost(shape: readonly number[]): Cost {
    return chainCost([this.conv1, ...this.#blocks, this.linear], shape);
  }

  get #blocks(): readonly BasicBlock[] {
    return [...this.layer1, ...this.layer2, ...this.layer3];
  }
}

/**
 * The ResNet for CIFAR with 6n+2 layers. Names and initialisation (He's normal for convolutions and the linear layer's weight) are
 * those of the two implementations that lottery-ticket papers build on: Y. Idelbayev's pytorch_resnet_cifar10, which these names are
 * from, and OpenLTH.
 * @source He et al., "Deep Residual Learning for Image Recognition", CVPR 2016, section 4.2
 */
function resnet(depth: number) {
  return defineModel({
    name: `resnet${depth}`,
    summary: `residual network for small images, ${depth} layers`,
    source: "He et al., CVPR 2016, section 4.2; parameter names of pytorch_resnet_cifar10",
    options: z.strictObject({
      /** Channels of the first stage; the others have 2 and 4 times as many. */
      width: z.number().int().min(1).max(1024).default(16),
      /** Where the shape changes: 1×1 convolution with batch-norm (option B), or subsampling and zeros (option A). */
      shortcut: z.enum(["projection", "identity"]).default("projection"),
    }),
    build({ width, shortcut }, { classes, shape }) {
      checkSmallestSide(`resnet${depth}`, shape, 5, { why: "it halves them twice" });
      const [channels = 0] = shape;
      return new ResNet(channels, classes, (depth - 2) / 6, width, shortcut);
    },
  });
}

/** ResNet-20, -32, -44, -56 and -110. */
export const resnets = [20, 32, 44, 56, 110].map(resnet);
