import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { afterAll, describe, expect, it } from "vitest";
import { elementCount, type HostArray, type StateDict } from "../../core/array.ts";
import { stream } from "../../core/rng.ts";
import { Mask } from "../../masks/mask.ts";
import { buildModel, models } from "../../models/index.ts";
import type { ModelInput, ModelSpec } from "../../models/types.ts";
import { initialWeights } from "../../nn/init.ts";
import { Module } from "../../nn/module.ts";
import { noGrad, scope } from "../../tensor/scope.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { pythonWith, runPython } from "../python.fixture.ts";
import { encodeOnnx } from "./encode.ts";
import { cases, images, runtime } from "./network.fixture.ts";
import { readOnnx } from "./run-file.ts";
import { relativeError, TOLERANCE, traceModel } from "./write-onnx.ts";

const folder = mkdtempSync(join(tmpdir(), "sweepstake-onnx-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Weights as after a training under a mask: half of each layer is 0, and no scale, shift or statistic has its first value. */
function trained(model: Module): { weights: StateDict; mask: Mask } {
  const draws = stream(3, "weights of an exported network");
  const weights: StateDict = new Map(
    [...initialWeights(model, 1, 0)].map(([name, array]): [string, HostArray] => {
      if (array.dtype !== "float32" || array.shape.length !== 1) return [name, array];
      const positive = name.endsWith("running_var") || name.endsWith("weight");
      const data = Float32Array.from(array.data, () => (positive ? 0.5 + draws.uniform() : 0.3 * draws.normal()));
      return [name, { ...array, data }];
    }),
  );
  const mask = new Mask(
    model.prunable().map(({ name, shape }) => {
      const keep = Uint8Array.from({ length: elementCount(shape) }, () => (draws.uniform() < 0.5 ? 0 : 1));
      return [name, { shape, keep }];
    }),
  );
  return { weights: mask.apply(weights), mask };
}

/** A network, its file, and its own logits. */
function exported(spec: ModelSpec, input: ModelInput) {
  const model = buildModel(spec, input);
  const { weights, mask } = trained(model);
  const logits = (shape: readonly number[], data: Float32Array) =>
    scope(() => noGrad(() => model.forward(Tensor.fromHost({ dtype: "float32", shape, data })).toHost()));
  model.load(weights, { device: "cpu", dtype: "float32" });
  model.train(false);
  const bytes = encodeOnnx({
    trace: traceModel(model, input.shape),
    weights: new Map([...weights].filter(([, { dtype }]) => dtype === "float32")),
    ...input,
    inputText: "made up",
    metadata: { run: "none" },
  });
  return { model, weights, mask, bytes, logits };
}

it("covers every built-in model", () => {
  expect(new Set(cases.map(([{ name }]) => name))).toEqual(
    new Set(
      models
        .all()
        .map(({ name }) => name)
        .filter((name) => name !== "torchscript"),
    ),
  );
});

describe.each(cases)("%j on %j", (spec, input) => {
  const network = exported(spec, input);
  afterAll(() => network.model.dispose());

  it("gives our logits in onnxruntime, to 1e-5 of the largest, for any number of images", async () => {
    const session = await runtime(network.bytes);
    for (const kind of ["random", "image-like"] as const)
      for (const count of [1, 5]) {
        const shape = [count, ...input.shape];
        const data = images(input.shape, count, kind);
        const ours = network.logits(shape, data).data as Float32Array;
        const theirs = await session.logits(shape, data);
        expect(theirs.length).toBe(count * input.classes);
        expect(Math.max(...ours) - Math.min(...ours)).toBeGreaterThan(0.01);
        expect(relativeError(ours, theirs)).toBeLessThanOrEqual(TOLERANCE);
      }
    await session.release();
  }, 60_000);

  it("has opset 17, IR 8, an open number of images, and the masked weights to the bit", () => {
    const model = fromBinary(ModelProtoSchema, network.bytes);
    expect([model.irVersion, model.opsetImport.map(({ version }) => version)]).toEqual([8n, [17n]]);
    const type = model.graph?.input[0]?.type?.value;
    const sizes = type?.case === "tensorType" ? type.value.shape?.dim.map(({ value }) => value.value) : undefined;
    expect(sizes).toEqual(["N", ...input.shape.map(BigInt)]);
    const { weights } = readOnnx(network.bytes);
    for (const [name, array] of weights) expect(array.data, name).toEqual(network.weights.get(name)?.data);
    for (const name of network.mask.keys) {
      const stored = weights.get(name)?.data as Float32Array;
      expect(stored.filter((value) => value !== 0).length, name).toBeLessThanOrEqual(network.mask.keptCount(name));
    }
    // All that a state dict has but the counters of batches.
    const floats = [...network.weights].filter(([, { dtype }]) => dtype === "float32").map(([name]) => name);
    expect([...weights.keys()].sort()).toEqual(floats.sort());
  });

  it("is read back to the same logits by what an export is checked with", () => {
    const data = images(input.shape, 3, "random");
    const shape = [3, ...input.shape];
    const file = readOnnx(network.bytes);
    const found = scope(() => noGrad(() => file.run(Tensor.fromHost({ dtype: "float32", shape, data })).toHost()));
    expect(relativeError(network.logits(shape, data).data as Float32Array, found.data as Float32Array)).toBeLessThan(
      1e-6,
    );
  });
});

const python = pythonWith("onnx");
it.skipIf(python === undefined)(
  "passes ONNX's own checker, shapes included (needs Debian's python3-onnx)",
  () => {
    const files = cases.map(([spec, input], i) => {
      const { bytes, model } = exported(spec, input);
      model.dispose();
      const path = join(folder, `${i}.onnx`);
      writeFileSync(path, bytes);
      return path;
    });
    const program =
      "import sys, onnx\nfor f in sys.argv[1:]: onnx.checker.check_model(onnx.load(f), full_check=True)\nprint(len(sys.argv) - 1)";
    expect(runPython(python ?? "", program, ...files)).toBe(`${cases.length}\n`);
  },
  60_000,
);

it("refuses an operation that it cannot write, by name", () => {
  class Unusual extends Module {
    override forward(x: Tensor): Tensor {
      return x.flatten(1).exp();
    }
    override cost(shape: readonly number[]) {
      return { macs: 0, shape };
    }
  }
  expect(() => traceModel(new Unusual(), [3, 4, 4])).toThrow(/the operation "exp", which cannot be recorded/);
});
