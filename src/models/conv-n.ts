import { z } from "zod";
import { Conv2d } from "../nn/conv.ts";
import { glorotNormal } from "../nn/init.ts";
import { Linear } from "../nn/linear.ts";
import { MaxPool } from "../nn/max-pool.ts";
import { type Cost, chainCost, chainForward, Module } from "../nn/module.ts";
import { Relu } from "../nn/relu.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkSmallestSide } from "./smallest-side.ts";
import { defineModel } from "./types.ts";

/** Channels of the pairs of convolutions; Conv-2 has the first pair, Conv-6 all three. */
const pairs = [64, 128, 256] as const;
/** Units of each of the two hidden linear layers. */
const hiddenUnits = 256;

/** [N, C, H, W] to logits [N, classes]. */
class ConvN extends Module {
  /** Convolution, ReLU, convolution, ReLU, max-pooling per pair. */
  readonly features: readonly Module[];
  /** Linear layers with ReLU between them. */
  readonly classifier: readonly Module[];

  /** @param channels of the convolutions, one number per pair @param units of the hidden layers */
  constructor([inputs = 0, ...image]: readonly number[], classes: number, channels: readonly number[], units: number) {
    super();
    this.features = channels.flatMap((outputs, i) => [
      conv3x3(channels[i - 1] ?? inputs, outputs),
      new Relu(),
      conv3x3(outputs, outputs),
      new Relu(),
      new MaxPool(),
    ]);
    const last = chainCost(this.features, [inputs, ...image]).shape.reduce((product, size) => product * size, 1);
    this.classifier = [linear(last, units), new Relu(), linear(units, units), new Relu(), linear(units, classes)];
  }

  override forward(x: Tensor): Tensor {
    return chainForward(this.classifier, chainForward(this.features, x).flatten(1));
  }

  override cost(shape: readonly number[]): Cost {
    return chainCost([...this.features, ...this.classifier], shape);
  }
}

function conv3x3(inputs: number, outputs: number): Conv2d {
  return new Conv2d(inputs, outputs, 3, { padding: 1, bias: true, init: glorotNormal(9 * inputs, 9 * outputs) });
}

function linear(inputs: number, outputs: number): Linear {
  return new Linear(inputs, outputs, { init: glorotNormal(inputs, outputs) });
}

/**
 * Conv-N of the lottery ticket paper: N 3×3 convolutions, max-pooling after every second one, two hidden layers of 256 units, no
 * batch-norm; Gaussian Glorot initialisation of the weights, as in the paper. It comes with no published code for these networks:
 * names follow torchvision's VGG, of which they are cut-down versions. Weights for CIFAR-10 (biases, not counted in the paper,
 * are 650, 906 and 1,418 more): Conv-2 4,300,992 and Conv-4 2,425,024, the paper's 4.3M and 2.4M. Conv-6 has 2,261,184, of which
 * 1.1M in convolutions as in the paper; its 1.7M for all layers does not follow from the layers that it lists.
 * @source Frankle & Carbin, "The Lottery Ticket Hypothesis", ICLR 2019, Figure 2
 */
function convN(depth: number) {
  return defineModel({
    name: `conv${depth}`,
    summary: `Conv-${depth} of the lottery ticket paper: ${depth} convolutions without batch-norm`,
    source: "Frankle & Carbin, ICLR 2019, Figure 2",
    options: z.strictObject({
      /** Multiplies the numbers of channels (64, 128, 256) and hidden units (256), rounded, at least 1. */
      width: z.number().gt(0).max(64).default(1),
    }),
    build({ width }, { classes, shape }) {
      checkSmallestSide(`conv${depth}`, shape, 2 ** (depth / 2));
      const scaled = (size: number) => Math.max(1, Math.round(size * width));
      return new ConvN(shape, classes, pairs.slice(0, depth / 2).map(scaled), scaled(hiddenUnits));
    },
  });
}

/** Conv-2, -4 and -6. */
export const convNs = [2, 4, 6].map(convN);
