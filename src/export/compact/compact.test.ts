import { describe, expect, it } from "vitest";
import type { HostArray, StateDict } from "../../core/array.ts";
import { stream } from "../../core/rng.ts";
import { buildModel, describeModel } from "../../models/index.ts";
import type { ModelInput, ModelSpec } from "../../models/types.ts";
import { initialWeights } from "../../nn/init.ts";
import type { Module } from "../../nn/module.ts";
import { noGrad, scope } from "../../tensor/scope.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { encodeOnnx, INPUT } from "../onnx/encode.ts";
import { cases, colour, grey, images, runtime } from "../onnx/network.fixture.ts";
import { relativeError, TOLERANCE, traceModel } from "../onnx/write-onnx.ts";
import { shrink } from "./shrink.ts";

/** Initial weights with every scale, shift and statistic changed, then changed by `edit` in place. */
function weightsOf(
  model: Module,
  edit: (name: string, values: Float32Array, shape: readonly number[]) => void,
): StateDict {
  const draws = stream(8, "weights of a network that shrinks");
  return new Map(
    [...initialWeights(model, 1, 0)].map(([name, array]): [string, HostArray] => {
      if (array.dtype !== "float32") return [name, array];
      const isScale = array.shape.length === 1 && (name.endsWith("running_var") || name.endsWith("weight"));
      const data = Float32Array.from(array.data, (value) => {
        if (array.shape.length > 1) return value;
        return isScale ? 0.5 + draws.uniform() : 0.3 * draws.normal();
      });
      edit(name, data, array.shape);
      return [name, { ...array, data }];
    }),
  );
}

/** The network, the smaller one, and the logits of both, the latter by onnxruntime. */
async function shrunkTo(spec: ModelSpec, input: ModelInput, edit: Parameters<typeof weightsOf>[1]) {
  const model = buildModel(spec, input);
  const weights = weightsOf(model, edit);
  model.load(weights, { device: "cpu", dtype: "float32" });
  model.train(false);
  const floats: StateDict = new Map([...weights].filter(([, { dtype }]) => dtype === "float32"));
  const shrunk = shrink(traceModel(model, input.shape), floats, { name: INPUT, channels: input.shape[0] ?? 0 });
  const session = await runtime(encodeOnnx({ ...shrunk, ...input, inputText: "", metadata: {} }));
  const errors: number[] = [];
  for (const kind of ["random", "image-like"] as const) {
    const data = images(input.shape, 3, kind);
    const shape = [3, ...input.shape];
    const ours = scope(() => noGrad(() => model.forward(Tensor.fromHost({ dtype: "float32", shape, data })).toHost()));
    const logits = ours.data as Float32Array;
    expect(Math.max(...logits) - Math.min(...logits)).toBeGreaterThan(1e-3);
    errors.push(relativeError(logits, await session.logits(shape, data)));
  }
  await session.release();
  model.dispose();
  return { ...shrunk, error: Math.max(...errors) };
}

/** Sets rows (outputs) of an array to 0. */
function zeroRows(values: Float32Array, rows: number, which: (row: number) => boolean): void {
  const row = values.length / rows;
  for (let o = 0; o < rows; o++) if (which(o)) values.fill(0, o * row, (o + 1) * row);
}

const isOdd = (channel: number) => channel % 2 === 1;

/**
 * Every second channel of every layer but the logits is cut: weights, bias, scale and shift. What is left has the size of the same network of
 * half the width, which the model's own description knows.
 */
const halves: readonly (readonly [ModelSpec, ModelSpec, ModelInput])[] = [
  [{ name: "lenet5", width: 2 }, { name: "lenet5" }, grey],
  [{ name: "conv2", width: 0.125 }, { name: "conv2", width: 0.0625 }, grey],
  [{ name: "conv4", width: 0.125 }, { name: "conv4", width: 0.0625 }, colour],
  [{ name: "conv6", width: 0.125 }, { name: "conv6", width: 0.0625 }, colour],
  [{ name: "vgg11", width: 8 }, { name: "vgg11", width: 4 }, colour],
  [{ name: "resnet20", width: 8 }, { name: "resnet20", width: 4 }, colour],
  [{ name: "resnet20", width: 4, shortcut: "identity" }, { name: "resnet20", width: 2, shortcut: "identity" }, colour],
  [{ name: "resnet56", width: 4 }, { name: "resnet56", width: 2 }, colour],
  [{ name: "mobilenet-v2", width: 0.5 }, { name: "mobilenet-v2", width: 0.25 }, colour],
];

