import { describe, expect, it } from "vitest";
import { testModel } from "./contract.ts";
import { buildModel, describeModel } from "./index.ts";

const imagenet = { classes: 1000, shape: [3, 224, 224] };

describe("ResNet-18 and -50 of torchvision", () => {
  it.each([
    // torchvision's documentation of its weights: num_params.
    ["resnet18", 11_689_512],
    ["resnet50", 25_557_032],
  ])("%s has %d parameters", (name, parameters) => {
    expect(describeModel({ name }, imagenet).parameters).toBe(parameters);
  });

  it("costs what was counted independently: 1,814,073,344 and 4,089,184,256", () => {
    expect(describeModel({ name: "resnet18" }, imagenet).macs).toBe(1_814_073_344);
    expect(describeModel({ name: "resnet50" }, imagenet).macs).toBe(4_089_184_256);
  });

  it("has torchvision's names", () => {
    const names = buildModel({ name: "resnet50" }, imagenet).names();
    for (const name of [
      "conv1.weight",
      "bn1.running_var",
      "layer1.0.downsample.1.bias",
      "layer4.2.conv3.weight",
      "fc.bias",
    ])
      expect(names).toContain(name);
    expect(buildModel({ name: "resnet18" }, imagenet).names()).not.toContain("layer1.0.downsample.0.weight");
  });

  it("refuses images that its strides would leave nothing of, and says which stem fits", () => {
    expect(() => describeModel({ name: "resnet18" }, { classes: 10, shape: [1, 28, 28] })).toThrow("stem: small");
    for (const [stem, least] of [
      ["imagenet", 32],
      ["small", 8],
    ] as const) {
      const describeAt = (side: number) => () =>
        describeModel({ name: "resnet18", stem, width: 1 }, { classes: 10, shape: [1, side, side + 1] });
      expect(describeAt(least)).not.toThrow();
      expect(describeAt(least - 1)).toThrow(`${least}×${least} pixels, got ${least - 1}×${least}`);
    }
  });
});

testModel({ name: "resnet18", width: 4, stem: "small" }, { classes: 5, shape: [3, 16, 16] });
testModel({ name: "resnet50", width: 2 }, { classes: 5, shape: [3, 64, 64] });
