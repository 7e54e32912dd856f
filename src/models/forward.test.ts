import { describe, expect, it } from "vitest";
import { elementCount, type HostArray, type StateDict } from "../core/array.ts";
import { stream } from "../core/rng.ts";
import { initialWeights } from "../nn/init.ts";
import { noGrad, scope } from "../tensor/scope.ts";
import { Tensor } from "../tensor/tensor.ts";
import { buildModel } from "./index.ts";
import {
  add,
  channelMeans,
  conv,
  flat,
  fullyConnected,
  type Image,
  identityA,
  maxPool,
  norm,
  positive,
  relu,
} from "./naive.fixture.ts";
import type { ModelSpec } from "./types.ts";

const classes = 5;

/** Initial weights with every batch-norm value changed at random, so that none is a 1 or 0 that hides a mistake. */
function weights(spec: ModelSpec, shape: readonly number[]): StateDict {
  const state = initialWeights(buildModel(spec, { classes, shape }), 2, 0);
  return new Map(
    [...state].map(([name, array]): [string, HostArray] => {
      if (array.dtype !== "float32" || array.shape.length > 1) return [name, array];
      const draws = stream(4, name);
      return [name, { ...array, data: array.data.map((x) => x + 0.5 * draws.uniform()) }];
    }),
  );
}

/** The engine's logits for one image in evaluation, in float64. */
function logits(spec: ModelSpec, state: StateDict, image: Image): number[] {
  const shape = [image.length, image[0]?.length ?? 0, image[0]?.[0]?.length ?? 0];
  const model = buildModel(spec, { classes, shape });
  model.load(state, { device: "cpu", dtype: "float64" });
  model.train(false);
  const result = scope(() =>
    noGrad(() => {
      const data = Float64Array.from(flat(image));
      return model.forward(Tensor.fromHost({ dtype: "float64", shape: [1, ...shape], data })).toHost();
    }),
  );
  model.dispose();
  return Array.from<number | bigint>(result.data).map(Number);
}

function randomImage(shape: readonly [number, number, number]): Image {
  const draws = stream(4, "image", elementCount(shape));
  const [channels, height, width] = shape;
  return Array.from({ length: channels }, () =>
    Array.from({ length: height }, () => Array.from({ length: width }, () => draws.normal())),
  );
}

/** Rounding of 2^-53 per operation, grown over some ten thousand of them: 1e-10 of the largest logit is generous. */
function expectClose(actual: readonly number[], expected: readonly number[]): void {
  const scale = Math.max(...expected.map(Math.abs));
  expect(actual.length).toBe(expected.length);
  for (const [i, value] of actual.entries()) expect(Math.abs(value - (expected[i] ?? 0)) / scale).toBeLessThan(1e-10);
}

