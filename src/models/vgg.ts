import { z } from "zod";
import { BatchNorm } from "../nn/batch-norm.ts";
import { Conv2d } from "../nn/conv.ts";
import { Linear } from "../nn/linear.ts";
import { MaxPool } from "../nn/max-pool.ts";
import { type Cost, chainCost, Module } from "../nn/module.ts";
import { Relu } from "../nn/relu.ts";
import { globalAvgPool } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkSmallestSide } from "./smallest-side.ts";
import { defineModel } from "./types.ts";

/** Channels of VGG-11's convolutions in units of the first one's, one list per stage; a stage ends with max-pooling. */
const stages = [[1], [2], [4, 4], [8, 8], [8, 8]] as const;
/** Five halvings leave one pixel of so many. */
const smallestSide = 2 ** stages.length;

/** [N, C, H, W] to logits [N, classes]. */
class Vgg extends Module {
  /** Convolution, batch-norm, ReLU in turn, max-pooling after every stage. */
  readonly features: readonly Module[];
  readonly classifier: Linear;

  constructor(channels: number, classes: number, width: number) {
    super();
    const features: Module[] = [];
    let inputs = channels;
    for (const stage of stages) {
      for (const multiple of stage) {
        const outputs = multiple * width;
        features.push(new Conv2d(inputs, outputs, 3, { padding: 1, bias: true }), new BatchNorm(outputs), new Relu());
        inputs = outputs;
      }
      features.push(new MaxPool());
    }
    this.features = features;
    this.classifier = new Linear(inputs, classes);
  }

  override forward(x: Tensor): Tensor {
    // At 32×32 one pixel is left, and its mean is the pixel.
    return this.classifier.forward(globalAvgPool(this.#featuresOf(x)));
  }

  /** The features one after the other, batch-norm and the ReLU behind it as one operation. */
  #featuresOf(x: Tensor): Tensor {
    return this.features.reduce((y, module, i) => {
      if (module instanceof Relu && this.features[i - 1] instanceof BatchNorm) return y;
      const fuses = module instanceof BatchNorm && this.features[i + 1] instanceof Relu;
      return fuses ? module.forwardRelu(y) : module.forward(y);
    }, x);
  }

  override cost(shape: readonly number[]): Cost {
    return chainCost([...this.features, this.classifier], shape);
  }
}

/**
 * VGG-11 in its CIFAR form: batch-norm after every convolution, one linear layer in place of three. Names, order, biases (which the
 * batch-norms make idle) and initialisation (PyTorch's default) are those of kuangliu's pytorch-cifar: 9,231,114 parameters for
 * 10 classes.
 */
export const vgg11 = defineModel({
  name: "vgg11",
  summary: "VGG-11 for small images, with batch-norm and a single linear layer",
  source: "Simonyan & Zisserman, ICLR 2015, configuration A; CIFAR form and parameter names of pytorch-cifar",
  options: z.strictObject({
    /** Channels of the first convolution; the last ones have 8 times as many. */
    width: z.number().int().min(1).max(1024).default(64),
  }),
  build({ width }, { classes, shape }) {
    checkSmallestSide("vgg11", shape, smallestSide, {
      why: "it halves them five times",
      hint: "resnet20 takes smaller ones",
    });
    const [channels = 0] = shape;
    return new Vgg(channels, classes, width);
  },
});
