import { elementCount } from "../core/array.ts";
import { stream } from "../core/rng.ts";
import type { Dataset } from "../data/load.ts";
import type { ImageShape, Split } from "../data/types.ts";
import { BatchNorm } from "../nn/batch-norm.ts";
import { Conv2d } from "../nn/conv.ts";
import { Linear } from "../nn/linear.ts";
import { type Cost, chainCost, Module } from "../nn/module.ts";
import { globalAvgPool } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { TrainRecipe } from "./recipe.ts";

/** Image sizes, counts and classes of a made-up data set. */
export interface ToyOptions {
  readonly shape: ImageShape;
  readonly classes: number;
  readonly train: number;
  readonly test: number;
  readonly validation?: number;
}

/** Noisy images of which class c brightens every pixel whose index is c modulo the number of classes: easy to learn. */
export function toyData({ shape, classes, train, test, validation = 0 }: ToyOptions): Dataset {
  const split = (name: string, count: number): Split => {
    const draws = stream(0, "toy", name);
    const pixels = elementCount(shape);
    const labels = Uint8Array.from({ length: count }, () => draws.below(classes));
    const images = Uint8Array.from(
      { length: count * pixels },
      (_, i) => draws.below(128) + ((i % pixels) % classes === labels[Math.floor(i / pixels)] ? 100 : 0),
    );
    return { images, labels, count };
  };
  return {
    name: "toy",
    info: { classes, shape, train, validation, test },
    train: split("train", train),
    test: split("test", test),
    ...(validation > 0 ? { validation: split("validation", validation) } : {}),
    mean: Array.from({ length: shape[0] }, (_, c) => 0.4 + 0.05 * c),
    std: Array.from({ length: shape[0] }, (_, c) => 0.2 + 0.05 * c),
    fingerprint: "toy",
    content: "toy",
  };
}

/** A convolution, batch-norm and a linear layer: everything a checkpoint has to carry. */
export class ConvNet extends Module {
  readonly conv: Conv2d;
  readonly bn = new BatchNorm(6);
  readonly fc: Linear;

  constructor(channels: number, classes: number) {
    super();
    this.conv = new Conv2d(channels, 6, 3, { padding: 1 });
    this.fc = new Linear(6, classes);
  }

  override forward(x: Tensor): Tensor {
    return this.fc.forward(globalAvgPool(this.bn.forward(this.conv.forward(x)).relu()));
  }

  override cost(shape: readonly number[]): Cost {
    return chainCost([this.conv, this.fc], shape);
  }
}

/** Two linear layers with a ReLU between them. */
export class Perceptron extends Module {
  readonly fc1: Linear;
  readonly fc2: Linear;

  constructor(inputs: number, hidden: number, classes: number) {
    super();
    this.fc1 = new Linear(inputs, hidden);
    this.fc2 = new Linear(hidden, classes);
  }

  override forward(x: Tensor): Tensor {
    return this.fc2.forward(this.fc1.forward(x.flatten(1)).relu());
  }

  override cost(shape: readonly number[]): Cost {
    return chainCost([this.fc1, this.fc2], shape);
  }
}

/** A plain recipe, changed as a test needs it. */
export function toyRecipe(changes: Partial<TrainRecipe> & { readonly lr?: number } = {}): TrainRecipe {
  const { lr = 0.1, ...rest } = changes;
  return {
    epochs: 2,
    batchSize: 16,
    optimizer: { sgd: { lr, momentum: 0.9, weightDecay: 1e-3, nesterov: false } },
    schedule: { milestones: [], factor: 0.1, warmupEpochs: 0 },
    augment: { crop: 0, flip: false },
    precision: "float32",
    ...rest,
  };
}
