import { describe, expect, it } from "vitest";
import { checkOneModel, withoutPrefixes, wrapperPrefixes } from "./names.ts";

describe("prefixes of wrappers", () => {
  it.each([
    ["none", ["conv.weight", "module.fc.weight"], []],
    ["DataParallel's", ["module.a", "module.b"], ["module."]],
    ["torch.compile's", ["_orig_mod.a"], ["_orig_mod."]],
    ["both", ["module._orig_mod.a", "module._orig_mod.b"], ["module.", "_orig_mod."]],
    ["one twice", ["module.module.a"], ["module.", "module."]],
    ["beside the counter of AveragedModel", ["n_averaged", "module.a"], ["module."]],
    ["of no names", [], []],
  ])("%s", (_, names, expected) => {
    expect(wrapperPrefixes(names)).toEqual(expected);
  });

  it("are left out, and the counter with them", () => {
    const entries = new Map([
      ["n_averaged", 0],
      ["module.module.a", 1],
    ]);
    expect([...withoutPrefixes(entries, ["module.", "module."])]).toEqual([["a", 1]]);
  });
});

describe("copies of one model in one dictionary", () => {
  const model = { "conv.weight": [2, 3, 3, 3], "conv.bias": [2], "fc.weight": [4, 2] };
  const under = (head: string) =>
    Object.entries(model).map(([name, shape]): [string, number[]] => [`${head}.${name}`, shape]);

  it("are refused by their names", () => {
    const shapes = new Map([...under("online_model"), ...under("ema_model"), ["step", []] as [string, number[]]]);
    expect(() => checkOneModel(shapes, "x.pt")).toThrow(
      'x.pt: holds the same model 2 times: "online_model", "ema_model"\n  hint: say which one: --key ema_model',
    );
  });

  it("are none where the parts differ, or are single layers", () => {
    expect(() => checkOneModel(new Map([...under("a"), ...under("b"), ["head.weight", [2, 2]]]), "x.pt")).not.toThrow();
    expect(() => checkOneModel(new Map([...under("a")]), "x.pt")).not.toThrow();
    const layers = new Map([
      ["fc1.weight", [4, 4]],
      ["fc1.bias", [4]],
      ["fc2.weight", [4, 4]],
      ["fc2.bias", [4]],
    ]);
    expect(() => checkOneModel(layers, "x.pt")).not.toThrow();
  });
});
