import { z } from "zod";
import { BatchNorm } from "../nn/batch-norm.ts";
import { Conv2d } from "../nn/conv.ts";
import { kaimingNormal, kaimingUniform } from "../nn/init.ts";
import { Linear } from "../nn/linear.ts";
import { type Cost, chainCost, Module } from "../nn/module.ts";
import { globalAvgPool, maxPool2d } from "../tensor/ops.ts";
import { scope } from "../tensor/scope.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkSmallestSide } from "./smallest-side.ts";
import { defineModel } from "./types.ts";

/** He's normal by the outputs (fan_out), as torchvision draws convolutions. */
function conv(inputs: number, outputs: number, kernel: number, stride = 1): Conv2d {
  const init = kaimingNormal(kernel * kernel * outputs);
  return new Conv2d(inputs, outputs, kernel, { stride, padding: (kernel - 1) / 2, init });
}

/** A block: convolutions with batch-norm beside a shortcut. [N, in, H, W] to [N, out, ⌈H/stride⌉, ⌈W/stride⌉]. */
class Block extends Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm;
  /** Only of a bottleneck. */
  readonly conv3?: Conv2d;
  readonly bn3?: BatchNorm;
  /** A 1×1 convolution and batch-norm where the shape changes, or nothing. */
  readonly downsample: readonly Module[];

  constructor(inputs: number, width: number, stride: number, isBottleneck: boolean) {
    super();
    const outputs = isBottleneck ? 4 * width : width;
    // A bottleneck strides in its 3×3 convolution, as torchvision's does and the paper's does not.
    this.conv1 = isBottleneck ? conv(inputs, width, 1) : conv(inputs, width, 3, stride);
    this.bn1 = new BatchNorm(width);
    this.conv2 = conv(width, width, 3, isBottleneck ? stride : 1);
    this.bn2 = new BatchNorm(width);
    if (isBottleneck) {
      this.conv3 = conv(width, outputs, 1);
      this.bn3 = new BatchNorm(outputs);
    }
    this.downsample =
      stride !== 1 || inputs !== outputs ? [conv(inputs, outputs, 1, stride), new BatchNorm(outputs)] : [];
  }

  override forward(x: Tensor): Tensor {
    return scope(() => {
      const past = this.downsample.reduce((y, module) => module.forward(y), x);
      const first = this.bn1.forwardRelu(this.conv1.forward(x));
      const second = this.conv2.forward(first);
      if (this.conv3 === undefined || this.bn3 === undefined) return this.bn2.forwardRelu(second, past);
      return this.bn3.forwardRelu(this.conv3.forward(this.bn2.forwardRelu(second)), past);
    });
  }

  override cost(shape: readonly number[]): Cost {
    const through = chainCost([this.conv1, this.conv2, ...(this.conv3 === undefined ? [] : [this.conv3])], shape);
    return { macs: chainCost(this.downsample, shape).macs + through.macs, shape: through.shape };
  }
}

type Stem = "imagenet" | "small";

/** [N, C, H, W] to logits [N, classes]; names are torchvision's. */
class TorchvisionResNet extends Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm;
  readonly layer1: readonly Block[];
  readonly layer2: readonly Block[];
  readonly layer3: readonly Block[];
  readonly layer4: readonly Block[];
  readonly fc: Linear;
  readonly #stem: Stem;

  constructor(channels: number, classes: number, { blocks, isBottleneck }: Depth, width: number, stem: Stem) {
    super();
    this.#stem = stem;
    this.conv1 = stem === "imagenet" ? conv(channels, width, 7, 2) : conv(channels, width, 3);
    this.bn1 = new BatchNorm(width);
    let inputs = width;
    const layers = blocks.map((count, stage) =>
      Array.from({ length: count }, (_, i) => {
        const block = new Block(inputs, width * 2 ** stage, i === 0 && stage > 0 ? 2 : 1, isBottleneck);
        inputs = width * 2 ** stage * (isBottleneck ? 4 : 1);
        return block;
      }),
    );
    [this.layer1 = [], this.layer2 = [], this.layer3 = [], this.layer4 = []] = layers;
    this.fc = new Linear(inputs, classes, { init: kaimingUniform(inputs) });
  }

  override forward(x: Tensor): Tensor {
    const stem = this.bn1.forwardRelu(this.conv1.forward(x));
    const start = this.#stem === "imagenet" ? maxPool2d(stem, 3, 2, 1) : stem;
    const features = this.#blocks.reduce((y, block) => block.forward(y), start);
    return this.fc.forward(globalAvgPool(features));
  }

  override cost(shape: readonly number[]): Cost {
    const stem = this.conv1.cost(shape);
    const [channels = 0, height = 0, width = 0] = stem.shape;
    const pooled = this.#stem === "imagenet" ? [channels, Math.ceil(height / 2), Math.ceil(width / 2)] : stem.shape;
    const rest = chainCost([...this.#blocks, this.fc], pooled);
    return { macs: stem.macs + rest.macs, shape: rest.shape };
  }

  get #blocks(): readonly Block[] {
    return [...this.layer1, ...this.layer2, ...this.layer3, ...this.layer4];
  }
}

interface Depth {
  readonly name: string;
  readonly blocks: readonly number[];
  readonly isBottleneck: boolean;
}

/** ResNet-18 and -50 with torchvision's names, so that its checkpoints load. @source He et al., CVPR 2016, table 1 */
export const torchvisionResnets = [
  { name: "resnet18", blocks: [2, 2, 2, 2], isBottleneck: false },
  { name: "resnet50", blocks: [3, 4, 6, 3], isBottleneck: true },
].map((depth: Depth) =>
  defineModel({
    name: depth.name,
    summary: `residual network of torchvision, ${depth.name.slice(6)} layers`,
    source: "He et al., CVPR 2016, table 1; names, strides and initialisation of torchvision",
    options: z.strictObject({
      /** Channels of the first stage; the others have 2, 4 and 8 times as many. */
      width: z.number().int().min(1).max(1024).default(64),
      /** `imagenet`: a 7×7 convolution of stride 2 and max-pooling; `small`: a 3×3 convolution, for images of 32 or 64 pixels. */
      stem: z.enum(["imagenet", "small"]).default("imagenet"),
    }),
    build({ width, stem }, { classes, shape }) {
      const hint = "for small images: model: { name: resnet18, stem: small }";
      // One pixel at the end.
      if (stem === "imagenet") checkSmallestSide(`${depth.name} with the stem imagenet`, shape, 32, { hint });
      else checkSmallestSide(`${depth.name} with the stem small`, shape, 8);
      const [channels = 0] = shape;
      return new TorchvisionResNet(channels, classes, depth, width, stem);
    },
  }),
);
