import { describe, expect, it } from "vitest";
import { elementCount, type StateDict } from "../core/array.ts";
import { stream } from "../core/rng.ts";
import { initialWeights } from "../nn/init.ts";
import type { Module } from "../nn/module.ts";
import { bytesInUse } from "../tensor/engine.ts";
import { crossEntropy } from "../tensor/ops.ts";
import { noGrad, scope } from "../tensor/scope.ts";
import { Tensor } from "../tensor/tensor.ts";
import { buildModel, describeModel } from "./index.ts";
import type { ModelInput, ModelSpec } from "./types.ts";

const placement = { device: "cpu", dtype: "float64" } as const;
const batch = 4;

/**
 * What holds for every model, as vitest tests: call it in a test file of the model. It works in float64 and takes seconds.
 * @param spec  of a registered model, small enough for a few passes of four images
 */
export function testModel(spec: ModelSpec, input: ModelInput): void {
  describe(`${spec.name} ${JSON.stringify(spec)} on ${input.shape.join("×")}`, () => {
    it("has unique names, and is described as it is built", () => {
      const model = buildModel(spec, input);
      const state = initialWeights(model, 0, 0);
      const names = model.names();
      expect(new Set(names).size).toBe(names.length);
      const parameters = model.namedParameters();
      const buffers = model.namedBuffers();
      expect(parameters.size + buffers.size).toBe(names.length);
      const described = describeModel(spec, input);
      expect(described.parameters).toBe([...parameters.keys()].reduce((sum, name) => sum + size(state, name), 0));
      expect(described.stateBytes).toBe([...state.values()].reduce((sum, { data }) => sum + data.byteLength, 0));
      expect(described.prunable.map(({ name, shape }) => [name, shape])).toEqual(
        [...state].filter(([, { shape }]) => shape.length > 1).map(([name, { shape }]) => [name, shape]),
      );
      for (const { kind, shape } of described.prunable) expect(shape.length).toBe(kind === "conv" ? 4 : 2);
      expect(model.cost(input.shape).shape).toEqual([input.classes]);
    });

    it("gives a logit per image and class, and a gradient to every parameter", () => {
      const start = bytesInUse();
      withModel(spec, input, (model) => {
        const logits = model.forward(images(input.shape));
        expect(logits.shape).toEqual([batch, input.classes]);
        loss(logits, input.classes).backward();
        for (const [name, { tensor, shape }] of model.namedParameters()) {
          const { grad } = tensor;
          expect(grad?.shape, name).toEqual(shape);
          expect(grad?.abs().sum().item(), name).toBeGreaterThan(0);
        }
        for (const { tensor } of model.namedParameters().values()) tensor.zeroGrad();
      });
      expect(bytesInUse()).toBe(start);
    });

    it("gives the same bits twice, gradients and running statistics included", () => {
      const once = () =>
        withModel(spec, input, (model) => {
          loss(model.forward(images(input.shape)), input.classes).backward();
          const gradients = [...model.namedParameters().values()].map(({ tensor }) => tensor.grad?.toHost());
          return { state: [...model.stateDict()], gradients };
        });
      expect(once()).toEqual(once());
    });

    it("judges an image in evaluation whatever else is in the batch, and changes nothing", () => {
      withModel(spec, input, (model) => {
        noGrad(() => {
          const x = images(input.shape);
          model.forward(x); // running statistics that are not the initial ones
          model.train(false);
          const before = [...model.stateDict()];
          const together = numbers(model.forward(x));
          const apart = Array.from({ length: batch }, (_, i) => numbers(model.forward(x.narrow(0, i, 1)))).flat();
          // Other kernels may serve another batch size, so sums are ordered differently: rounding of 2^-53, grown over the layers.
          for (const [i, logit] of together.entries()) expect(apart[i]).toBeCloseTo(logit, 9);
          expect([...model.stateDict()]).toEqual(before);
        });
      });
    });
  });
}

function withModel<T>(spec: ModelSpec, input: ModelInput, use: (model: Module) => T): T {
  const model = buildModel(spec, input);
  model.load(initialWeights(model, 1, 0), placement);
  try {
    return scope(() => use(model));
  } finally {
    model.dispose();
  }
}

function images(shape: readonly number[]): Tensor {
  const draws = stream(0, "model contract images");
  const data = Float64Array.from({ length: batch * elementCount(shape) }, () => draws.normal());
  return Tensor.fromHost({ dtype: "float64", shape: [batch, ...shape], data });
}

function loss(logits: Tensor, classes: number): Tensor {
  const labels = BigInt64Array.from({ length: batch }, (_, i) => BigInt(i % classes));
  return crossEntropy(logits, Tensor.fromHost({ dtype: "int64", shape: [batch], data: labels }));
}

function numbers(tensor: Tensor): number[] {
  return Array.from<number | bigint>(tensor.toHost().data).map(Number);
}

function size(state: StateDict, name: string): number {
  return elementCount(state.get(name)?.shape ?? [0]);
}
