import { describe, expect, it } from "vitest";
import type { StateDict } from "../core/array.ts";
import { encodeSafetensors } from "../core/safetensors.ts";
import { DeviceSplit } from "../data/device.ts";
import { buildModel } from "../models/index.ts";
import { initialWeights } from "../nn/init.ts";
import { hasWinograd, setWinograd } from "../tensor/engine.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { evaluate, evaluationBatch } from "./evaluate.ts";
import { toyData, toyRecipe } from "./toy.fixture.ts";
import { train } from "./trainer.ts";

// Sides 16, 8 and 4: each has convolutions with stride 1. Stem, strided ones and the last layer are libtorch's in either engine.
const shape = [3, 16, 16] as const;
const data = toyData({ shape, classes: 4, train: 40, test: 40 });
const model = () => buildModel({ name: "resnet20" }, { shape, classes: 4 });

interface Result {
  readonly bits: string;
  readonly testLoss: number | undefined;
}

async function run(engine?: "winograd", fromCheckpoint?: Checkpoint): Promise<Result & { checkpoints: Checkpoint[] }> {
  let weights: StateDict = new Map();
  const checkpoints: Checkpoint[] = [];
  const { metrics } = await train({
    model: model(),
    weights: initialWeights(model(), 0, 0),
    data,
    recipe: toyRecipe({ ...(engine === undefined ? {} : { engine }), lr: 1e-3 }),
    seed: 0,
    device: "cpu",
    keepEpochs: [2],
    onWeights: (_, state) => {
      weights = state;
    },
    saveCheckpoint: (checkpoint) => checkpoints.push(checkpoint),
    ...(fromCheckpoint === undefined ? {} : { fromCheckpoint }),
  });
  return { bits: encodeSafetensors(weights, {}).toString("hex"), testLoss: metrics.at(-1)?.testLoss, checkpoints };
}

describe.skipIf(!hasWinograd("float32"))("a training with Winograd's convolutions", () => {
  it("has other bits than libtorch's and nearly its loss, whichever ran before", async () => {
    const direct = await run();
    const winograd = await run("winograd");
    expect(winograd.bits).not.toBe(direct.bits);
    // 6 steps with rounding errors of some 1e-6, at a rate at which they do not grow much: a wrong gradient would move it by per cents.
    expect(Math.abs((winograd.testLoss ?? 0) / (direct.testLoss ?? 1) - 1)).toBeLessThan(1e-3);
    expect((await run()).bits).toBe(direct.bits);
  });

  it("is evaluated by the engine that is asked for, whatever the process used before", async () => {
    const network = model();
    const split = new DeviceSplit(data.test, data, "cpu", "float32");
    network.load(initialWeights(network, 0, 0), { device: "cpu", dtype: "float32" });
    const losses: (number | undefined)[] = [];
    for (const engine of [undefined, "winograd", undefined, "winograd"] as const) {
      setWinograd(losses.length > 1 === (engine === undefined)); // what it must not keep
      losses.push((await evaluate(network, split, evaluationBatch, undefined, engine))?.loss);
    }
    expect(losses.slice(2)).toEqual(losses.slice(0, 2));
    expect(losses[0]).not.toBe(losses[1]);
    split.dispose();
    network.dispose();
  });

  it("repeats its bits and goes on to them from a checkpoint", async () => {
    const whole = await run("winograd");
    expect((await run("winograd")).bits).toBe(whole.bits);
    expect((await run("winograd", whole.checkpoints[0])).bits).toBe(whole.bits);
  });
});
