import { afterEach, describe, expect, it } from "vitest";
import type { StateDict } from "../core/array.ts";
import { DeviceSplit } from "../data/device.ts";
import { Mask } from "../masks/mask.ts";
import { buildModel } from "../models/index.ts";
import { initialWeights } from "../nn/init.ts";
import type { Module } from "../nn/module.ts";
import { bytesInUse, setOwnKernels } from "../tensor/engine.ts";
import type { Recorder } from "../tensor/graph.ts";
import { native } from "../tensor/load.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { TrainJob } from "./job.ts";
import { Optimizer } from "./optimizer.ts";
import { PlannedSteps } from "./planned-steps.ts";
import { ConvNet, Perceptron, toyData, toyRecipe } from "./toy.fixture.ts";
import { train } from "./trainer.ts";

/** A CPU stands in for other devices where no other one is named: `SWEEPSTAKE_TEST_DEVICE=cuda:0 npx vitest run src/train/planned-steps.test.ts`. */
const device = process.env.SWEEPSTAKE_TEST_DEVICE ?? "cpu";

afterEach(() => setOwnKernels(true));

// 9 steps an epoch, the last one smaller: three eager ones, five that can be replayed, one eager.
const data = toyData({ shape: [2, 6, 6], classes: 4, train: 140, test: 300, validation: 20 });
const recipe = toyRecipe({
  epochs: 3,
  precision: "float64",
  augment: { crop: 1, flip: true },
  schedule: { milestones: [2], factor: 0.1, warmupEpochs: 1 },
});
const mask = new Mask([
  ["conv.weight", { shape: [6, 2, 3, 3], keep: Uint8Array.from({ length: 108 }, (_, i) => (i % 4 === 1 ? 0 : 1)) }],
]);

function job(changes: Partial<TrainJob> = {}): TrainJob {
  return {
    model: new ConvNet(2, 4),
    weights: initialWeights(new ConvNet(2, 4), 1, 0),
    mask,
    data,
    recipe,
    seed: 5,
    device: "cpu",
    keepEpochs: [],
    ...changes,
  };
}

/** Trains as on a CPU, or as on any other device. */
async function run(how: "cpu" | "device", changes: Partial<TrainJob> = {}) {
  setOwnKernels(how === "cpu");
  const kept = new Map<number, StateDict>();
  const checkpoints: Checkpoint[] = [];
  const outcome = await train(
    job({
      device: how === "cpu" ? "cpu" : device,
      keepEpochs: [changes.recipe?.epochs ?? recipe.epochs],
      onWeights: (epoch, state) => kept.set(epoch, state),
      saveCheckpoint: (checkpoint) => checkpoints.push(checkpoint),
      ...changes,
    }),
  );
  const weights = new Map(
    [...kept.values()]
      .flatMap((state) => [...state])
      .map(([name, { data }]) => [name, Array.from<number | bigint>(data).map(Number)]),
  );
  return { outcome, weights, checkpoints };
}

/**
 * 27 steps magnify a difference of some 2^-50 by less than 1e3.
 * A wrong order, offset or rate shows at 1e-3.
 */
const tolerance = 1e-10;

function expectSame(a: Awaited<ReturnType<typeof run>>, b: Awaited<ReturnType<typeof run>>): void {
  expect(a.outcome.status).toBe(b.outcome.status);
  expect(a.outcome.metrics.length).toBe(b.outcome.metrics.length);
  for (const [i, metrics] of a.outcome.metrics.entries())
    for (const [name, value] of Object.entries(metrics))
      expect(Math.abs(value - (b.outcome.metrics[i]?.[name as "lr"] ?? Number.NaN)), name).toBeLessThan(tolerance);
  expect([...a.weights.keys()]).toEqual([...b.weights.keys()]);
  for (const [name, values] of a.weights) {
    const others = b.weights.get(name) ?? [];
    const worst = Math.max(...values.map((v, i) => Math.abs(v - (others[i] ?? Number.NaN))));
    expect(worst, name).toBeLessThan(tolerance);
  }
}

