import { describe, expect, it } from "vitest";
import { stream } from "../core/rng.ts";
import { gatherAugmented, gatherLabels } from "./augment.ts";
import { bytesInUse } from "./engine.ts";
import { batchNorm, conv2d, crossEntropy, globalAvgPool, linear, maxPool2d } from "./ops.ts";
import { sgdStep } from "./optim.ts";
import { scope } from "./scope.ts";
import { Tensor } from "./tensor.ts";

const classes = 4;

function normal(shape: readonly number[], name: string, scale: number): Tensor {
  const draws = stream(9, name);
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => scale * draws.normal());
  return Tensor.fromHost({ dtype: "float32", shape, data });
}

/** Trains a small convolutional network on images whose class is their brightest quadrant. Returns losses, memory and weights. */
function train(steps: number): { losses: number[]; bytes: number[]; weights: Float32Array[] } {
  return scope(() => {
    const draws = stream(9, "images");
    const pixels = new Uint8Array(256 * 2 * 8 * 8);
    const labelData = new BigInt64Array(256);
    for (let i = 0; i < 256; i++) {
      const label = draws.below(classes);
      labelData[i] = BigInt(label);
      for (let p = 0; p < 128; p++) {
        const quadrant = (Math.floor((p % 64) / 32) << 1) | ((p % 8) >> 2);
        pixels[i * 128 + p] = draws.below(100) + (quadrant === label ? 100 : 0);
      }
    }
    const images = Tensor.fromHost({ dtype: "uint8", shape: [256, 2, 8, 8], data: pixels });
    const labels = Tensor.fromHost({ dtype: "int64", shape: [256], data: labelData });
    const params = [
      normal([8, 2, 3, 3], "conv", 0.3),
      Tensor.full([8], 1),
      Tensor.zeros([8]),
      normal([16, 8, 3, 3], "conv2", 0.15),
      normal([classes, 16 * 4], "fc", 0.1),
      Tensor.zeros([classes]),
    ].map((p) => p.setRequiresGrad(true));
    const [conv1, bnWeight, bnBias, conv2, fcWeight, fcBias] = params as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    const [runningMean, runningVar] = [Tensor.zeros([8]), Tensor.full([8], 1)];
    const momenta = params.map((p) => Tensor.zeros(p.shape));
    const masks = params.map(() => undefined);
    const losses: number[] = [];
    const bytes: number[] = [];
    for (let step = 0; step < steps; step++) {
      scope(() => {
        const order = stream(9, "order", step).permutation(256).subarray(0, 64);
        const x = gatherAugmented({
          images,
          indices: order,
          pad: 0,
          mean: [0.4, 0.4],
          std: [0.2, 0.2],
          dtype: "float32",
        });
        const bn = {
          weight: bnWeight,
          bias: bnBias,
          runningMean,
          runningVar,
          training: true,
          momentum: 0.1,
          eps: 1e-5,
        };
        const h = maxPool2d(batchNorm(conv2d(x, conv1, undefined, { padding: 1 }), bn).relu(), 2);
        const features = maxPool2d(conv2d(h, conv2, undefined, { padding: 1 }).relu(), 2);
        expect(globalAvgPool(features).shape).toEqual([64, 16]);
        const loss = crossEntropy(linear(features.flatten(1), fcWeight, fcBias), gatherLabels(labels, order));
        for (const p of params) p.zeroGrad();
        loss.backward();
        sgdStep({
          params,
          momenta,
          masks,
          lr: 0.05,
          momentum: 0.9,
          weightDecay: 1e-4,
          nesterov: false,
          firstStep: step === 0,
        });
        losses.push(loss.item());
      });
      bytes.push(bytesInUse());
    }
    return { losses, bytes, weights: params.map((p) => p.toHost().data as Float32Array) };
  });
}

describe("a training loop", () => {
  it("learns, holds its memory steady, leaves nothing behind, and gives the same bits twice", () => {
    const start = bytesInUse();
    const first = train(40);
    expect(bytesInUse()).toBe(start);
    expect(first.bytes[4]).toBe(first.bytes[1]);
    expect(first.bytes[39]).toBe(first.bytes[1]);
    expect(first.losses[0]).toBeGreaterThan(1); // about ln 4 = 1.39 before any learning
    expect(first.losses[39]).toBeLessThan(0.3);
    const second = train(40);
    expect(second.losses).toEqual(first.losses);
    expect(second.weights).toEqual(first.weights);
  });
});