describe.each(halves)("%j with every second channel cut", (spec, half, input) => {
  it("has the parameters of half the width, and the same logits in onnxruntime", async () => {
    const last =
      describeModel(spec, input)
        .prunable.at(-1)
        ?.name.replace(/weight$/, "") ?? "";
    const { parameters, error } = await shrunkTo(spec, input, (name, values, [rows = 1]) => {
      if (!name.startsWith(last) && /\.(weight|bias)$/.test(name)) zeroRows(values, rows, isOdd);
    });
    expect(parameters.before).toBe(describeModel(spec, input).parameters);
    expect(parameters.after).toBe(describeModel(half, input).parameters);
    expect(error).toBeLessThanOrEqual(TOLERANCE);
  }, 60_000);
});

describe.each(cases)("%j on %j", (spec, input) => {
  it.each([0.5, 0.9, 0.99])(
    "has the same logits when %d of its weights are pruned one by one",
    async (share) => {
      const draws = stream(4, `${spec.name} ${share}`);
      const last = describeModel(spec, input).prunable.at(-1)?.name;
      const { parameters, error } = await shrunkTo(spec, input, (name, values, shape) => {
        // The logits keep a tenth, so that there is something to compare.
        const removed = name === last ? Math.min(share, 0.9) : share;
        if (shape.length > 1) for (const i of values.keys()) if (draws.uniform() < removed) values[i] = 0;
      });
      expect(parameters.after).toBeLessThanOrEqual(parameters.before);
      expect(error).toBeLessThanOrEqual(TOLERANCE);
    },
    60_000,
  );
});

describe("what goes and what stays", () => {
  const dense = { name: "lenet-300-100" };

  it("units that nobody reads go, whatever they compute", async () => {
    const { parameters, layers, error } = await shrunkTo(dense, grey, (name, values) => {
      if (name === "fc2.weight") for (const i of values.keys()) if (isOdd(i % 300)) values[i] = 0;
    });
    expect(parameters.after).toBe(784 * 150 + 150 + 150 * 100 + 100 + 100 * 10 + 10);
    expect(layers).toEqual([{ weight: "fc1.weight", before: 300, after: 150 }]);
    expect(error).toBeLessThanOrEqual(TOLERANCE);
  });

  it("constant units go into the bias behind them", async () => {
    const { layers, weights, error } = await shrunkTo(dense, grey, (name, values, [rows = 1]) => {
      if (name === "fc1.weight") zeroRows(values, rows, isOdd);
      // All of them above 0, so that ReLU lets them through.
      if (name === "fc1.bias") for (const i of values.keys()) values[i] = 0.5 + i / 600;
    });
    expect(layers).toEqual([{ weight: "fc1.weight", before: 300, after: 150 }]);
    expect(weights.get("fc2.weight")?.shape).toEqual([100, 150]);
    expect(error).toBeLessThanOrEqual(TOLERANCE);
  });

  it("a constant that is not 0 stays before a convolution that pads, and one that ReLU makes 0 goes", async () => {
    const of = (bias: number) =>
      shrunkTo({ name: "conv2", width: 0.125 }, grey, (name, values, [rows = 1]) => {
        if (name === "features.0.weight") zeroRows(values, rows, isOdd);
        if (name === "features.0.bias") values.fill(bias);
      });
    const [above, below] = [await of(0.7), await of(-0.7)];
    expect(above.layers).toEqual([]);
    expect(below.layers).toEqual([{ weight: "features.0.weight", before: 8, after: 4 }]);
    for (const { error } of [above, below]) expect(error).toBeLessThanOrEqual(TOLERANCE);
  });

  it("a channel of a residual stage stays while one block needs it", async () => {
    // Only the first block's second convolution is cut: the stem still feeds these channels.
    const { layers } = await shrunkTo({ name: "resnet20", width: 4 }, colour, (name, values, [rows = 1]) => {
      if (/^layer1\.0\.(conv2|bn2)\.(weight|bias)$/.test(name)) zeroRows(values, rows, isOdd);
    });
    expect(layers).toEqual([]);
  });

  it("a layer that is pruned whole keeps one channel", async () => {
    const { weights, error } = await shrunkTo(dense, grey, (name, values) => {
      if (name === "fc1.weight") values.fill(0);
    });
    expect(weights.get("fc1.weight")?.shape).toEqual([1, 784]);
    expect(error).toBeLessThanOrEqual(TOLERANCE);
  });
});
