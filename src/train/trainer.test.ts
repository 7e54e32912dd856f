import { describe, expect, it } from "vitest";
import type { StateDict } from "../core/array.ts";
import { InputError } from "../core/errors.ts";
import { Mask } from "../masks/mask.ts";
import { initialWeights } from "../nn/init.ts";
import { bytesInUse } from "../tensor/engine.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { TrainJob } from "./job.ts";
import { ConvNet, Perceptron, toyData, toyRecipe } from "./toy.fixture.ts";
import { train } from "./trainer.ts";

const data = toyData({ shape: [2, 6, 6], classes: 4, train: 200, test: 90, validation: 40 });

function job(changes: Partial<TrainJob> = {}): TrainJob {
  return {
    model: new ConvNet(2, 4),
    weights: initialWeights(new ConvNet(2, 4), 1, 0),
    data,
    recipe: toyRecipe({ augment: { crop: 1, flip: true } }),
    seed: 5,
    device: "cpu",
    keepEpochs: [],
    ...changes,
  };
}

/** Runs a job and collects everything it hands out. */
async function run(changes: Partial<TrainJob> = {}) {
  const weights = new Map<number, StateDict>();
  const checkpoints: Checkpoint[] = [];
  const calls: string[] = [];
  const outcome = await train(
    job({
      onWeights: (epoch, state) => {
        weights.set(epoch, state);
        calls.push(`weights ${epoch}`);
      },
      onEpoch: ({ epoch }) => calls.push(`epoch ${epoch}`),
      saveCheckpoint: (checkpoint) => {
        checkpoints.push(checkpoint);
        calls.push(`checkpoint ${checkpoint.epoch}:${checkpoint.step}`);
      },
      ...changes,
    }),
  );
  return { outcome, weights, checkpoints, calls };
}

const halfMask = new Mask([
  ["conv.weight", { shape: [6, 2, 3, 3], keep: Uint8Array.from({ length: 108 }, (_, i) => (i * 7) % 2) }],
  ["fc.weight", { shape: [4, 6], keep: Uint8Array.from({ length: 24 }, (_, i) => (i % 3 === 0 ? 0 : 1)) }],
]);

function prunedValues(state: StateDict | undefined): (number | bigint)[] {
  return halfMask.keys.flatMap((name) => {
    const keep = halfMask.keep(name);
    return Array.from<number | bigint>(state?.get(name)?.data ?? []).filter((_, i) => keep[i] === 0);
  });
}

