import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DeviceSplit } from "../data/device.ts";
import { initialWeights } from "../nn/init.ts";
import { bytesInUse } from "../tensor/engine.ts";
import { evaluate } from "./evaluate.ts";
import { ConvNet, Perceptron, toyData } from "./toy.fixture.ts";

const placement = { device: "cpu", dtype: "float64" } as const;
const data = toyData({ shape: [1, 2, 2], classes: 2, train: 1, test: 37 });

describe("evaluate", () => {
  let split: DeviceSplit;
  beforeEach(() => {
    split = new DeviceSplit(data.test, data, "cpu", "float64");
  });
  afterEach(() => split.dispose());

  it("is chance for a model that says the same of every image", async () => {
    const model = new Perceptron(4, 3, 2);
    const state = new Map(
      [...initialWeights(model, 0, 0)].map(([name, { shape, data: values }]) => {
        const zeros = new Float32Array(values.length);
        if (name === "fc2.bias") zeros.set([Math.log(3), 0]); // probabilities 3/4 and 1/4
        return [name, { dtype: "float32", shape, data: zeros }] as const;
      }),
    );
    model.load(state, placement);
    const zeros = data.test.labels.filter((label) => label === 0).length;
    const result = await evaluate(model, split, 10);
    expect(result?.count).toBe(37);
    expect(result?.correct).toBe(zeros);
    expect(result?.accuracy).toBe(zeros / 37);
    const expected = (zeros * Math.log(4 / 3) + (37 - zeros) * Math.log(4)) / 37;
    expect(result?.loss).toBeCloseTo(expected, 6); // ln 3 was rounded to float32
    model.dispose();
  });

  it("gives the same for every batch size, uses running statistics, changes nothing and restores the mode", async () => {
    const start = bytesInUse();
    const model = new ConvNet(1, 2);
    model.load(initialWeights(model, 3, 0), placement);
    const before = [...model.stateDict()];
    const whole = await evaluate(model, split, 37);
    for (const size of [1, 5, 36, 1000]) {
      const part = await evaluate(model, split, size);
      expect(part?.correct).toBe(whole?.correct);
      expect(part?.loss).toBeCloseTo(whole?.loss ?? Number.NaN, 12); // sums in another order
    }
    expect([...model.stateDict()]).toEqual(before);
    expect([model.training, model.bn.training]).toEqual([true, true]);
    model.train(false);
    await evaluate(model, split, 37);
    expect(model.training).toBe(false);
    model.dispose();
    expect(bytesInUse()).toBe(start);
  });

  it("stops at the next batch once aborted, and restores the mode then too", async () => {
    const model = new ConvNet(1, 2);
    model.load(initialWeights(model, 3, 0), placement);
    expect(await evaluate(model, split, 10, AbortSignal.abort())).toBeUndefined();
    const abort = new AbortController();
    const waiting = evaluate(model, split, 1, abort.signal);
    abort.abort();
    expect(await waiting).toBeUndefined();
    expect(model.training).toBe(true);
    model.dispose();
  });
});
