import { z } from "zod";
import { elementCount } from "../core/array.ts";
import { Linear } from "../nn/linear.ts";
import { type Cost, chainCost, Module } from "../nn/module.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { defineModel } from "./types.ts";

/** [N, C, H, W] to logits [N, classes]. */
class LeNet300 extends Module {
  readonly fc1: Linear;
  readonly fc2: Linear;
  readonly fc3: Linear;

  constructor(inputs: number, classes: number) {
    super();
    this.fc1 = new Linear(inputs, 300);
    this.fc2 = new Linear(300, 100);
    this.fc3 = new Linear(100, classes);
  }

  override forward(x: Tensor): Tensor {
    const hidden = this.fc1.forward(x.flatten(1)).relu();
    return this.fc3.forward(this.fc2.forward(hidden).relu());
  }

  override cost(shape: readonly number[]): Cost {
    return chainCost([this.fc1, this.fc2, this.fc3], shape);
  }
}

/** Two hidden layers of 300 and 100 units: 266,610 parameters for 28×28 images and 10 classes. Takes images of any shape. */
export const lenet300 = defineModel({
  name: "lenet-300-100",
  summary: "fully connected network with 300 and 100 hidden units",
  source: "LeCun et al., Proc. IEEE 1998; Frankle & Carbin, ICLR 2019",
  options: z.strictObject({}),
  build: (_, { classes, shape }) => new LeNet300(elementCount(shape), classes),
});
