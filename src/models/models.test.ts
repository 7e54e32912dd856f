import { describe, expect, it } from "vitest";
import { elementCount } from "../core/array.ts";
import { initialWeights } from "../nn/init.ts";
import { testModel } from "./contract.ts";
import { buildModel, describeModel, models } from "./index.ts";
import type { ModelSpec } from "./types.ts";

const cifar = { classes: 10, shape: [3, 32, 32] };
const fashion = { classes: 10, shape: [1, 28, 28] };

describe("published parameter counts", () => {
  // Of pytorch_resnet_cifar10, shortcut A: 0.27M, 0.46M, 0.66M, 0.85M, 1.7M in its table.
  it.each([
    ["resnet20", 269_722],
    ["resnet32", 464_154],
    ["resnet44", 658_586],
    ["resnet56", 853_018],
    ["resnet110", 1_727_962],
  ])("%s, CIFAR-10, identity shortcuts", (name, parameters) => {
    expect(describeModel({ name, shortcut: "identity" }, cifar).parameters).toBe(parameters);
  });

  it("a projection adds a 1×1 convolution and a batch-norm at each of the two changes of shape", () => {
    const added = 16 * 32 + 2 * 32 + 32 * 64 + 2 * 64;
    expect(describeModel({ name: "resnet20" }, cifar).parameters).toBe(269_722 + added);
    expect(describeModel({ name: "resnet110" }, cifar).parameters).toBe(1_727_962 + added);
  });

  it("LeNet-300-100: 266,610, of which 266,200 weights", () => {
    const { parameters, prunable } = describeModel({ name: "lenet-300-100" }, fashion);
    expect(parameters).toBe(266_610);
    expect(prunable.reduce((sum, { shape: [a = 0, b = 0] }) => sum + a * b, 0)).toBe(266_200);
  });

  it.each([
    // Figure 2 of the lottery ticket paper prints 4.3M, 2.4M and 1.7M of all weights, 38K, 260K and 1.1M of them in convolutions.
    // Its Conv-6 has 2.3M by the layers printed above these numbers.
    ["conv2", 4_300_992, 38_592, 650],
    ["conv4", 2_425_024, 259_776, 906],
    ["conv6", 2_261_184, 1_144_512, 1_418],
  ])("%s, CIFAR-10: weights, those in convolutions, biases", (name, weights, inConvolutions, biases) => {
    const { parameters, prunable } = describeModel({ name }, cifar);
    const count = (layers: typeof prunable) => layers.reduce((sum, { shape }) => sum + elementCount(shape), 0);
    expect(count(prunable)).toBe(weights);
    expect(count(prunable.filter(({ kind }) => kind === "conv"))).toBe(inConvolutions);
    expect(parameters).toBe(weights + biases);
  });

  it.each([
    // Of pytorch-cifar's networks, for 10 and 100 classes.
    ["vgg11", 10, 9_231_114],
    ["vgg11", 100, 9_277_284],
    ["mobilenet-v2", 10, 2_296_922],
    ["mobilenet-v2", 100, 2_412_212],
  ])("%s, %d classes: %d", (name, classes, parameters) => {
    expect(describeModel({ name }, { classes, shape: [3, 32, 32] }).parameters).toBe(parameters);
  });

  it("LeNet-5: 61,706 with biases in the convolutions; here batch-norm has them, and a scale besides", () => {
    // 61,706 for 1×32×32 is the textbook count; 22 scales come in addition.
    expect(describeModel({ name: "lenet5" }, fashion).parameters).toBe(61_706 + 22);
    expect(describeModel({ name: "lenet5" }, cifar).parameters).toBe(61_706 + 22 + 2 * 6 * 25);
  });
});