describe("a training", () => {
  it("learns: the loss falls and held-out images are recognised", async () => {
    const { outcome } = await run({
      recipe: toyRecipe({ epochs: 12, schedule: { milestones: [8], factor: 0.1, warmupEpochs: 0 } }),
    });
    const [first, last] = [outcome.metrics[0], outcome.metrics.at(-1)];
    expect(first?.trainLoss).toBeGreaterThan(0.9); // about ln 4 = 1.39 at the start
    expect(last?.trainLoss).toBeLessThan(0.5);
    expect(last?.testAccuracy).toBeGreaterThan(0.7); // chance is 0.25
    expect(last?.validationAccuracy).toBeGreaterThan(0.7);
  });

  it("gives the same bits twice, and other ones with another seed", async () => {
    const once = async (seed: number) => {
      const { outcome, weights } = await run({ keepEpochs: [2], seed });
      return { outcome, weights: [...(weights.get(2) ?? [])] };
    };
    const first = await once(5);
    expect(await once(5)).toEqual(first);
    expect((await once(6)).weights).not.toEqual(first.weights);
  });

  it("trains in training mode whatever mode it gets the model in", async () => {
    const model = new ConvNet(2, 4);
    model.train(false);
    expect((await run({ model })).outcome).toEqual((await run()).outcome);
  });

  it("hands out the asked-for weights, then the metrics, then the checkpoint that vouches for them", async () => {
    const { calls, weights, checkpoints } = await run({ keepEpochs: [0, 2], recipe: toyRecipe({ epochs: 3 }) });
    expect(calls).toEqual([
      "weights 0",
      "epoch 1",
      "checkpoint 1:0",
      "weights 2",
      "epoch 2",
      "checkpoint 2:0",
      "epoch 3",
      "checkpoint 3:0",
    ]);
    expect([...(weights.get(0) ?? [])]).toEqual([...job().weights]);
    expect([...(weights.get(2) ?? [])]).toEqual([...(checkpoints[1]?.weights ?? [])]);
  });

  it("with fewer epochs is the beginning of a longer one", async () => {
    const short = await run({ recipe: toyRecipe({ epochs: 1 }), keepEpochs: [1] });
    const long = await run({ recipe: toyRecipe({ epochs: 3 }), keepEpochs: [1] });
    expect(long.outcome.metrics.slice(0, 1)).toEqual(short.outcome.metrics);
    expect([...(long.weights.get(1) ?? [])]).toEqual([...(short.weights.get(1) ?? [])]);
  });

  it("counts every batch in batch-norm, and keeps its statistics", async () => {
    const { weights } = await run({ keepEpochs: [2] });
    const state = weights.get(2);
    expect(state?.get("bn.num_batches_tracked")?.data).toEqual(BigInt64Array.of(26n)); // two epochs of ⌈200/16⌉
    expect(Array.from<number | bigint>(state?.get("bn.running_mean")?.data ?? []).every((x) => x !== 0)).toBe(true);
    expect(Array.from<number | bigint>(state?.get("bn.running_var")?.data ?? []).every((x) => x !== 1)).toBe(true);
  });

  it("keeps pruned weights and their momentum at exactly 0, at every step", async () => {
    let from: Checkpoint | undefined;
    for (let step = 1; step <= 26; step++) {
      const abort = new AbortController();
      const { checkpoints, weights } = await run({
        mask: halfMask,
        signal: abort.signal,
        keepEpochs: [0],
        onProgress: () => abort.abort(),
        ...(from === undefined ? {} : { fromCheckpoint: from }),
      });
      if (step === 1) expect(prunedValues(weights.get(0)).every((w) => w === 0)).toBe(true);
      from = checkpoints.at(-1);
      expect(prunedValues(from?.weights).length).toBe(54 + 8);
      expect(prunedValues(from?.weights).every((w) => w === 0)).toBe(true);
      expect(prunedValues(from?.momenta).length).toBe(54 + 8);
      expect(prunedValues(from?.momenta).every((w) => w === 0)).toBe(true);
      const kept = Array.from<number | bigint>(from?.weights.get("conv.weight")?.data ?? []);
      expect(kept.filter((w) => w !== 0).length).toBe(54);
    }
  });

  it("uses memory that does not grow, and leaves none behind", async () => {
    const start = bytesInUse();
    const bytes: number[] = [];
    await run({
      mask: halfMask,
      recipe: toyRecipe({ epochs: 4 }),
      // Losses are read after every tenth step, so the tenth steps of all epochs are comparable.
      onProgress: ({ step }) => step === 10 && bytes.push(bytesInUse()),
    });
    expect(bytes.length).toBe(4);
    expect(bytes[0]).toBeGreaterThan(start);
    expect(new Set(bytes.slice(1)).size).toBe(1);
    expect(bytesInUse()).toBe(start);
  });

  it("lets the event loop run between steps", async () => {
    let ticks = 0;
    let steps = 0;
    const timer = setInterval(() => ticks++, 0);
    const waiting = run({ recipe: toyRecipe({ epochs: 8 }), onProgress: () => steps++ });
    await waiting;
    clearInterval(timer);
    expect(steps).toBe(8 * 13);
    expect(ticks).toBeGreaterThan(5);
  });

  it("tells its position, loss and speed after every step", async () => {
    const seen: string[] = [];
    await run({
      onProgress: ({ epoch, step, steps, loss, imagesPerSecond }) => {
        expect(imagesPerSecond).toBeGreaterThan(0);
        seen.push(`${epoch} ${step}/${steps}${loss === undefined ? "" : " loss"}`);
      },
    });
    expect(seen.length).toBe(26);
    expect([seen[0], seen[9], seen[12], seen[13]]).toEqual(["1 1/13", "1 10/13 loss", "1 13/13 loss", "2 1/13"]);
  });

  it("reports times apart from the metrics", async () => {
    const timings: number[][] = [];
    await run({
      onEpoch: (_, { epoch, trainSeconds, evaluationSeconds, imagesPerSecond }) =>
        timings.push([epoch, trainSeconds, evaluationSeconds, imagesPerSecond * trainSeconds]),
    });
    expect(timings.map(([epoch]) => epoch)).toEqual([1, 2]);
    for (const [, training = 0, evaluation = 0, images] of timings) {
      expect(training).toBeGreaterThan(0);
      expect(evaluation).toBeGreaterThan(0);
      expect(images).toBeCloseTo(200, 6);
    }
  });

  it("refuses weights and masks that do not fit, and frees what it had", async () => {
    const start = bytesInUse();
    const weights = initialWeights(new ConvNet(3, 4), 1, 0);
    await expect(run({ weights })).rejects.toThrow("conv.weight: expected shape [6, 2, 3, 3], got [6, 3, 3, 3]");
    const mask = Mask.ones([["conv9.weight", [1]]]);
    await expect(run({ mask })).rejects.toThrow(InputError);
    await expect(run({ mask })).rejects.toThrow("conv9.weight: expected weights for this masked layer, got none");
    expect(bytesInUse()).toBe(start);
  });
});