describe("forward passes against plain loops", () => {
  it.each([
    [[1, 28, 28], 2],
    [[3, 32, 32], 0],
  ] as const)("lenet5 on %j", (shape, padding) => {
    const spec = { name: "lenet5", width: 0.5 };
    const [state, image] = [weights(spec, shape), randomImage(shape)];
    const first = maxPool(relu(norm(state, "bn1", conv(state, "conv1", image, 1, padding))));
    const second = maxPool(relu(norm(state, "bn2", conv(state, "conv2", first))));
    const third = positive(fullyConnected(state, "fc1", flat(second)));
    const expected = fullyConnected(state, "fc3", positive(fullyConnected(state, "fc2", third)));
    expectClose(logits(spec, state, image), expected);
  });

  it("lenet-300-100", () => {
    const spec = { name: "lenet-300-100" };
    const [state, image] = [weights(spec, [2, 3, 4]), randomImage([2, 3, 4])];
    const hidden = positive(fullyConnected(state, "fc1", flat(image)));
    const expected = fullyConnected(state, "fc3", positive(fullyConnected(state, "fc2", hidden)));
    expectClose(logits(spec, state, image), expected);
  });

  it.each(["projection", "identity"] as const)("resnet20 with %s shortcuts", (shortcut) => {
    const spec = { name: "resnet20", width: 4, shortcut };
    const shape = [3, 9, 8] as const; // an odd side, where halving rounds up
    const [state, image] = [weights(spec, shape), randomImage(shape)];
    let x = relu(norm(state, "bn1", conv(state, "conv1", image, 1, 1)));
    for (const stage of [1, 2, 3]) {
      for (const i of [0, 1, 2]) {
        const [prefix, stride] = [`layer${stage}.${i}`, stage > 1 && i === 0 ? 2 : 1];
        const hidden = relu(norm(state, `${prefix}.bn1`, conv(state, `${prefix}.conv1`, x, stride, 1)));
        const through = norm(state, `${prefix}.bn2`, conv(state, `${prefix}.conv2`, hidden, 1, 1));
        const projected = () => norm(state, `${prefix}.shortcut.1`, conv(state, `${prefix}.shortcut.0`, x, 2));
        const past = stride === 1 ? x : shortcut === "projection" ? projected() : identityA(x, through.length);
        x = relu(add(through, past));
      }
    }
    expectClose(logits(spec, state, image), fullyConnected(state, "linear", channelMeans(x)));
  });

  it("vgg11", () => {
    const spec = { name: "vgg11", width: 2 };
    const shape = [3, 33, 65] as const; // one row over, and two columns left
    const [state, image] = [weights(spec, shape), randomImage(shape)];
    let x = image;
    for (const [at, pooled] of [
      [0, true],
      [4, true],
      [8, false],
      [11, true],
      [15, false],
      [18, true],
      [22, false],
      [25, true],
    ] as const) {
      x = relu(norm(state, `features.${at + 1}`, conv(state, `features.${at}`, x, 1, 1)));
      if (pooled) x = maxPool(x);
    }
    expectClose(logits(spec, state, image), fullyConnected(state, "classifier", channelMeans(x)));
  });

  it("conv6", () => {
    const spec = { name: "conv6", width: 0.05 };
    const shape = [2, 9, 18] as const;
    const [state, image] = [weights(spec, shape), randomImage(shape)];
    let x = image;
    for (const at of [0, 5, 10]) {
      const hidden = relu(conv(state, `features.${at}`, x, 1, 1));
      x = maxPool(relu(conv(state, `features.${at + 2}`, hidden, 1, 1)));
    }
    const first = positive(fullyConnected(state, "classifier.0", flat(x)));
    const second = positive(fullyConnected(state, "classifier.2", first));
    expectClose(logits(spec, state, image), fullyConnected(state, "classifier.4", second));
  });

  it("mobilenet-v2", () => {
    const spec = { name: "mobilenet-v2", width: 0.125 };
    const shape = [3, 9, 12] as const;
    const [state, image] = [weights(spec, shape), randomImage(shape)];
    let x = relu(norm(state, "bn1", conv(state, "conv1", image, 1, 1)));
    const halving = [3, 6, 13];
    const projecting = [0, 1, 10, 16];
    for (let i = 0; i < 17; i++) {
      const part = (k: number, y: Image, stride = 1) =>
        norm(state, `layers.${i}.bn${k}`, conv(state, `layers.${i}.conv${k}`, y, stride, k === 2 ? 1 : 0));
      const through = part(3, relu(part(2, relu(part(1, x)), halving.includes(i) ? 2 : 1)));
      const projected = () => norm(state, `layers.${i}.shortcut.1`, conv(state, `layers.${i}.shortcut.0`, x));
      if (halving.includes(i)) x = through;
      else x = add(through, projecting.includes(i) ? projected() : x);
    }
    const last = relu(norm(state, "bn2", conv(state, "conv2", x)));
    expectClose(logits(spec, state, image), fullyConnected(state, "linear", channelMeans(last)));
  });
});
