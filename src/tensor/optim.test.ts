import { describe, expect, it } from "vitest";
import { elementCount } from "../core/array.ts";
import { stream } from "../core/rng.ts";
import { setOwnKernels, setThreads } from "./engine.ts";
import { recordableSgdStep, sgdStep } from "./optim.ts";
import { scope } from "./scope.ts";
import { Tensor } from "./tensor.ts";

type Float = "float32" | "float64";

interface Recipe {
  readonly lr: number;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly nesterov: boolean;
}

/** PyTorch's documented algorithm with dampening 0, then the mask; one element at a time in float64. */
function referenceStep(
  w: number[],
  g: readonly number[],
  m: number[],
  mask: readonly number[],
  r: Recipe,
  first: boolean,
): void {
  for (let i = 0; i < w.length; i++) {
    const weight = w[i] ?? 0;
    const d = (g[i] ?? 0) + r.weightDecay * weight;
    const buffer = first ? d : r.momentum * (m[i] ?? 0) + d;
    const update = r.momentum === 0 ? d : r.nesterov ? d + r.momentum * buffer : buffer;
    w[i] = mask[i] === 0 ? 0 : weight - r.lr * update;
    m[i] = mask[i] === 0 ? 0 : buffer;
  }
}

const normals = (n: number, ...name: (string | number)[]) => {
  const draws = stream(3, "optim", ...name);
  return Array.from({ length: n }, () => draws.normal());
};

const tensor = (shape: readonly number[], data: readonly number[], dtype: Float) =>
  Tensor.fromHost({ dtype: "float64", shape, data: Float64Array.from(data) }, { dtype });

const maskTensor = (shape: readonly number[], data: readonly number[], dtype: "uint8" | "bool" = "uint8") =>
  Tensor.fromHost({ dtype, shape, data: Uint8Array.from(data) });

/** A few roundings of 2^-53 on values below 10. */
function expectClose(got: readonly number[], expected: readonly number[]): void {
  expect(got.length).toBe(expected.length);
  for (const [i, v] of got.entries()) expect(Math.abs(v - (expected[i] ?? Number.NaN))).toBeLessThan(1e-13);
}

const values = (t: Tensor) => Array.from(t.toHost().data as Float32Array | Float64Array);

/** Gives a leaf exactly this gradient. */
function setGradient(param: Tensor, gradient: readonly number[]): void {
  param.zeroGrad();
  scope(() =>
    param
      .mul(tensor(param.shape, gradient, param.dtype as Float))
      .sum()
      .backward(),
  );
}

const shapes = [[5, 3, 3, 3], [70000], [4, 7], [1]]; // the second one is large enough for several threads
const recipes: [string, Recipe][] = [
  ["plain", { lr: 0.1, momentum: 0, weightDecay: 0, nesterov: false }],
  ["weight decay", { lr: 0.1, momentum: 0, weightDecay: 0.05, nesterov: false }],
  ["momentum", { lr: 0.1, momentum: 0.9, weightDecay: 0, nesterov: false }],
  ["momentum and weight decay", { lr: 0.1, momentum: 0.9, weightDecay: 0.05, nesterov: false }],
  ["Nesterov", { lr: 0.1, momentum: 0.9, weightDecay: 0.05, nesterov: true }],
];

