import { describe, expect, it } from "vitest";
import type { HostArray, StateDict } from "../core/array.ts";
import { difference } from "./same-state.ts";

const floats = (shape: readonly number[], ...values: number[]): HostArray => ({
  dtype: "float32",
  shape,
  data: Float32Array.from(values),
});
const state: StateDict = new Map([
  ["w", floats([2, 2], 1, 0, Number.NaN, 4)],
  ["n", { dtype: "int64", shape: [], data: BigInt64Array.of(3n) }],
]);
const changed = (name: string, array: HostArray): StateDict => new Map([...state, [name, array]]);

describe("the difference of two states", () => {
  it("is none for equal bits in another order", () => {
    expect(difference(state, new Map([...state].reverse()))).toBeUndefined();
  });

  it.each<[string, StateDict]>([
    ["n is missing", new Map([...state].slice(0, 1))],
    ["extra was not written", changed("extra", floats([1], 1))],
    ["w has another type or shape", changed("w", floats([4], 1, 0, Number.NaN, 4))],
    ["w has another type or shape", changed("w", { dtype: "int32", shape: [2, 2], data: Int32Array.of(1, 0, 0, 4) })],
    ["w has other values", changed("w", floats([2, 2], 1, -0, Number.NaN, 4))],
    ["n has other values", changed("n", { dtype: "int64", shape: [], data: BigInt64Array.of(4n) })],
  ])("%s", (text, other) => {
    expect(difference(state, other)).toBe(text);
  });
});
