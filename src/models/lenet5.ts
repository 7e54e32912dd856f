import { z } from "zod";
import { InputError } from "../core/errors.ts";
import { BatchNorm } from "../nn/batch-norm.ts";
import { Conv2d } from "../nn/conv.ts";
import { Linear } from "../nn/linear.ts";
import { type Cost, Module } from "../nn/module.ts";
import { maxPool2d } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { defineModel } from "./types.ts";

/** Widths of LeNet-5: channels of the two convolutions, units of the two hidden linear layers. */
const widths = [6, 16, 120, 84] as const;
/** Side of the last feature map, in pixels. */
const lastSide = 5;

/** [N, C, 28 or 32, the same] to logits [N, classes]. */
class LeNet5 extends Module {
  readonly conv1: Conv2d;
  readonly bn1: BatchNorm;
  readonly conv2: Conv2d;
  readonly bn2: BatchNorm;
  readonly fc1: Linear;
  readonly fc2: Linear;
  readonly fc3: Linear;

  /** @param padding of the first convolution, so that its output is 28×28 */
  constructor(channels: number, classes: number, padding: number, multiplier: number) {
    super();
    const [first, second, third, fourth] = widths.map((width) => Math.max(1, Math.round(width * multiplier))) as [
      number,
      number,
      number,
      number,
    ];
    this.conv1 = new Conv2d(channels, first, 5, { padding });
    this.bn1 = new BatchNorm(first);
    this.conv2 = new Conv2d(first, second, 5);
    this.bn2 = new BatchNorm(second);
    this.fc1 = new Linear(second * lastSide * lastSide, third);
    this.fc2 = new Linear(third, fourth);
    this.fc3 = new Linear(fourth, classes);
  }

  override forward(x: Tensor): Tensor {
    // ReLU and max-pooling commute, and the pooled map has a quarter of the values.
    const first = maxPool2d(this.bn1.forward(this.conv1.forward(x)), 2).relu();
    const second = maxPool2d(this.bn2.forward(this.conv2.forward(first)), 2).relu();
    const third = this.fc1.forward(second.flatten(1)).relu();
    return this.fc3.forward(this.fc2.forward(third).relu());
  }

  override cost(shape: readonly number[]): Cost {
    const first = this.conv1.cost(shape);
    const second = this.conv2.cost(halved(first.shape));
    const linear = [this.fc1, this.fc2, this.fc3].map((layer) => layer.cost());
    return {
      macs: [first, second, ...linear].reduce((sum, { macs }) => sum + macs, 0),
      shape: this.fc3.cost().shape,
    };
  }
}

/** Shape after max-pooling by 2. */
function halved([channels = 0, height = 0, width = 0]: readonly number[]): readonly number[] {
  return [channels, Math.floor(height / 2), Math.floor(width / 2)];
}

/**
 * LeNet-5 as it is trained today: ReLU, max-pooling, batch-norm after the convolutions. 28×28 images are padded to 32×32, LeNet's
 * own size, by the first convolution.
 */
export const lenet5 = defineModel({
  name: "lenet5",
  summary: "small convolutional network (LeNet-5 with batch-norm) for 28×28 and 32×32 images",
  source: "after LeCun et al., Proc. IEEE 1998",
  options: z.strictObject({
    /** Multiplies the numbers of channels and hidden units (6, 16, 120, 84), rounded, at least 1. */
    width: z.number().gt(0).max(64).default(1),
  }),
  build({ width }, { classes, shape }) {
    const [channels = 0, height, side] = shape;
    if (height !== side || (side !== 28 && side !== 32)) {
      throw new InputError({
        where: "model",
        message: `lenet5 expects images of 28×28 or 32×32 pixels, got ${height}×${side}`,
        hint: "resnet20 takes other sizes",
      });
    }
    return new LeNet5(channels, classes, side === 28 ? 2 : 0, width);
  },
});
