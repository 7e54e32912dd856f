import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { StateDict } from "../src/core/array.ts";
import { buildModel, describeModel } from "../src/models/index.ts";
import type { ModelSpec } from "../src/models/types.ts";
import { initialWeights } from "../src/nn/init.ts";
import type { Module } from "../src/nn/module.ts";
import { bytesInUse, setThreads } from "../src/tensor/engine.ts";
import { crossEntropy } from "../src/tensor/ops.ts";
import { noGrad, scope } from "../src/tensor/scope.ts";
import { Tensor } from "../src/tensor/tensor.ts";
import { Optimizer } from "../src/train/optimizer.ts";
import { distances, float32Tolerance, float64Tolerance } from "./fixtures/agreement.ts";
import { type Fixture, readFixture } from "./fixtures/fixture.ts";
import { images, labels } from "./fixtures/formulas.ts";
import { measureStep, measureTraining } from "./fixtures/measure.ts";

/** Networks saved by torch.jit.save, against PyTorch and against built-in ones: scripts/make-torchscript-fixtures.py. */

function script(name: string): ModelSpec {
  return { name: "torchscript", torchscript: join(import.meta.dirname, "fixtures", "torchscript", `${name}.pt`) };
}

describe.each(["residual", "traced", "attention"])("%s, saved as TorchScript, agrees with PyTorch", (name) => {
  const fixture: Fixture = { ...readFixture(`torchscript/${name}`), model: script(name) as Fixture["model"] };

  it("in its number of parameters", () => {
    expect(describeModel(fixture.model, fixture).parameters).toBe(fixture.parameters);
  });

  it("in float64: logits, loss, gradients, running statistics", () => {
    for (const [group, array, value] of distances(fixture, measureStep(fixture, "float64")))
      expect(value, `${group} ${array}`).toBeLessThan(float64Tolerance.step);
  });

  it("in float32", () => {
    for (const [group, array, value] of distances(fixture, measureStep(fixture, "float32")))
      expect(value, `${group} ${array}`).toBeLessThan(float32Tolerance(fixture, group));
  });

  it("over 20 masked steps of SGD in float64", () => {
    for (const [group, array, value] of distances(fixture, measureTraining(fixture, "float64")))
      expect(value, `${group} ${array}`).toBeLessThan(float64Tolerance.training);
  });

  it("over 20 masked steps of SGD in float32", () => {
    for (const [group, array, value] of distances(fixture, measureTraining(fixture, "float32")))
      expect(value, `${group} ${array}`).toBeLessThan(float32Tolerance(fixture, group));
  });
});

it.each(["traced", "attention"])("%s computes in bfloat16 near float32, in training and in evaluation", (name) => {
  const shape = [2, 8, 8];
  const model = buildModel(script(name), { classes: 10, shape });
  model.load(initialWeights(model, 0, 0), { device: "cpu", dtype: "float32" });
  const logits = (dtype: "float32" | "bfloat16") =>
    scope(() => {
      const output = model.forward(Tensor.fromHost(images(0, [16, ...shape]), { dtype }));
      if (model.training) crossEntropy(output, Tensor.fromHost(labels(0, 16, 10))).backward();
      return numbers(output.to({ dtype: "float32" }));
    });
  const distance = () => {
    const exact = logits("float32");
    const mixed = logits("bfloat16");
    expect(mixed).not.toEqual(exact);
    return Math.max(...exact.map((logit, i) => Math.abs(logit - (mixed[i] ?? 0))));
  };
  try {
    // bfloat16 keeps 8 bits; logits are below 2, and a handful of layers round.
    expect(distance()).toBeLessThan(0.05);
    for (const [parameter, { tensor }] of model.namedParameters())
      expect(tensor.grad?.dtype, parameter).toBe("float32");
    model.train(false);
    expect(noGrad(distance)).toBeLessThan(0.05);
  } finally {
    model.dispose();
  }
});

const digits = { classes: 10, shape: [1, 28, 28] };
const builtIn: ModelSpec = { name: "lenet5", width: 0.25 };

/** Losses of some steps from θ0 of a seed, evaluated logits, and the weights at the end. */
function trained(
  spec: ModelSpec,
  dtype: "float32" | "float64",
  images16: boolean,
  steps: number,
): { losses: number[]; logits: number[]; weights: StateDict } {
  const model = buildModel(spec, digits);
  model.load(initialWeights(buildModel(builtIn, digits), 0, 0), { device: "cpu", dtype });
  const sgd = { lr: 0.05, momentum: 0.9, weightDecay: 1e-4, nesterov: false };
  const optimizer = new Optimizer(model, sgd, { device: "cpu", dtype });
  try {
    const losses = Array.from({ length: steps }, (_, step) =>
      scope(() => {
        const loss = lossOf(model, step % 3, images16 ? "bfloat16" : dtype);
        loss.backward();
        optimizer.step(sgd.lr, step === 0);
        return loss.item();
      }),
    );
    model.train(false);
    const logits = scope(() => noGrad(() => numbers(model.forward(batchOf(0, dtype)))));
    return { losses, logits, weights: model.stateDict() };
  } finally {
    optimizer.dispose();
    model.dispose();
  }
}