describe("multiply-accumulates of one image", () => {
  it("LeNet-5, counted by hand", () => {
    const expected = 28 * 28 * 6 * 25 + 10 * 10 * 16 * 6 * 25 + 400 * 120 + 120 * 84 + 84 * 10;
    expect(describeModel({ name: "lenet5" }, fashion).macs).toBe(expected);
  });

  it("ResNet-20: the 40.55 million of its convolutions that profilers report, and the linear layer", () => {
    const stage = (pixels: number, channels: number) => 9 * channels * channels * pixels;
    const convolutions =
      9 * 3 * 16 * 1024 +
      6 * stage(1024, 16) +
      (stage(256, 32) / 2 + 5 * stage(256, 32)) +
      (stage(64, 64) / 2 + 5 * stage(64, 64));
    expect(convolutions).toBe(40_550_400);
    const identity = describeModel({ name: "resnet20", shortcut: "identity" }, cifar).macs;
    expect(identity).toBe(convolutions + 640);
    expect(describeModel({ name: "resnet20" }, cifar).macs).toBe(identity + 256 * 16 * 32 + 64 * 32 * 64);
  });

  it("VGG-11 and Conv-2, counted by hand", () => {
    // Pixels of a feature map times channels in and out of the convolutions on it, in units of 9·64².
    const convolutions = 9 * 64 * (1024 * 3 + 64 * (256 * 2 + 64 * (8 + 16) + 16 * (32 + 64) + 4 * (64 + 64)));
    expect(describeModel({ name: "vgg11" }, cifar).macs).toBe(convolutions + 5120);
    expect(describeModel({ name: "conv2" }, cifar).macs).toBe(1024 * 38_592 + 4_262_400);
  });

  it("MobileNet-V2: what hooks on PyTorch's layers count in the network of scripts/make-fixtures.py", () => {
    expect(describeModel({ name: "mobilenet-v2" }, cifar).macs).toBe(91_154_944);
  });
});

it("a wider network has proportionally more channels", () => {
  const shapes = (spec: ModelSpec) => describeModel(spec, cifar).prunable.map(({ shape }) => shape.slice(0, 2));
  const [stem, ...others] = shapes({ name: "resnet20", width: 8 });
  expect(stem).toEqual([8, 3]);
  expect(others.at(-1)).toEqual([10, 32]);
  expect(shapes({ name: "lenet5", width: 0.5 })).toEqual([
    [3, 3],
    [8, 3],
    [60, 200],
    [42, 60],
    [10, 42],
  ]);
  expect(shapes({ name: "lenet5", width: 0.01 })[0]).toEqual([1, 3]);
  expect(shapes({ name: "vgg11", width: 4 }).map(([outputs]) => outputs)).toEqual([4, 8, 16, 16, 32, 32, 32, 32, 10]);
  expect(shapes({ name: "conv4", width: 0.25 }).map(([outputs]) => outputs)).toEqual([16, 16, 32, 32, 64, 64, 10]);
  const mobile = shapes({ name: "mobilenet-v2", width: 0.25 });
  expect(mobile.slice(0, 4)).toEqual([
    [8, 3],
    [8, 8],
    [8, 1],
    [4, 8],
  ]);
  expect(mobile.at(-1)).toEqual([10, 320]);
});

