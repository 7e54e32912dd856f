import { describe, expect, it } from "vitest";
import type { StateDict } from "../core/array.ts";
import { decodeSafetensors, encodeSafetensors } from "../core/safetensors.ts";
import { Mask } from "../masks/mask.ts";
import { initialWeights } from "../nn/init.ts";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "./checkpoint.ts";
import type { TrainJob } from "./job.ts";
import { ConvNet, toyData, toyRecipe } from "./toy.fixture.ts";
import { type TrainOutcome, train } from "./trainer.ts";

// 5 steps an epoch, the last one smaller; 2 batches of test images.
const data = toyData({ shape: [2, 6, 6], classes: 4, train: 70, test: 300, validation: 20 });
const stepsPerEpoch = 5;
const recipe = toyRecipe({
  epochs: 3,
  augment: { crop: 1, flip: true },
  schedule: { milestones: [2], factor: 0.1, warmupEpochs: 1 },
});
const mask = new Mask([
  ["conv.weight", { shape: [6, 2, 3, 3], keep: Uint8Array.from({ length: 108 }, (_, i) => (i % 4 === 1 ? 0 : 1)) }],
]);

interface Result {
  readonly outcome: TrainOutcome;
  readonly weights: ReadonlyMap<number, StateDict>;
  readonly checkpoints: readonly Checkpoint[];
}

async function run(changes: Partial<TrainJob>): Promise<Result> {
  const weights = new Map<number, StateDict>();
  const checkpoints: Checkpoint[] = [];
  const outcome = await train({
    model: new ConvNet(2, 4),
    weights: initialWeights(new ConvNet(2, 4), 1, 0),
    mask,
    data,
    recipe,
    seed: 5,
    device: "cpu",
    keepEpochs: [0, 1, 2, 3],
    onWeights: (epoch, state) => weights.set(epoch, state),
    saveCheckpoint: (checkpoint) => checkpoints.push(checkpoint),
    ...changes,
  });
  return { outcome, weights, checkpoints };
}

/** What a file does to a checkpoint. */
function stored(checkpoint: Checkpoint | undefined): Checkpoint {
  if (checkpoint === undefined) throw new Error("no checkpoint");
  const { tensors, metadata } = encodeCheckpoint(checkpoint);
  return decodeCheckpoint(decodeSafetensors(encodeSafetensors(tensors, metadata), "checkpoint"));
}

/** Every bit of a checkpoint. */
const bits = (checkpoint: Checkpoint | undefined) => {
  const { tensors, metadata } = encodeCheckpoint(checkpoint ?? stored(undefined));
  return encodeSafetensors(tensors, metadata).toString("hex");
};

function expectSame(resumed: Result, whole: Result, ...handedOutBefore: ReadonlyMap<number, StateDict>[]): void {
  expect(resumed.outcome).toEqual(whole.outcome);
  const weights = new Map([...handedOutBefore, resumed.weights].flatMap((some) => [...some]));
  expect([...weights.keys()]).toEqual([0, 1, 2, 3]);
  for (const [epoch, state] of whole.weights) expect([...(weights.get(epoch) ?? [])]).toEqual([...state]);
  expect(bits(resumed.checkpoints.at(-1))).toBe(bits(whole.checkpoints.at(-1)));
}

