import { z } from "zod";
import { BatchNorm } from "../nn/batch-norm.ts";
import { Conv2d } from "../nn/conv.ts";
import { kaimingNormal } from "../nn/init.ts";
import { Linear } from "../nn/linear.ts";
import { type Cost, chainCost, Module } from "../nn/module.ts";
import { globalAvgPool } from "../tensor/ops.ts";
import { scope } from "../tensor/scope.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkSmallestSide } from "./smallest-side.ts";
import { defineModel } from "./types.ts";

/** He's normal by the outputs (fan_out), as WideResNet-pytorch draws convolutions. */
function conv(inputs: number, outputs: number, kernel: number, stride = 1): Conv2d {
  const init = kaimingNormal(kernel * kernel * outputs);
  return new Conv2d(inputs, outputs, kernel, { stride, padding: (kernel - 1) / 2, init });
}

/**
 * Batch-norm and ReLU before each of two 3×3 convolutions, beside a shortcut: [N, in, H, W] to [N, out, ⌈H/stride⌉, ⌈W/stride⌉]. Where the
 * number of channels changes, the shortcut is a 1×1 convolution of what the first ReLU gives; elsewhere it is the input itself.
 */
class WideBlock extends Module {
  readonly bn1: BatchNorm;
  readonly conv1: Conv2d;
  readonly bn2: BatchNorm;
  readonly conv2: Conv2d;
  readonly convShortcut?: Conv2d;

  constructor(inputs: number, outputs: number, stride: number) {
    super();
    this.bn1 = new BatchNorm(inputs);
    this.conv1 = conv(inputs, outputs, 3, stride);
    this.bn2 = new BatchNorm(outputs);
    this.conv2 = conv(outputs, outputs, 3);
    if (inputs !== outputs) this.convShortcut = conv(inputs, outputs, 1, stride);
  }

  override forward(x: Tensor): Tensor {
    return scope(() => {
      const active = this.bn1.forwardRelu(x);
      const through = this.conv2.forward(this.bn2.forwardRelu(this.conv1.forward(active)));
      return through.add(this.convShortcut === undefined ? x : this.convShortcut.forward(active));
    });
  }

  override cost(shape: readonly number[]): Cost {
    const past = this.convShortcut === undefined ? 0 : this.convShortcut.cost(shape).macs;
    const through = chainCost([this.conv1, this.conv2], shape);
    return { macs: past + through.macs, shape: through.shape };
  }
}

/** The blocks of one size. */
class Stage extends Module {
  readonly layer: readonly WideBlock[];

  constructor(blocks: number, inputs: number, outputs: number, stride: number) {
    super();
    this.layer = Array.from(
      { length: blocks },
      (_, i) => new WideBlock(i === 0 ? inputs : outputs, outputs, i === 0 ? stride : 1),
    );
  }

  override forward(x: Tensor): Tensor {
    return this.layer.reduce((y, block) => block.forward(y), x);
  }

  override cost(shape: readonly number[]): Cost {
    return chainCost(this.layer, shape);
  }
}

/** [N, C, H, W] to logits [N, classes]: 16 channels, then three stages of 16, 32 and 64 times `width`. */
class WideResNet extends Module {
  readonly conv1: Conv2d;
  readonly block1: Stage;
  readonly block2: Stage;
  readonly block3: Stage;
  readonly bn1: BatchNorm;
  readonly fc: Linear;

  constructor(channels: number, classes: number, blocks: number, width: number) {
    super();
    this.conv1 = conv(channels, 16, 3);
    this.block1 = new Stage(blocks, 16, 16 * width, 1);
    this.block2 = new Stage(blocks, 16 * width, 32 * width, 2);
    this.block3 = new Stage(blocks, 32 * width, 64 * width, 2);
    this.bn1 = new BatchNorm(64 * width);
    this.fc = new Linear(64 * width, classes);
  }

  override forward(x: Tensor): Tensor {
    const features = [this.block1, this.block2, this.block3].reduce(
      (y, stage) => stage.forward(y),
      this.conv1.forward(x),
    );
    return this.fc.forward(globalAvgPool(this.bn1.forwardRelu(features)));
  }

  override cost(shape: readonly number[]): Cost {
    return chainCost([this.conv1, this.block1, this.block2, this.block3, this.fc], shape);
  }
}

/**
 * Wide residual networks WRN-depth-width, without dropout; `wrn-16-8` is short for depth 16 and width 8. Names and the initialisation of
 * convolutions are those of X. Xie's WideResNet-pytorch; the linear layer has PyTorch's default.
 * @source Zagoruyko and Komodakis, "Wide Residual Networks", BMVC 2016, table 1
 */
export const wideResNet = defineModel({
  name: "wrn",
  summary: "wide residual network for small images; wrn-16-8 is short for depth 16 and width 8",
  source: "Zagoruyko and Komodakis, BMVC 2016, table 1; parameter names of WideResNet-pytorch",
  options: z.strictObject({
    /** 6n + 4 layers. */
    depth: z
      .number()
      .int()
      .min(10)
      .max(1000)
      .refine((depth) => depth % 6 === 4, { error: "expected a depth of 6n + 4: 10, 16, 22, 28, 34, 40, …" })
      .default(16),
    /** How many times as many channels as the thin network has. */
    width: z.number().int().min(1).max(64).default(8),
  }),
  build({ depth, width }, { classes, shape }) {
    checkSmallestSide("wrn", shape, 5, { why: "it halves them twice" });
    const [channels = 0] = shape;
    return new WideResNet(channels, classes, (depth - 4) / 6, width);
  },
});

/** Depth and width of a name such as `wrn-28-10`; undefined for other names. */
export function wideResNetOptions(name: string): { readonly depth: number; readonly width: number } | undefined {
  const [, depth, width] = /^wrn-(\d{1,4})-(\d{1,3})$/.exec(name) ?? [];
  return depth === undefined || width === undefined ? undefined : { depth: Number(depth), width: Number(width) };
}