describe(`a training whose steps the device plans (${device})`, () => {
  const { sgd } = recipe.optimizer;
  it.each([
    ["crop, flip, milestone, warm-up, momentum, mask", {}],
    ["without augmentation", { recipe: { ...recipe, augment: { crop: 0, flip: false } } }],
    ["a later start and another series of orders", { from: 1, order: 1 }],
    ["flip alone", { recipe: { ...recipe, augment: { crop: 0, flip: true } } }],
    ["Nesterov", { recipe: { ...recipe, optimizer: { sgd: { ...sgd, nesterov: true } } } }],
    ["no momentum", { recipe: { ...recipe, optimizer: { sgd: { ...sgd, momentum: 0 } } } }],
  ] satisfies [string, Partial<TrainJob>][])("is the training of a CPU up to rounding: %s", async (_, changes) => {
    expectSame(await run("device", changes), await run("cpu", changes));
  });

  it("goes on from every step of an epoch", async () => {
    const whole = await run("device");
    for (const stopAt of [1, 4, 8, 9]) {
      const abort = new AbortController();
      const onProgress = ({ epoch, step }: { epoch: number; step: number }) =>
        epoch === 2 && step === stopAt && abort.abort();
      const first = await run("device", { signal: abort.signal, onProgress });
      expect(first.outcome.status).toBe("interrupted");
      const fromCheckpoint = first.checkpoints.at(-1);
      if (fromCheckpoint === undefined) throw new Error("no checkpoint");
      expect([fromCheckpoint.epoch, fromCheckpoint.step]).toEqual([1, stopAt]);
      const rest = await run("device", { fromCheckpoint });
      expect(rest.outcome).toEqual(whole.outcome);
      expect(rest.weights).toEqual(whole.weights);
    }
  });

  it("finds the same step at which it diverges, at the epoch's end", async () => {
    const perceptron = () => new Perceptron(72, 8, 4);
    const absurd = { weights: initialWeights(perceptron(), 1, 0), recipe: toyRecipe({ lr: 1e30, epochs: 3 }) };
    // Without a mask of its own, exactOptionalPropertyTypes wants the field away.
    const { mask: _, ...plain } = job();
    setOwnKernels(false);
    const outcome = await train({ ...plain, ...absurd, model: perceptron(), device });
    expect(outcome).toEqual({ status: "diverged", metrics: [], divergedAt: { epoch: 1, step: 2 } });
  });

  it("gives the same bits twice and leaves no memory behind", async () => {
    const start = bytesInUse();
    const [first, second] = [await run("device"), await run("device")];
    expect(second.outcome).toEqual(first.outcome);
    expect(second.weights).toEqual(first.weights);
    expect(bytesInUse()).toBe(start);
  });
});

/** Runs some steps of an epoch without the trainer. */
function withSteps(
  model: Module,
  changes: Partial<TrainJob>,
  record: Recorder | undefined,
  use: (steps: PlannedSteps) => void,
) {
  const { mask: _, ...plain } = job();
  const whole: TrainJob = { ...plain, model, ...changes };
  const dtype = whole.recipe.precision === "float64" ? "float64" : "float32";
  const placement = { device: "cpu", dtype } as const;
  model.load(whole.weights, placement);
  const optimizer = new Optimizer(model, whole.recipe.optimizer.sgd, placement);
  const images = new DeviceSplit(whole.data.train, whole.data, "cpu", dtype);
  const count = Math.ceil(whole.data.train.count / whole.recipe.batchSize);
  const steps = new PlannedSteps({ job: whole, optimizer, images, steps: count, learningRate: () => 0.1 }, record);
  use(steps);
  for (const part of [steps, images, optimizer, model]) part.dispose();
}

