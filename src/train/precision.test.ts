import { beforeAll, describe, expect, it } from "vitest";
import { Mask } from "../masks/mask.ts";
import { buildModel } from "../models/index.ts";
import type { ModelSpec } from "../models/types.ts";
import { initialWeights } from "../nn/init.ts";
import { setThreads } from "../tensor/engine.ts";
import { crossEntropy } from "../tensor/ops.ts";
import { noGrad, scope } from "../tensor/scope.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { EpochMetrics, TrainRecipe } from "./recipe.ts";
import { ConvNet, toyData, toyRecipe } from "./toy.fixture.ts";
import { train } from "./trainer.ts";

type Precision = TrainRecipe["precision"];

// Several threads wait for each other in oneDNN's bfloat16 kernels without giving up the core: minutes on a busy machine.
beforeAll(() => setThreads(1));

async function metricsOf(precision: Precision, seed: number, mask?: Mask): Promise<readonly EpochMetrics[]> {
  const { metrics } = await train({
    model: new ConvNet(2, 4),
    weights: initialWeights(new ConvNet(2, 4), seed, 0),
    ...(mask === undefined ? {} : { mask }),
    data: toyData({ shape: [2, 6, 6], classes: 4, train: 200, test: 90 }),
    recipe: toyRecipe({ epochs: 6, precision }),
    seed,
    device: "cpu",
    keepEpochs: [],
  });
  return metrics;
}

describe("a training in bfloat16", () => {
  it("learns as float32 does, to bfloat16's precision", async () => {
    for (const seed of [1, 2, 3]) {
      const [single, mixed] = [await metricsOf("float32", seed), await metricsOf("bfloat16", seed)];
      // 8 bits: each product is off by up to 2^-8 of itself, which averages out over a batch. The loss starts near ln 4 = 1.39.
      for (const [i, { trainLoss }] of single.entries()) {
        expect(Math.abs((mixed[i]?.trainLoss ?? Number.NaN) - trainLoss)).toBeLessThan(0.05);
        expect(mixed[i]?.trainLoss).not.toBe(trainLoss);
      }
    }
  });

  it("keeps pruned weights at exactly 0", async () => {
    const keep = Uint8Array.from({ length: 108 }, (_, i) => i % 2);
    const mask = new Mask([["conv.weight", { shape: [6, 2, 3, 3], keep }]]);
    let pruned: number[] = [];
    await train({
      model: new ConvNet(2, 4),
      weights: initialWeights(new ConvNet(2, 4), 1, 0),
      mask,
      data: toyData({ shape: [2, 6, 6], classes: 4, train: 64, test: 10 }),
      recipe: toyRecipe({ epochs: 2, precision: "bfloat16" }),
      seed: 1,
      device: "cpu",
      keepEpochs: [2],
      onWeights: (_, state) => {
        pruned = Array.from(state.get("conv.weight")?.data ?? [], Number).filter((_, i) => i % 2 === 0);
      },
    });
    expect(pruned).toEqual(new Array<number>(54).fill(0));
  });
});

const input = { shape: [3, 32, 32], classes: 10 } as const;
const models: readonly ModelSpec[] = [
  { name: "lenet-300-100" },
  { name: "lenet5" },
  { name: "conv2" },
  { name: "resnet20" },
  { name: "resnet20", shortcut: "identity" },
  { name: "vgg11", width: 16 },
  { name: "mobilenet-v2", width: 0.5 },
];

/** Logits and gradients of one batch, the parameters being float32. */
function step(spec: ModelSpec, dtype: "float32" | "bfloat16"): readonly (readonly number[])[] {
  const model = buildModel(spec, input);
  model.load(initialWeights(model, 1, 0), { device: "cpu", dtype: "float32" });
  const split = toyData({ ...input, train: 16, test: 1 }).train;
  const data = Float32Array.from(split.images, (byte) => byte / 64 - 2);
  const result = scope(() => {
    const x = Tensor.fromHost({ dtype: "float32", shape: [16, ...input.shape], data }, { dtype });
    const labels = Tensor.fromHost({ dtype: "int64", shape: [16], data: BigInt64Array.from(split.labels, BigInt) });
    const logits = model.forward(x);
    const loss = crossEntropy(logits, labels);
    expect([logits.dtype, loss.dtype]).toEqual([dtype, "float32"]);
    loss.backward();
    const gradients = [...model.namedParameters().values()].map(({ tensor }) => tensor.grad);
    for (const gradient of gradients) expect(gradient?.dtype).toBe("float32");
    return noGrad(() =>
      [logits, ...gradients].map((t) => Array.from(t?.to({ dtype: "float64" }).toHost().data ?? [], Number)),
    );
  });
  model.dispose();
  return result;
}

describe.each(models)("one step of %o", (spec) => {
  it("in bfloat16 points where float32's does", () => {
    const [single, mixed] = [step(spec, "float32"), step(spec, "bfloat16")];
    const cosine = (a: readonly number[], b: readonly number[]) => {
      const dot = (u: readonly number[], v: readonly number[]) =>
        u.reduce((sum, value, i) => sum + value * (v[i] ?? 0), 0);
      return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
    };
    // Rounding to 8 bits at every layer. Among MobileNet's 50 layers the gradient loses its way as it does in PyTorch's autocast, whose
    // cosines for the untrained network are 0.99 at the last batch-norm and 0.59 at the first convolution.
    const least = spec.name === "mobilenet-v2" ? 0.4 : 0.95;
    expect(cosine(single[0] ?? [], mixed[0] ?? [])).toBeGreaterThan(0.98);
    expect(cosine(single.slice(1).flat(), mixed.slice(1).flat())).toBeGreaterThan(least);
  });
});