describe("a training whose loss is not finite", () => {
  const perceptron = () => new Perceptron(72, 8, 4);
  const absurd: Partial<TrainJob> = {
    weights: initialWeights(perceptron(), 1, 0),
    recipe: toyRecipe({ lr: 1e30, epochs: 3 }),
  };

  it("is diverged at the first such step, the same when it is interrupted", async () => {
    // The first loss is that of the initial weights; the update throws them beyond float32.
    const expected = { status: "diverged", metrics: [], divergedAt: { epoch: 1, step: 2 } };
    const start = bytesInUse();
    expect((await run({ ...absurd, model: perceptron() })).outcome).toEqual(expected);
    const abort = new AbortController();
    const first = await run({
      ...absurd,
      model: perceptron(),
      signal: abort.signal,
      onProgress: () => abort.abort(),
    });
    expect(first.outcome).toEqual({ status: "interrupted", metrics: [] });
    const [fromCheckpoint] = first.checkpoints;
    if (fromCheckpoint === undefined) throw new Error("no checkpoint");
    expect((await run({ ...absurd, model: perceptron(), fromCheckpoint })).outcome).toEqual(expected);
    expect(bytesInUse()).toBe(start);
  });

  it("is diverged rather than interrupted when the abort comes after such a step", async () => {
    const abort = new AbortController();
    const { outcome, checkpoints } = await run({
      ...absurd,
      model: perceptron(),
      signal: abort.signal,
      onProgress: ({ step }) => step === 4 && abort.abort(),
    });
    expect(outcome).toEqual({ status: "diverged", metrics: [], divergedAt: { epoch: 1, step: 2 } });
    expect(checkpoints).toEqual([]);
  });

  it("is diverged at the epoch's last step when only the evaluation sees it, with the metrics of the epochs before", async () => {
    const schedule = { milestones: [1], factor: 1e30, warmupEpochs: 0 };
    const { outcome, weights } = await run({
      ...absurd,
      model: perceptron(),
      recipe: toyRecipe({ lr: 0.1, epochs: 3, batchSize: 200, schedule }),
      keepEpochs: [1, 2],
    });
    expect(outcome.status === "diverged" && outcome.divergedAt).toEqual({ epoch: 2, step: 1 });
    expect(outcome.metrics.map(({ epoch }) => epoch)).toEqual([1]);
    expect([...weights.keys()]).toEqual([1]);
  });
});