describe("recording", () => {
  const sums = { loss: 0, correct: 0, seen: 0 };

  /** Stands in for a CUDA graph: records nothing and, as one does, runs nothing before the replay. */
  function counting() {
    const calls: string[] = [];
    const record: Recorder = (work) => {
      calls.push("record");
      return {
        replay: () => {
          calls.push("replay");
          work();
        },
        dispose: () => calls.push("dispose"),
      };
    };
    return { calls, record };
  }

  function lossesWith(record: Recorder | undefined, changes: Partial<TrainJob> = {}): number[] {
    const losses: number[] = [];
    withSteps(new ConvNet(2, 4), changes, record, (steps) => {
      for (const epoch of [0, 1]) {
        steps.begin(epoch, 0, sums);
        for (let i = 0; i < 9; i++) steps.run();
        expect(steps.read()).toBeUndefined();
        losses.push(steps.sums.loss);
        expect(steps.sums.seen).toBe(140);
      }
    });
    return losses;
  }

  it("comes after three whole steps, serves all whole steps from then on, and changes nothing", () => {
    const { calls, record } = counting();
    expect(lossesWith(record)).toEqual(lossesWith(undefined));
    const replays = (n: number) => new Array<string>(n).fill("replay");
    expect(calls).toEqual(["record", ...replays(5), ...replays(8), "dispose"]);
  });

  it("is made anew in every epoch when there is a penalty, whose tensors change", () => {
    const { calls, record } = counting();
    const epochs: number[] = [];
    const addGradients = (_: Module, epoch: number) => void epochs.push(epoch);
    lossesWith(record, { penalty: { addGradients, endEpoch: () => true } });
    expect(calls.filter((call) => call !== "replay")).toEqual(["record", "dispose", "record", "dispose"]);
    expect(epochs).toEqual([...new Array<number>(9).fill(0), ...new Array<number>(9).fill(1)]);
  });

  /** The engine's calls during `work`: names and arguments, with each tensor made on the way numbered in order. */
  function callsOf(work: () => void): string[] {
    const addon = native() as unknown as Record<string, (...args: unknown[]) => unknown>;
    const originals = Object.entries(addon);
    const made = new Map<unknown, string>();
    const calls: string[] = [];
    const named = (value: unknown): unknown => (Array.isArray(value) ? value.map(named) : (made.get(value) ?? value));
    for (const [name, original] of originals) {
      if (typeof original !== "function") continue;
      addon[name] = (...args: unknown[]) => {
        calls.push(
          `${name}(${args.map((arg) => (ArrayBuffer.isView(arg) ? "host data" : JSON.stringify(named(arg)))).join(", ")})`,
        );
        const result = original.apply(addon, args);
        // Handles are the only numbers that the engine gives in a step; those below 1 are none.
        if (typeof result === "number" && result >= 1) made.set(result, `t${made.size}`);
        return result;
      };
    }
    try {
      work();
    } finally {
      for (const [name, original] of originals) addon[name] = original;
    }
    return calls;
  }

  it.each([
    ["lenet5", 28, 1],
    ["resnet20", 8, 3],
    ["mobilenet-v2", 9, 3],
  ] as const)(
    "is possible for %s: every step is the same calls with the same arguments, and none goes to the host",
    (name, size, channels) => {
      const input = { shape: [channels, size, size], classes: 3 } as const;
      const model = buildModel({ name }, input);
      const changes = {
        weights: initialWeights(model, 1, 0),
        data: toyData({ ...input, shape: [channels, size, size], train: 20, test: 1 }),
        // Not float64, whose convolutions take libtorch on a CPU many times as long.
        recipe: { ...recipe, batchSize: 4, precision: "float32" as const },
      };
      setOwnKernels(false);
      withSteps(model, changes, undefined, (steps) => {
        steps.begin(0, 0, sums);
        for (let i = 0; i < 2; i++) steps.run();
        const first = callsOf(() => steps.run());
        const second = callsOf(() => steps.run());
        expect(first.length).toBeGreaterThan(30);
        expect(second).toEqual(first);
        const toHost = /^(fromHost|toHost|item|gatherAugmented|gatherLabels|sgdStep)\(|host data/;
        expect(first.filter((call) => toHost.test(call))).toEqual([]);
      });
    },
  );
});
