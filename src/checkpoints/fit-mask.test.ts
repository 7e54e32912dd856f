import { describe, expect, it } from "vitest";
import type { HostArray, StateDict } from "../core/array.ts";
import { Mask } from "../masks/mask.ts";
import { checkCovers, fitMask } from "./fit-mask.ts";

const zeros = (shape: readonly number[]): HostArray => ({
  dtype: "float32",
  shape,
  data: new Float32Array(shape.reduce((n, size) => n * size, 1)),
});
const shapes = { "conv.weight": [2, 3], "conv.bias": [2], "fc.weight": [4, 2], "fc.bias": [4] } as const;
const weights: StateDict = new Map(Object.entries(shapes).map(([name, shape]) => [name, zeros(shape)]));
const keep = { conv: Uint8Array.of(1, 0, 1, 0, 1, 1), fc: Uint8Array.of(0, 1, 1, 1, 0, 0, 1, 1) };
const maskOf = (conv: string, fc: string) =>
  new Mask([
    [conv, { shape: [2, 3], keep: keep.conv }],
    [fc, { shape: [4, 2], keep: keep.fc }],
  ]);
const prefixed = (prefix: string): StateDict => new Map([...weights].map(([name, array]) => [prefix + name, array]));

describe("a mask fits weights", () => {
  it.each([
    ["of the same names", "conv.weight", "fc.weight", weights, ""],
    ["with a prefix", "net.conv.weight", "net.fc.weight", weights, ""],
    ["with two", "a.b.conv.weight", "a.b.fc.weight", weights, ""],
    ["without the weights' prefix", "conv.weight", "fc.weight", prefixed("model."), "model."],
    ["with another prefix than the weights", "x.conv.weight", "x.fc.weight", prefixed("model."), "model."],
    ["by names of modules", "conv", "fc", weights, ""],
    ["by names of modules below a prefix", "net.conv", "net.fc", weights, ""],
    ["with the ending of torch.nn.utils.prune", "conv.weight_mask", "fc.weight_mask", weights, ""],
    ["by modules with that ending", "conv_mask", "fc_mask", weights, ""],
  ])("%s", (_, conv, fc, state, prefix) => {
    const { mask, notes } = fitMask(maskOf(conv, fc), state, "m.pt");
    expect(mask.keys).toEqual([`${prefix}conv.weight`, `${prefix}fc.weight`]);
    expect(mask.keep(`${prefix}conv.weight`)).toEqual(keep.conv);
    expect(mask.keep(`${prefix}fc.weight`)).toEqual(keep.fc);
    expect(notes.length).toBe(conv === `${prefix}conv.weight` ? 0 : 1);
  });

  it.each([
    ["another name", maskOf("conv.weight", "fc2.weight"), "fc2.weight [4, 2]", "conv.weight fit"],
    ["prefixes that differ", maskOf("a.conv.weight", "b.fc.weight"), "a.conv.weight [2, 3]", "none of its names fit"],
    [
      "another shape",
      new Mask([["fc.weight", { shape: [2, 4], keep: keep.fc }]]),
      "fc.weight [2, 4]",
      "none of its names fit",
    ],
  ])("and not with %s: what fits and what does not is listed", (_, mask, misfit, fitting) => {
    expect(() => fitMask(mask, weights, "m.pt")).toThrow(
      `m.pt: expected a mask of these weights, got one with ${misfit}`,
    );
    expect(() => fitMask(mask, weights, "m.pt")).toThrow(fitting);
    expect(() => fitMask(mask, weights, "m.pt")).toThrow("conv.weight [2, 3], fc.weight [4, 2]");
  });

  it("of a tied array under all of its names", () => {
    const tied: StateDict = new Map([...weights, ["head.weight", zeros([4, 2])]]);
    const ties = { same: new Map([["head.weight", "fc.weight"]]), overlapping: [] };
    const mask = fitMask(new Mask([["head.weight", { shape: [4, 2], keep: keep.fc }]]), tied, "m.pt", ties).mask;
    expect([...mask.keys].sort()).toEqual(["fc.weight", "head.weight"]);
  });

  it("only when it names every layer that is asked for", () => {
    const mask = maskOf("conv.weight", "fc.weight");
    expect(() => checkCovers(mask, ["conv.weight", "fc.weight"], "m.pt")).not.toThrow();
    expect(() => checkCovers(mask, ["conv.weight", "x.weight", "y.weight"], "m.pt")).toThrow(
      "m.pt: expected a mask for every layer, got none for x.weight, y.weight",
    );
  });
});
