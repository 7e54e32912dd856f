import { describe, expect, it } from "vitest";
import type { HostArray, StateDict } from "../core/array.ts";
import { PickleStorage, PickleTensor } from "./pickle-values.ts";
import { noTies, tiesOf } from "./ties.ts";
import { weightLayers } from "./weight-layers.ts";

function state(shapes: Readonly<Record<string, readonly number[]>>): StateDict {
  const array = (shape: readonly number[]): HostArray => ({
    dtype: "float32",
    shape,
    data: new Float32Array(shape.reduce((n, size) => n * size, 1)).fill(1),
  });
  return new Map(Object.entries(shapes).map(([name, shape]) => [name, array(shape)]));
}

describe("what is a layer", () => {
  it("are weights of convolutions and linear layers, and nothing else of two dimensions; all else is listed with its reason", () => {
    const { layers, others } = weightLayers(
      state({
        cls_token: [1, 1, 8],
        pos_embed: [1, 5, 8],
        "patch.weight": [8, 3, 4, 4],
        "patch.bias": [8],
        "tok.weight": [100, 8],
        "word_embeddings.weight": [30, 8],
        "norm.weight": [8, 4, 4],
        "norm.bias": [8, 4, 4],
        "norm0.mean": [1, 3, 1, 1],
        "bn.weight": [2, 2],
        "bn.running_mean": [2, 2],
        "rnn.weight_hh_l0": [8, 8],
        "q_proj.weight": [8, 8],
        "fc.weight": [10, 8],
        "fc.bias": [10],
        weight: [2, 2],
      }),
    );
    expect(layers.map(({ name, kind }) => [name, kind])).toEqual([
      ["patch.weight", "conv"],
      ["q_proj.weight", "linear"],
      ["fc.weight", "linear"],
      ["weight", "linear"],
    ]);
    const reasons = Object.fromEntries(others.map(({ name, reason }) => [name, reason]));
    expect(Object.keys(reasons)).toEqual([
      "cls_token",
      "pos_embed",
      "tok.weight",
      "word_embeddings.weight",
      "norm.weight",
      "norm.bias",
      "norm0.mean",
      "bn.weight",
      "bn.running_mean",
      "rnn.weight_hh_l0",
    ]);
    expect(reasons).toMatchObject({
      "norm.weight": "its bias has the same shape: layer norm",
      "bn.weight": "it has running statistics beside it: batch norm",
      "tok.weight": "it is called like an embedding",
      cls_token: "it is not called weight",
    });
  });

  it("are doubtful when they alone have no bias, unless they are called like linear layers", () => {
    const biased = { "a.weight": [8, 8], "a.bias": [8], "b.weight": [4, 8], "b.bias": [4] };
    const named = (shapes: Readonly<Record<string, readonly number[]>>) =>
      weightLayers(state({ ...biased, ...shapes })).others;
    expect(named({ "tabular.weight": [100, 8] })).toEqual([
      { name: "tabular.weight", reason: "it has no bias where all other matrices have one: perhaps an embedding" },
    ]);
    expect(named({ "x.weight": [100, 8], "y.weight": [100, 8] })).toEqual([]);
    for (const name of [
      "fc2.weight",
      "lm_head.weight",
      "q_proj.weight",
      "0.weight_decoder.weight",
      "block.linear_3.weight",
    ])
      expect(named({ [name]: [100, 8] }), name).toEqual([]);
    expect(weightLayers(state({ "only.weight": [100, 8] })).others).toEqual([]);
  });

  it("are on the user's word whatever they are called", () => {
    const arrays = state({ kernel: [3, 3], "tok.weight": [4, 4], "fc.weight": [2, 2] });
    expect(weightLayers(arrays, ["kernel", "tok.weight"])).toMatchObject({
      layers: [{ name: "kernel" }, { name: "tok.weight" }, { name: "fc.weight" }],
      others: [],
    });
  });

  it.each([
    ["conv.weight_g", { "conv.weight_g": [4, 1], "conv.weight_v": [4, 3] }, "remove_weight_norm"],
    ["weight_g", { weight_g: [4, 1], weight_v: [4, 3] }, "remove_weight_norm"],
    ["a.b.weight_orig", { "a.b.weight_orig": [4, 3], "a.b.weight_u": [4] }, "remove_spectral_norm"],
    [
      "c.parametrizations.weight.original0",
      { "c.parametrizations.weight.original0": [4, 1], "c.parametrizations.weight.original1": [4, 3] },
      "remove_parametrizations",
    ],
    ["c.parametrizations.weight.original", { "c.parametrizations.weight.original": [4, 3] }, "remove_parametrizations"],
  ])("%s is a part of a weight: refused with what takes it apart", (name, shapes, fix) => {
    expect(() => weightLayers(state({ ...shapes, "fc.weight": [2, 2] }))).toThrow(
      `${name}: expected the weight of the layer`,
    );
    expect(() => weightLayers(state({ ...shapes }))).toThrow(fix);
  });
});

describe("ties", () => {
  const storage = new PickleStorage("0", "float32", 100);
  const view = (offset: number, shape: readonly number[], strides: readonly number[], of = storage) =>
    new PickleTensor(of, offset, shape, strides);

  it("are names of one view of one storage; other views of it only share memory", () => {
    const tensors = new Map([
      ["emb.weight", view(0, [5, 4], [4, 1])],
      ["head.weight", view(0, [5, 4], [4, 1])],
      ["transposed.weight", view(0, [4, 5], [1, 4])],
      ["behind.weight", view(20, [5, 4], [4, 1])],
      ["elsewhere.weight", view(0, [5, 4], [4, 1], new PickleStorage("1", "float32", 100))],
      ["again.weight", view(20, [5, 4], [4, 1])],
    ]);
    expect(tiesOf(tensors)).toEqual({
      same: new Map([
        ["head.weight", "emb.weight"],
        ["again.weight", "behind.weight"],
      ]),
      overlapping: [["emb.weight", "transposed.weight"]],
    });
  });

  it("are one layer, also when the first name is that of an embedding", () => {
    const arrays = state({ "emb.weight": [5, 4], "mid.weight": [4, 4], "head.weight": [5, 4], "copy.weight": [4, 4] });
    const same = new Map([
      ["head.weight", "emb.weight"],
      ["copy.weight", "mid.weight"],
    ]);
    const { layers, others } = weightLayers(arrays, [], { ...noTies, same });
    expect(layers.map(({ name }) => name)).toEqual(["mid.weight", "head.weight"]);
    expect(others).toEqual([]);
  });
});
