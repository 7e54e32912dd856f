import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { StateDict } from "../core/array.ts";
import { Mask } from "../masks/mask.ts";
import { Tensor } from "../tensor/tensor.ts";
import { testPruner } from "./contract.ts";
import { definePruner } from "./define.ts";
import { pruners } from "./index.ts";
import { magnitude } from "./magnitude.ts";
import { type MaskRequest, makeMask } from "./make-mask.ts";

for (const pruner of pruners.all()) testPruner(pruner, test);

function state(layers: Readonly<Record<string, readonly number[]>>): StateDict {
  return new Map(
    Object.entries(layers).map(([name, w]) => [
      name,
      { dtype: "float32", shape: [w.length], data: Float32Array.from(w) },
    ]),
  );
}

const weights = state({ conv: [0.1, -0.9, 0.5, -0.2], fc: [3, -4, 1, -2, 0.5] });

const request: MaskRequest = {
  weights,
  layers: ["conv", "fc"],
  pruner: magnitude,
  options: {},
  target: { sparsity: 0.5 },
};

describe("magnitude", () => {
  test("keeps the largest |w| of each layer, whatever the other layers' scale", () => {
    const mask = makeMask(request);
    expect([...mask.keep("conv")]).toEqual([0, 1, 1, 0]);
    expect([...mask.keep("fc")]).toEqual([1, 1, 0, 1, 0]); // 2.5 weights are 3
  });

  test("layers that are not asked for are not masked", () => {
    expect(makeMask({ ...request, layers: ["fc"] }).keys).toEqual(["fc"]);
  });

  test("float64 weights that are equal as float32 are told apart", () => {
    const close: StateDict = new Map([
      ["w", { dtype: "float64", shape: [2], data: Float64Array.of(1, 1 + Number.EPSILON) }],
    ]);
    expect([...makeMask({ ...request, weights: close, layers: ["w"] }).keep("w")]).toEqual([0, 1]);
  });
});

describe("rounds", () => {
  test("a share of what remains, within the previous mask, even when a pruned weight is large again", () => {
    const previous = new Mask([["fc", { shape: [5], keep: Uint8Array.of(1, 0, 1, 1, 1) }]]);
    const mask = makeMask({ ...request, layers: ["fc"], target: { removeFraction: 0.5 }, previous });
    expect([...mask.keep("fc")]).toEqual([1, 0, 0, 1, 0]);
    expect(mask.isSubsetOf(previous)).toBe(true);
  });

  test("a sparsity is of the layer's size, whatever remains", () => {
    const previous = new Mask([["fc", { shape: [5], keep: Uint8Array.of(1, 0, 1, 1, 1) }]]);
    const mask = makeMask({ ...request, layers: ["fc"], target: { sparsity: 0.4 }, previous });
    expect([...mask.keep("fc")]).toEqual([1, 0, 1, 1, 0]);
  });

  test("a layer that the previous mask does not name starts whole", () => {
    const mask = makeMask({ ...request, target: { removeFraction: 0.5 }, previous: new Mask([]) });
    expect([mask.keptCount("conv"), mask.keptCount("fc")]).toEqual([2, 3]);
  });
});

test("scores of weights that are pruned already are not looked at: 0/0 is allowed there", () => {
  const relative = definePruner({ ...magnitude, name: "relative", score: ({ weight }) => weight.square().div(weight) });
  const masked = state({ w: [0, 2, 1] });
  const previous = new Mask([["w", { shape: [3], keep: Uint8Array.of(0, 1, 1) }]]);
  const mask = makeMask({
    ...request,
    weights: masked,
    layers: ["w"],
    pruner: relative,
    target: { removeFraction: 0.5 },
    previous,
  });
  expect([...mask.keep("w")]).toEqual([0, 1, 0]);
});

describe("what is refused, all layers at once", () => {
  test.each<[string, Partial<MaskRequest>, string]>([
    ["missing weights", { layers: ["conv", "x"] }, "x: expected weights for this layer, got none"],
    [
      "non-finite weights",
      { weights: state({ conv: [1, Number.NaN, 2, 3], fc: [Number.POSITIVE_INFINITY] }) },
      "conv: expected finite weights, got NaN at flat index 1\n  hint: the training that gave these weights has diverged\n" +
        "fc: expected finite weights, got Infinity at flat index 0",
    ],
    [
      "another type",
      { weights: new Map([["fc", { dtype: "bfloat16", shape: [1], data: new Uint16Array(1) }]]), layers: ["fc"] },
      "fc: expected float32 or float64 weights, got bfloat16",
    ],
    ["keeping nothing", { target: { sparsity: 0.95 } }, "conv: sparsity 0.95 of 4 weights keeps no weight"],
    [
      "a previous mask of another shape",
      { previous: new Mask([["fc", { shape: [1, 5], keep: new Uint8Array(5).fill(1) }]]) },
      "fc: expected shape [1, 5] as in the previous mask, got [5]",
    ],
    ["an unknown option", { options: { shrae: 1 } }, 'options of pruner magnitude: Unrecognized key: "shrae"'],
  ])("%s", (_, change, message) => {
    expect(() => makeMask({ ...request, ...change })).toThrow(message);
  });
});

describe("a pruner at fault is named", () => {
  const broken = (score: (weight: Tensor) => Tensor) => ({
    ...request,
    pruner: definePruner({ ...magnitude, name: "broken", score: ({ weight }) => score(weight) }),
  });

  test("scores of another shape", () => {
    expect(() => makeMask(broken((w) => w.sum()))).toThrow(
      "pruner broken, layer conv: expected scores of shape [4], got []",
    );
  });

  test("NaN scores", () => {
    expect(() => makeMask(broken((w) => w.mul(Number.NaN)))).toThrow(
      "pruner broken, layer conv: expected numbers as scores, got NaN at flat index 0",
    );
  });

  test("scores of another type", () => {
    const integers = (w: Tensor) => Tensor.full(w.shape, 1, { dtype: "int32" });
    expect(() => makeMask(broken(integers))).toThrow(
      "pruner broken, layer conv: expected float32 or float64 scores, got int32",
    );
  });
});

test("a pruner gets its options as its schema reads them, defaults filled in", () => {
  const signed = definePruner({
    name: "signed",
    version: 1,
    summary: "keep the largest or the smallest w",
    source: "this test",
    options: z.strictObject({ sign: z.union([z.literal(1), z.literal(-1)]).default(-1) }),
    score: ({ weight, options }) => weight.mul(options.sign),
  });
  const keep = (options: MaskRequest["options"]) => [...makeMask({ ...request, pruner: signed, options }).keep("conv")];
  expect(keep({})).toEqual([0, 1, 0, 1]);
  expect(keep({ sign: 1 })).toEqual([1, 0, 1, 0]);
  expect(() => keep({ sign: 2 })).toThrow("options of pruner signed sign: ");
});

describe("names", () => {
  test("a known pruner is found", () => {
    expect(pruners.get("magnitude")).toBe(magnitude);
  });

  test("a misspelt one gets the nearest, and how to add one", () => {
    expect(() => pruners.get("magnitdue")).toThrow(
      'pruner: expected the name of a pruner, got "magnitdue"\n  hint: did you mean "magnitude"? All are listed in ' +
        "src/pruners/index.ts; to add one, write a file like src/pruners/magnitude.ts and register it there",
    );
    expect(() => pruners.get("snip")).toThrow("known: magnitude");
  });
});
