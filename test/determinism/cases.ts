import { join } from "node:path";
import type { ModelSpec } from "../../src/models/types.ts";
import type { TrainRecipe } from "../../src/train/recipe.ts";

/** A model, its images and its batch. */
export interface Case {
  readonly title: string;
  readonly model: ModelSpec;
  /** [C, H, W] of an image. */
  readonly shape: readonly [number, number, number];
  readonly batchSize: number;
  readonly precisions: readonly TrainRecipe["precision"][];
  /** Whether it has more of the layers that another case has, too. */
  readonly isDeep?: true;
}

/**
 * True with SWEEPSTAKE_DETERMINISM=full: every model in its usual size with batches of 64 (LeNets) and 128 images, which takes most
 * of an hour. The small ones are there for every run of the tests; they are still large enough that work is cut among threads.
 */
export const isFull = process.env.SWEEPSTAKE_DETERMINISM === "full";

const mixed = ["float32", "bfloat16"] as const;
/** float64 is for checks against references; small networks of each kind of layer have it. */
const all = [...mixed, "float64"] as const;

const small: readonly Case[] = [
  ...[{ name: "lenet5" }, { name: "lenet-300-100" }].map(
    (model): Case => ({ title: model.name, model, shape: [1, 28, 28], batchSize: 16, precisions: all }),
  ),
  ...["conv2", "conv4", "conv6"].map(
    (name): Case => ({
      title: name,
      model: { name, width: 0.25 },
      shape: [3, 16, 16],
      batchSize: 16,
      precisions: name === "conv2" ? all : mixed,
    }),
  ),
  {
    title: "vgg11",
    model: { name: "vgg11", width: 16 },
    shape: [3, 32, 32],
    batchSize: 16,
    precisions: mixed,
  },
  {
    title: "mobilenet-v2",
    model: { name: "mobilenet-v2", width: 0.25 },
    shape: [3, 12, 12],
    batchSize: 16,
    precisions: mixed,
  },
  ...[20, 32, 44, 56, 110].flatMap((depth) =>
    ["projection", "identity"].map(
      (shortcut): Case => ({
        title: `resnet${depth}, ${shortcut} shortcuts`,
        model: { name: `resnet${depth}`, shortcut, width: depth > 32 ? 8 : 16 },
        shape: [3, 8, 8],
        batchSize: 8,
        precisions: mixed,
        ...(depth > 32 ? { isDeep: true } : {}),
      }),
    ),
  ),
  ...["resnet18", "resnet50"].map(
    (name): Case => ({
      title: name,
      model: { name, stem: "small", width: name === "resnet18" ? 16 : 4 },
      shape: [3, 8, 8],
      batchSize: 8,
      precisions: mixed,
      isDeep: true,
    }),
  ),
  {
    title: "wide ResNet",
    model: { name: "wrn", depth: 16, width: 2 },
    shape: [3, 8, 8],
    batchSize: 8,
    precisions: mixed,
    isDeep: true,
  },
  {
    title: "a network of TorchScript",
    model: { name: "torchscript", torchscript: join(import.meta.dirname, "../fixtures/torchscript/residual.pt") },
    shape: [2, 8, 8],
    batchSize: 16,
    precisions: mixed,
  },
];

function fullSize(tested: Case): Case {
  const {
    title,
    model: { name, width: _, ...options },
    precisions,
  } = tested;
  if (name === "torchscript") return tested;
  const isLenet = name.startsWith("lenet");
  return {
    title,
    model: { name, ...options },
    shape: isLenet ? [1, 28, 28] : [3, 32, 32],
    batchSize: isLenet ? 64 : 128,
    precisions: precisions.filter((precision) => precision !== "float64"),
  };
}

/** Every model there is. */
export const cases: readonly Case[] = isFull ? small.map(fullSize) : small;