describe.each(["float64", "float32"] as const)("sgdStep in %s", (dtype) => {
  // Four steps of at most six roundings on values below 10: 2^-53 (2^-24) times 10 times 24.
  const tolerance = dtype === "float64" ? 5e-14 : 2e-5;

  it.each(recipes)("is PyTorch's SGD with masks: %s", (_, recipe) => {
    scope(() => {
      const weights = shapes.map((s, i) => normals(elementCount(s), "w", i));
      const momenta = shapes.map((s) => new Array<number>(elementCount(s)).fill(0));
      const masks = shapes.map((s, i) => normals(elementCount(s), "mask", i).map((v) => (i === 2 || v > -0.3 ? 1 : 0)));
      const params = shapes.map((s, i) => tensor(s, weights[i] ?? [], dtype).setRequiresGrad(true));
      const buffers = shapes.map((s) => Tensor.zeros(s, { dtype }));
      const maskTensors = shapes.map((s, i) => (i === 2 ? undefined : maskTensor(s, masks[i] ?? [])));
      for (let step = 0; step < 4; step++) {
        shapes.forEach((s, i) => {
          const gradient = normals(elementCount(s), "g", i, step);
          const param = params[i];
          if (param !== undefined) setGradient(param, gradient);
          referenceStep(weights[i] ?? [], gradient, momenta[i] ?? [], masks[i] ?? [], recipe, step === 0);
        });
        sgdStep({ params, momenta: buffers, masks: maskTensors, ...recipe, firstStep: step === 0 });
      }
      shapes.forEach((_, i) => {
        const [param, buffer, mask] = [params[i], buffers[i], masks[i]];
        if (param === undefined || buffer === undefined || mask === undefined) throw new Error("missing");
        const got = values(param);
        const gotBuffer = values(buffer);
        let worst = 0;
        let worstBuffer = 0;
        got.forEach((v, k) => {
          worst = Math.max(worst, Math.abs(v - (weights[i]?.[k] ?? 0)));
          if (recipe.momentum > 0)
            worstBuffer = Math.max(worstBuffer, Math.abs((gotBuffer[k] ?? 0) - (momenta[i]?.[k] ?? 0)));
        });
        expect(worst).toBeLessThan(tolerance);
        expect(worstBuffer).toBeLessThan(tolerance);
        if (i !== 2) {
          expect(mask.some((m) => m === 0) || mask.length === 1).toBe(true);
          expect(got.every((v, k) => mask[k] !== 0 || Object.is(v, 0))).toBe(true);
          expect(gotBuffer.every((v, k) => mask[k] !== 0 || Object.is(v, 0))).toBe(true);
        }
      });
    });
  });
});

