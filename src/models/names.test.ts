import { describe, expect, it } from "vitest";
import { buildModel } from "./index.ts";
import type { ModelSpec } from "./types.ts";

const cifar = { classes: 10, shape: [3, 32, 32] };

describe("parameter names", () => {
  const names = (spec: ModelSpec) => buildModel(spec, cifar).names();
  const norm = (prefix: string) =>
    ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"].map((part) => `${prefix}.${part}`);

  it("of ResNet-20 are those of pytorch_resnet_cifar10, in its order", () => {
    const block = (prefix: string, project: boolean) => [
      `${prefix}.conv1.weight`,
      ...norm(`${prefix}.bn1`),
      `${prefix}.conv2.weight`,
      ...norm(`${prefix}.bn2`),
      ...(project ? [`${prefix}.shortcut.0.weight`, ...norm(`${prefix}.shortcut.1`)] : []),
    ];
    const all = (project: boolean) => [
      "conv1.weight",
      ...norm("bn1"),
      ...[1, 2, 3].flatMap((stage) =>
        [0, 1, 2].flatMap((i) => block(`layer${stage}.${i}`, project && stage > 1 && i === 0)),
      ),
      "linear.weight",
      "linear.bias",
    ];
    expect(names({ name: "resnet20" })).toEqual(all(true));
    expect(names({ name: "resnet20", shortcut: "identity" })).toEqual(all(false));
  });

  const layer = (prefix: string) => [`${prefix}.weight`, `${prefix}.bias`];

  it("of VGG-11 are those of pytorch-cifar, in its order", () => {
    // Places of the convolutions among convolutions, batch-norms, ReLUs and poolings.
    const convolutions = [0, 4, 8, 11, 15, 18, 22, 25];
    expect(names({ name: "vgg11" })).toEqual([
      ...convolutions.flatMap((i) => [...layer(`features.${i}`), ...norm(`features.${i + 1}`)]),
      ...layer("classifier"),
    ]);
  });

  it("of MobileNet-V2 are those of pytorch-cifar, in its order", () => {
    // Blocks of stride 1 that change the number of channels.
    const projecting = [0, 1, 10, 16];
    expect(names({ name: "mobilenet-v2" })).toEqual([
      "conv1.weight",
      ...norm("bn1"),
      ...Array.from({ length: 17 }, (_, i) => [
        ...[1, 2, 3].flatMap((k) => [`layers.${i}.conv${k}.weight`, ...norm(`layers.${i}.bn${k}`)]),
        ...(projecting.includes(i) ? [`layers.${i}.shortcut.0.weight`, ...norm(`layers.${i}.shortcut.1`)] : []),
      ]).flat(),
      "conv2.weight",
      ...norm("bn2"),
      ...layer("linear"),
    ]);
  });

  it.each([
    ["conv2", [0, 2]],
    ["conv4", [0, 2, 5, 7]],
    ["conv6", [0, 2, 5, 7, 10, 12]],
  ])("of %s are those of torchvision's VGG without its dropouts", (name, convolutions) => {
    expect(names({ name })).toEqual([
      ...convolutions.flatMap((i) => layer(`features.${i}`)),
      ...[0, 2, 4].flatMap((i) => layer(`classifier.${i}`)),
    ]);
  });

  it("of the LeNets", () => {
    const linear = ["fc1", "fc2", "fc3"].flatMap((layer) => [`${layer}.weight`, `${layer}.bias`]);
    expect(names({ name: "lenet-300-100" })).toEqual(linear);
    expect(names({ name: "lenet5" })).toEqual([
      "conv1.weight",
      ...norm("bn1"),
      "conv2.weight",
      ...norm("bn2"),
      ...linear,
    ]);
  });
});
