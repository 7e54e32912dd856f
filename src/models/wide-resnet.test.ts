import { describe, expect, it } from "vitest";
import { testModel } from "./contract.ts";
import { buildModel, describeModel } from "./index.ts";

const cifar = { classes: 10, shape: [3, 32, 32] };

describe("wide ResNets", () => {
  it.each([
    // 2.2 M, 11.0 M and 36.5 M in table 4 of the paper; counted by the formulas of its table 1.
    [40, 2, 2_243_546],
    [16, 8, 10_961_370],
    [28, 10, 36_479_194],
  ])("WRN-%d-%d has %d parameters", (depth, width, parameters) => {
    expect(describeModel({ name: "wrn", depth, width }, cifar).parameters).toBe(parameters);
  });

  it("have the names of WideResNet-pytorch", () => {
    const names = buildModel({ name: "wrn" }, cifar).names();
    for (const name of [
      "block1.layer.0.convShortcut.weight",
      "block3.layer.1.bn2.running_var",
      "bn1.weight",
      "fc.bias",
    ])
      expect(names).toContain(name);
    expect(names).not.toContain("block1.layer.1.convShortcut.weight");
    expect(() => describeModel({ name: "wrn", depth: 20 }, cifar)).toThrow("6n + 4");
  });
});

testModel({ name: "wrn", depth: 10, width: 1 }, { classes: 5, shape: [3, 16, 16] });