function batchOf(which: number, dtype: "float32" | "float64" | "bfloat16"): Tensor {
  return Tensor.fromHost(images(which, [16, 1, 28, 28]), { dtype });
}

function lossOf(model: Module, which: number, dtype: "float32" | "float64" | "bfloat16"): Tensor {
  return crossEntropy(model.forward(batchOf(which, dtype)), Tensor.fromHost(labels(which, 16, 10)));
}

function numbers(tensor: Tensor): number[] {
  return Array.from<number | bigint>(tensor.toHost().data).map(Number);
}

describe("a scripted copy of lenet5", () => {
  it("has its names, shapes, prunable layers, cost and initial weights", () => {
    expect({ ...describeModel(script("lenet5"), digits), dense: undefined }).toEqual(describeModel(builtIn, digits));
    const draw = (spec: ModelSpec) => [...initialWeights(buildModel(spec, digits), 3, 1)];
    expect(draw(script("lenet5"))).toEqual(draw(builtIn));
  });

  it("is trained as the built-in one, to rounding in float64", () => {
    const own = trained(builtIn, "float64", false, 12);
    const scripted = trained(script("lenet5"), "float64", false, 12);
    expect(own.losses[11]).toBeLessThan(own.losses[0] ?? 0);
    // A dozen steps magnify a rounding of 2^-53 by less than a thousand.
    for (const [i, loss] of own.losses.entries()) expect(scripted.losses[i]).toBeCloseTo(loss, 12);
    for (const [i, logit] of own.logits.entries()) expect(scripted.logits[i]).toBeCloseTo(logit, 11);
    expect([...scripted.weights.keys()]).toEqual([...own.weights.keys()]);
    const tracked = (state: StateDict) => state.get("bn1.num_batches_tracked")?.data[0];
    expect(tracked(scripted.weights)).toBe(12n);
    expect(tracked(own.weights)).toBe(12n);
  });

  it("is trained in bfloat16 mixed precision near float32, with float32 weights", () => {
    const exact = trained(script("lenet5"), "float32", false, 12);
    const mixed = trained(script("lenet5"), "float32", true, 12);
    expect(mixed.losses).not.toEqual(exact.losses);
    // bfloat16 keeps 8 bits: half a percent per activation, which averages out over a batch.
    for (const [i, loss] of exact.losses.entries()) expect(Math.abs((mixed.losses[i] ?? 0) - loss)).toBeLessThan(0.05);
    expect(mixed.weights.get("conv1.weight")?.dtype).toBe("float32");
    expect(mixed.losses).toEqual(trained(script("lenet5"), "float32", true, 12).losses);
  });

  it("uses no more memory from the second step on, and none afterwards", () => {
    const start = bytesInUse();
    const model = buildModel(script("lenet5"), digits);
    model.load(initialWeights(model, 0, 0), { device: "cpu", dtype: "float32" });
    const sgd = { lr: 0.05, momentum: 0.9, weightDecay: 1e-4, nesterov: false };
    const optimizer = new Optimizer(model, sgd, { device: "cpu", dtype: "float32" });
    const used = Array.from({ length: 8 }, (_, step) => {
      scope(() => lossOf(model, step % 3, step % 2 === 0 ? "float32" : "bfloat16").backward());
      optimizer.step(sgd.lr, step === 0);
      return bytesInUse();
    });
    expect(new Set(used.slice(1)).size).toBe(1);
    optimizer.dispose();
    model.dispose();
    expect(bytesInUse()).toBe(start);
  });

  it.each([
    [1, 30],
    [2, 4],
  ])("gives the same bits every time with %d threads, however often it has run", (threads, runs) => {
    setThreads(threads);
    const model = buildModel(script("lenet5"), digits);
    try {
      model.load(initialWeights(model, 0, 0), { device: "cpu", dtype: "float32" });
      model.train(false);
      const once = () => scope(() => noGrad(() => numbers(model.forward(batchOf(0, "float32")))));
      const first = once();
      for (let run = 0; run < runs; run++) expect(once()).toEqual(first);
      const again = trained(script("lenet5"), "float32", false, runs);
      expect(trained(script("lenet5"), "float32", false, runs)).toEqual(again);
    } finally {
      model.dispose();
    }
  });
});