describe("sgdStep", () => {
  const recipe = { lr: 0.1, momentum: 0.9, weightDecay: 0.01, nesterov: true };

  it("gives the same bits with one thread and two", () => {
    const run = (threads: number) =>
      scope(() => {
        setThreads(threads);
        const param = tensor([100_000], normals(100_000, "w"), "float32").setRequiresGrad(true);
        setGradient(param, normals(100_000, "g"));
        sgdStep({
          params: [param],
          momenta: [Tensor.zeros([100_000])],
          masks: [undefined],
          ...recipe,
          firstStep: true,
        });
        return values(param);
      });
    expect(run(1)).toEqual(run(2));
  });

  it("puts exact zeros where the mask is 0 even when the gradient is NaN or infinite there", () => {
    const param = tensor([4], [1, 2, 3, 4], "float32").setRequiresGrad(true);
    const buffer = Tensor.zeros([4]);
    param
      .mul(tensor([4], [Number.NaN, Number.POSITIVE_INFINITY, 1, 1], "float32"))
      .sum()
      .backward();
    const mask = maskTensor([4], [0, 0, 1, 0], "bool");
    sgdStep({ params: [param], momenta: [buffer], masks: [mask], ...recipe, momentum: 0.9, firstStep: true });
    const [a, b, c, d] = values(param);
    expect([a, b, d]).toEqual([0, 0, 0]);
    expect(c).not.toBe(0);
    expect(values(buffer).map((v) => v === 0)).toEqual([true, true, false, true]);
  });

  it("sets the momentum to the gradient at the first step whatever it held", () => {
    const param = tensor([2], [1, 2], "float64").setRequiresGrad(true);
    const buffer = tensor([2], [100, 100], "float64");
    setGradient(param, [3, 4]);
    sgdStep({ params: [param], momenta: [buffer], masks: [undefined], ...recipe, weightDecay: 0, firstStep: true });
    expect(values(buffer)).toEqual([3, 4]);
  });

  it("only masks a parameter without a gradient", () => {
    const param = tensor([3], [1, 2, 3], "float64").setRequiresGrad(true);
    const buffer = tensor([3], [1, 1, 1], "float64");
    sgdStep({ params: [param], momenta: [buffer], masks: [maskTensor([3], [1, 0, 1])], ...recipe, firstStep: false });
    expect(values(param)).toEqual([1, 0, 3]);
    expect(values(buffer)).toEqual([1, 0, 1]);
  });

  it("meets the right elements when layouts differ", () => {
    const shape = [2, 3, 2, 2];
    const data = normals(24, "w");
    const gradient = normals(24, "g");
    const mask = data.map((v) => (v > 0 ? 1 : 0));
    // Row-major parameter and mask, channels-last momentum.
    const param = tensor(shape, data, "float64").contiguous().setRequiresGrad(true);
    const buffer = Tensor.zeros(shape, { dtype: "float64" });
    setGradient(param, gradient);
    sgdStep({ params: [param], momenta: [buffer], masks: [maskTensor(shape, mask)], ...recipe, firstStep: true });
    const momenta = new Array<number>(24).fill(0);
    referenceStep(data, gradient, momenta, mask, recipe, true);
    expectClose(values(param), data);
    expectClose(values(buffer), momenta);
  });

  it.each(recipes)("agrees with the steps that other devices use: %s", (_, recipe) => {
    type Kind = "fused" | "portable" | "recordable";
    const run = (kind: Kind) =>
      scope(() => {
        const momentum = recipe.momentum;
        const param = tensor([9], normals(9, "w"), "float64").setRequiresGrad(true);
        const buffer = Tensor.zeros([9], { dtype: "float64" });
        const [params, momenta] = [[param], momentum === 0 ? [] : [buffer]];
        const masks = [maskTensor([9], [1, 0, 1, 1, 0, 1, 1, 1, 0])];
        setOwnKernels(kind === "fused");
        for (let step = 0; step < 3; step++) {
          // The NaN is where the mask is 0.
          setGradient(param, normals(9, "g", step).with(4, Number.NaN));
          const rate = Tensor.full([], recipe.lr, { dtype: "float64" });
          if (kind === "recordable") recordableSgdStep({ params, momenta, masks, ...recipe, lr: rate });
          else sgdStep({ params, momenta, masks, ...recipe, firstStep: step === 0 });
        }
        setOwnKernels(true);
        return [...values(param), ...values(buffer)];
      });
    expectClose(run("portable"), run("fused"));
    expectClose(run("recordable"), run("fused"));
  });

  it("takes a scalar on the device as a learning rate", () => {
    const param = tensor([2], [1, 2], "float32").setRequiresGrad(true);
    const step = { params: [param], momenta: [Tensor.zeros([2])], masks: [undefined], ...recipe };
    expect(() => recordableSgdStep({ ...step, lr: Tensor.zeros([1]) })).toThrow("the learning rate must be a scalar");
  });

  it("refuses lists and tensors that do not fit together", () => {
    const param = tensor([2], [1, 2], "float32").setRequiresGrad(true);
    const buffer = Tensor.zeros([2]);
    const call = (momenta: Tensor[], masks: (Tensor | undefined)[]) => () =>
      sgdStep({ params: [param], momenta, masks, ...recipe, firstStep: true });
    expect(call([], [undefined])).toThrow("1 parameters, 0 momentum buffers and 1 masks");
    expect(call([buffer], [])).toThrow("1 parameters, 1 momentum buffers and 0 masks");
    expect(call([Tensor.zeros([3])], [undefined])).toThrow(
      "momentum buffer float32 [3] does not fit its parameter float32 [2]",
    );
    expect(call([buffer], [Tensor.zeros([2])])).toThrow(
      "mask float32 [2] does not fit its parameter float32 [2] (a mask is uint8 or bool)",
    );
  });
});