describe("refused by name", () => {
  const message = (spec: ModelSpec, shape: readonly number[] = [3, 32, 32]) => {
    try {
      describeModel(spec, { classes: 10, shape });
      return "accepted";
    } catch (error) {
      return error instanceof Error ? `${error.name}: ${error.message}` : "";
    }
  };

  it.each<[string, ModelSpec, readonly number[], string]>([
    [
      "an unknown model",
      { name: "resnet2O" },
      [3, 32, 32],
      'InputError: model: expected the name of a model, got "resnet2O"\n  hint: did you mean "resnet20"',
    ],
    [
      "a name that is like no other",
      { name: "transformer" },
      [3, 32, 32],
      'InputError: model: expected the name of a model, got "transformer"\n  hint: known: lenet5, lenet-300-100, conv2, conv4, conv6, vgg11, resnet20, resnet32, resnet44, resnet56, resnet110, resnet18, resnet50, wrn, mobilenet-v2',
    ],
    [
      "LeNet-5 on another size",
      { name: "lenet5" },
      [3, 64, 64],
      "InputError: model: lenet5 expects images of 28×28 or 32×32 pixels, got 64×64\n  hint: resnet20 takes other sizes",
    ],
    [
      "LeNet-5 on images that are not square",
      { name: "lenet5" },
      [1, 28, 32],
      "InputError: model: lenet5 expects images of 28×28 or 32×32 pixels, got 28×32",
    ],
    [
      "ResNet on tiny images",
      { name: "resnet32" },
      [1, 4, 9],
      "InputError: model: resnet32 expects images of at least 5×5 pixels (it halves them twice), got 4×9",
    ],
    ["an unknown option", { name: "resnet20", widht: 8 }, [3, 32, 32], "InputError: options of model resnet20"],
    [
      "VGG-11 on small images",
      { name: "vgg11" },
      [3, 32, 31],
      "InputError: model: vgg11 expects images of at least 32×32 pixels (it halves them five times), got 32×31\n  hint: resnet20",
    ],
    [
      "Conv-6 on tiny images",
      { name: "conv6" },
      [3, 7, 8],
      "InputError: model: conv6 expects images of at least 8×8 pixels, got 7×8",
    ],
    [
      "MobileNet-V2 on tiny images",
      { name: "mobilenet-v2" },
      [3, 9, 8],
      "InputError: model: mobilenet-v2 expects images of at least 9×9 pixels (it halves them three times), got 9×8",
    ],
    [
      "a wrong option",
      { name: "resnet20", width: 0 },
      [3, 32, 32],
      "InputError: options of model resnet20 width: Too small",
    ],
  ])("%s", (_, spec, shape, expected) => {
    expect(message(spec, shape).startsWith(expected), message(spec, shape)).toBe(true);
  });

  it("all wrong options at once", () => {
    expect(message({ name: "resnet20", width: 1.5, shortcut: "none" }).split("\n").length).toBe(2);
  });
});

it("every model's options have defaults, and a definition says what it is", () => {
  for (const model of models.all()) {
    const { name } = model;
    expect(model.name).toBe(name);
    expect(models.get(name)).toBe(model);
    expect(model.options.safeParse({}).success, name).toBe(model.places === undefined); // a file has no default
    expect(model.summary).not.toBe("");
    expect(model.source).not.toBe("");
  }
});

it("a description is made once for equal specs, because a plan asks for it once per stage", () => {
  const first = describeModel({ name: "resnet20", width: 8, shortcut: "identity" }, cifar);
  expect(describeModel({ shortcut: "identity", name: "resnet20", width: 8 }, { ...cifar })).toBe(first);
  expect(describeModel({ name: "resnet20", width: 8 }, cifar)).not.toBe(first);
  expect(describeModel({ name: "resnet20", width: 8, shortcut: "identity" }, fashion)).not.toBe(first);
});

it("the initial weights of a model do not depend on the process", () => {
  // Frozen: a change of these is a change of every experiment.
  const [weight] = [...initialWeights(buildModel({ name: "resnet20" }, cifar), 0, 0).values()];
  expect(Array.from<number | bigint>(weight?.data ?? []).slice(0, 3)).toMatchInlineSnapshot(`
    [
      0.033970482647418976,
      0.19490887224674225,
      -0.0218329019844532,
    ]
  `);
});

testModel({ name: "lenet5" }, fashion);
testModel({ name: "lenet5", width: 0.5 }, { classes: 3, shape: [3, 32, 32] });
testModel({ name: "lenet-300-100" }, fashion);
testModel({ name: "resnet20", width: 4 }, cifar);
testModel({ name: "resnet20", width: 4, shortcut: "identity" }, { classes: 100, shape: [1, 28, 28] });
testModel({ name: "resnet32", width: 3, shortcut: "identity" }, { classes: 7, shape: [2, 9, 6] });
testModel({ name: "resnet110", width: 2 }, { classes: 10, shape: [3, 8, 8] });
testModel({ name: "vgg11", width: 4 }, cifar);
testModel({ name: "mobilenet-v2", width: 0.125 }, { classes: 10, shape: [3, 12, 9] });
testModel({ name: "conv2", width: 0.05 }, fashion);
testModel({ name: "conv4", width: 0.1 }, cifar);
testModel({ name: "conv6", width: 0.1 }, { classes: 3, shape: [1, 9, 8] });