describe("a resumed training is bit-identical", () => {
  it("from the checkpoint of every epoch, the last one included", async () => {
    const whole = await run({});
    expect(whole.outcome.status).toBe("done");
    expect(whole.checkpoints.map(({ epoch, step }) => [epoch, step])).toEqual([
      [1, 0],
      [2, 0],
      [3, 0],
    ]);
    for (const checkpoint of whole.checkpoints) {
      const before = new Map([...whole.weights].filter(([epoch]) => epoch <= checkpoint.epoch));
      const resumed = await run({ fromCheckpoint: stored(checkpoint) });
      const finished = checkpoint.epoch === 3 ? { ...resumed, checkpoints: [stored(checkpoint)] } : resumed;
      expectSame(finished, whole, before);
      // What was handed out before the checkpoint is not handed out again.
      expect([...resumed.weights.keys()]).toEqual([1, 2, 3].filter((epoch) => epoch > checkpoint.epoch));
    }
  });

  it("in bfloat16, whose checkpoint holds the float32 weights", async () => {
    const mixed = { ...recipe, precision: "bfloat16" } as const;
    const whole = await run({ recipe: mixed });
    const [checkpoint] = whole.checkpoints;
    const types = new Set(
      [...(checkpoint?.weights.values() ?? []), ...(checkpoint?.momenta.values() ?? [])].map(({ dtype }) => dtype),
    );
    expect(types).toEqual(new Set(["float32", "int64"]));
    const resumed = await run({ recipe: mixed, fromCheckpoint: stored(checkpoint) });
    expectSame(resumed, whole, new Map([...whole.weights].filter(([epoch]) => epoch <= 1)));
    expectSame(await run({ recipe: mixed }), whole);
    expect(bits(whole.checkpoints.at(-1))).not.toBe(bits((await run({})).checkpoints.at(-1)));
  });

  it("from an abort after every step, momentum, statistics and sums included", async () => {
    const whole = await run({});
    for (let target = 1; target < 3 * stepsPerEpoch; target++) {
      const abort = new AbortController();
      let steps = 0;
      const first = await run({
        signal: abort.signal,
        onProgress: () => {
          if (++steps === target) abort.abort();
        },
      });
      expect(first.outcome.status).toBe("interrupted");
      expect(steps).toBe(target); // it stops after the running step
      const checkpoint = first.checkpoints.at(-1);
      const finished = (checkpoint?.epoch ?? 0) * stepsPerEpoch + (checkpoint?.step ?? 0);
      expect(finished).toBe(target);
      expectSame(await run({ fromCheckpoint: stored(checkpoint) }), whole, first.weights);
    }
  });

  it("when it is interrupted after every single step", async () => {
    const whole = await run({});
    const weights: ReadonlyMap<number, StateDict>[] = [];
    let from: Checkpoint | undefined;
    for (let attempt = 0; ; attempt++) {
      expect(attempt).toBeLessThan(100);
      const abort = new AbortController();
      const result = await run({
        signal: abort.signal,
        onProgress: () => abort.abort(),
        ...(from === undefined ? {} : { fromCheckpoint: from }),
      });
      if (result.outcome.status === "done") {
        expectSame(result, whole, ...weights);
        expect(attempt).toBe(3 * stepsPerEpoch);
        return;
      }
      weights.push(result.weights);
      from = stored(result.checkpoints.at(-1));
    }
  });

  it("from an abort during the evaluation, which then is all that is left of the epoch", async () => {
    const whole = await run({});
    // The first turn of the event loop after the epoch's last step comes before the evaluation's first batch, the second after it.
    const abort = new AbortController();
    const first = await run({
      signal: abort.signal,
      onProgress: ({ epoch, step }) => {
        if (epoch === 2 && step === stepsPerEpoch) setImmediate(() => setImmediate(() => abort.abort()));
      },
    });
    expect(first.outcome.status).toBe("interrupted");
    const checkpoint = first.checkpoints.at(-1);
    expect([checkpoint?.epoch, checkpoint?.step]).toEqual([1, stepsPerEpoch]);
    expectSame(await run({ fromCheckpoint: stored(checkpoint) }), whole, first.weights);
  });

  it("without momentum, and aborted before the first step", async () => {
    const plain = { ...recipe, optimizer: { sgd: { ...recipe.optimizer.sgd, momentum: 0 } } };
    const whole = await run({ recipe: plain });
    const first = await run({ recipe: plain, signal: AbortSignal.abort() });
    expect(first.checkpoints.map(({ epoch, step, momenta }) => [epoch, step, momenta.size])).toEqual([[0, 0, 0]]);
    expectSame(await run({ recipe: plain, fromCheckpoint: stored(first.checkpoints[0]) }), whole, first.weights);
  });
});
