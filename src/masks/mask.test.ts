import { describe, expect, test } from "vitest";
import type { StateDict } from "../core/array.ts";
import { Mask } from "./mask.ts";

const conv = { shape: [2, 1, 1, 2], keep: Uint8Array.of(1, 0, 1, 0) };
const fc = { shape: [1, 3], keep: Uint8Array.of(1, 1, 0) };
const mask = new Mask([
  ["conv.weight", conv],
  ["fc.weight", fc],
]);

describe("counts", () => {
  test("by layer and in total", () => {
    expect(mask.keys).toEqual(["conv.weight", "fc.weight"]);
    expect([mask.size("conv.weight"), mask.keptCount("conv.weight")]).toEqual([4, 2]);
    expect([mask.size("fc.weight"), mask.keptCount("fc.weight")]).toEqual([3, 2]);
    expect([mask.totalSize, mask.totalKept]).toEqual([7, 4]);
    expect(mask.sparsity).toBeCloseTo(3 / 7, 15);
    expect([mask.has("fc.weight"), mask.has("fc.bias")]).toEqual([true, false]);
    expect(mask.shape("conv.weight")).toEqual([2, 1, 1, 2]);
  });

  test("more kept weights than a byte can count", () => {
    expect(Mask.ones([["w", [1000, 1000]]]).keptCount("w")).toBe(1_000_000);
  });

  test("a mask of ones removes nothing, and one without layers too", () => {
    expect(Mask.ones([["w", [2, 3]]]).sparsity).toBe(0);
    expect(new Mask([]).sparsity).toBe(0);
  });
});

describe("immutable", () => {
  test("what goes in and what comes out are copies", () => {
    const keep = Buffer.of(1, 1); // a Buffer's slice() would share memory
    const shape = [2];
    const own = new Mask([["w", { shape, keep }]]);
    keep[0] = 0;
    shape[0] = 9;
    own.keep("w")[1] = 0;
    const exported = own.toStateDict().get("w");
    if (exported !== undefined) exported.data[0] = 0;
    expect([...own.keep("w")]).toEqual([1, 1]);
    expect(own.shape("w")).toEqual([2]);
  });
});

describe("state dict", () => {
  test("round trip", () => {
    const state = mask.toStateDict();
    expect(state.get("fc.weight")).toEqual({ dtype: "bool", shape: [1, 3], data: Uint8Array.of(1, 1, 0) });
    const back = Mask.fromStateDict(state);
    expect(back.isSubsetOf(mask) && mask.isSubsetOf(back)).toBe(true);
    expect(back.keys).toEqual(mask.keys);
  });

  test("uint8 is read too", () => {
    const state: StateDict = new Map([["w", { dtype: "uint8", shape: [2], data: Uint8Array.of(0, 1) }]]);
    expect([...Mask.fromStateDict(state).keep("w")]).toEqual([0, 1]);
  });

  test("every layer of a wrong type is named", () => {
    const state: StateDict = new Map([
      ["a", { dtype: "float32", shape: [1], data: Float32Array.of(1) }],
      ["b", { dtype: "int64", shape: [1], data: BigInt64Array.of(1n) }],
    ]);
    expect(() => Mask.fromStateDict(state)).toThrow(
      "a: expected a mask of type bool or uint8, got float32\nb: expected a mask of type bool or uint8, got int64",
    );
  });

  test("a value other than 0 and 1 is named", () => {
    const state: StateDict = new Map([["w", { dtype: "uint8", shape: [3], data: Uint8Array.of(0, 1, 255) }]]);
    expect(() => Mask.fromStateDict(state)).toThrow("w: expected mask values 0 or 1, got 255 at flat index 2");
  });

  test("a size that does not fit the shape is named", () => {
    expect(() => new Mask([["w", { shape: [2, 2], keep: new Uint8Array(3) }]])).toThrow(
      "w: expected 4 mask values for [2, 2], got 3",
    );
  });
});

describe("subset", () => {
  const of = (...keep: number[]) => new Mask([["w", { shape: [keep.length], keep: Uint8Array.from(keep) }]]);

  test.each([
    [[1, 0, 0], [1, 1, 0], true],
    [[1, 1, 0], [1, 0, 0], false],
    [[0, 1, 0], [1, 0, 1], false],
    [[0, 0, 0], [0, 0, 0], true],
  ])("%j in %j: %s", (a, b, expected) => {
    expect(of(...a).isSubsetOf(of(...b))).toBe(expected);
  });

  test("a layer that is not named is kept whole", () => {
    const none = new Mask([]);
    expect(of(1, 0).isSubsetOf(none)).toBe(true);
    expect(none.isSubsetOf(of(1, 0))).toBe(false);
    expect(none.isSubsetOf(of(1, 1))).toBe(true);
  });

  test("different shapes are refused", () => {
    const flat = new Mask([["w", { shape: [4], keep: new Uint8Array(4) }]]);
    const square = new Mask([["w", { shape: [2, 2], keep: new Uint8Array(4) }]]);
    expect(() => flat.isSubsetOf(square)).toThrow("w: expected shape [4], got [2, 2]");
  });
});

describe("apply", () => {
  const weights: StateDict = new Map([
    ["conv.weight", { dtype: "float32", shape: [2, 1, 1, 2], data: Float32Array.of(1, Number.NaN, -3, -4) }],
    ["fc.weight", { dtype: "bfloat16", shape: [1, 3], data: Uint16Array.of(0x3f80, 0xbf80, 0xbf80) }],
    ["fc.bias", { dtype: "float32", shape: [1], data: Float32Array.of(7) }],
  ]);

  test("pruned weights become exactly +0, also from NaN and negative numbers; others stay bit by bit", () => {
    const masked = mask.apply(weights);
    expect([...masked.keys()]).toEqual([...weights.keys()]);
    const pruned = masked.get("conv.weight")?.data;
    expect(pruned).toEqual(Float32Array.of(1, 0, -3, 0));
    expect(Object.is(pruned?.[3], 0)).toBe(true);
    expect(masked.get("fc.weight")?.data).toEqual(Uint16Array.of(0x3f80, 0xbf80, 0));
  });

  test("the input is not modified, and arrays that are not masked are shared", () => {
    const masked = mask.apply(weights);
    expect(weights.get("conv.weight")?.data[3]).toBe(-4);
    expect(masked.get("fc.bias")).toBe(weights.get("fc.bias"));
  });

  test("every layer that does not fit is named", () => {
    const wrong: StateDict = new Map([
      ["conv.weight", { dtype: "float32", shape: [4], data: new Float32Array(4) }],
      ["fc.weight", { dtype: "int32", shape: [1, 3], data: new Int32Array(3) }],
    ]);
    expect(() => mask.apply(wrong)).toThrow(
      "conv.weight: expected shape [2, 1, 1, 2], got [4]\nfc.weight: expected floating weights, got int32",
    );
    expect(() => mask.apply(new Map())).toThrow("fc.weight: expected weights for this masked layer, got none");
  });
});

test("asking for a layer that the mask does not have is an error, not a count of 0", () => {
  for (const ask of [() => mask.keptCount("x"), () => mask.size("x"), () => mask.keep("x"), () => mask.shape("x")])
    expect(ask).toThrow("x: expected a masked layer, got a name that the mask does not have");
});
