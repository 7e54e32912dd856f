import { describe, expect, it } from "vitest";
import type { HostArray, StateDict } from "../core/array.ts";
import type { Dataset } from "../data/load.ts";
import type { Split } from "../data/types.ts";
import { initialWeights } from "../nn/init.ts";
import { evaluatePath, interpolate } from "./interpolate.ts";
import { naiveTest } from "./naive.fixture.ts";
import { ConvNet, Perceptron, toyData, toyRecipe } from "./toy.fixture.ts";
import { train } from "./trainer.ts";

function array(shape: readonly number[], values: readonly number[]): HostArray {
  return { dtype: "float32", shape, data: Float32Array.from(values) };
}

/** Images of one pixel, black or white, which is -1 or 1 when normalised; the class says which. */
function signs(count: number): Dataset {
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 2);
  const split: Split = { images: labels.map((label) => 255 * label), labels, count };
  const info = { classes: 2, shape: [1, 1, 1], train: count, validation: 0, test: count } as const;
  return {
    name: "signs",
    info,
    train: split,
    test: split,
    mean: [0.5],
    std: [0.5],
    fingerprint: "signs",
    content: "signs",
  };
}

/** Tells the sign of x with two hidden units, relu(x) and relu(-x), in this order or the other: the same function. */
function signNetwork(isSwapped: boolean): StateDict {
  const [one, other] = isSwapped ? [-1, 1] : [1, -1];
  return new Map([
    ["fc1.weight", array([2, 1], [one, other])],
    ["fc1.bias", array([2], [0, 0])],
    ["fc2.weight", array([2, 2], isSwapped ? [1, 0, 0, 1] : [0, 1, 1, 0])],
    ["fc2.bias", array([2], [0, 0])],
  ]);
}

describe("the path between two networks", () => {
  it("has a barrier of 50 points between a network and itself with its hidden units swapped", async () => {
    const path = await evaluatePath({
      model: new Perceptron(1, 2, 2),
      a: signNetwork(false),
      b: signNetwork(true),
      points: 11,
      data: signs(20),
      precision: "float32",
      device: "cpu",
    });
    // With a != 1/2 the right logit is the larger by |2a - 1|²; at 1/2 all logits are 0, and the first class wins: half are wrong.
    const errors = path?.map(({ accuracy }) => 100 * (1 - accuracy));
    expect(path?.map(({ share }) => share)).toEqual(
      [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1].map((a) => expect.closeTo(a, 15) as number),
    );
    expect(errors).toEqual([0, 0, 0, 0, 0, 50, 0, 0, 0, 0, 0]);
    // Loss of the two-class softmax at a difference d of the logits.
    for (const { share, loss } of path ?? []) {
      const d = (2 * share - 1) ** 2;
      expect(loss).toBeCloseTo(Math.log(1 + Math.exp(-d)), 6);
    }
  });

  it("agrees with plain loops over weights interpolated in float64", async () => {
    const data = toyData({ shape: [2, 3, 4], classes: 3, train: 8, test: 300 });
    const model = () => new Perceptron(24, 7, 3);
    const [a, b] = [initialWeights(model(), 1, 0), initialWeights(model(), 2, 0)];
    const path = await evaluatePath({ model: model(), a, b, points: 5, data, precision: "float64", device: "cpu" });
    const values = (state: StateDict, name: string) =>
      Array.from<number | bigint>(state.get(name)?.data ?? []).map(Number);
    expect(path).toHaveLength(5);
    for (const [i, { share, loss, accuracy }] of path?.entries() ?? []) {
      expect(share).toBe(i / 4);
      const mixed = new Map(
        [...a.keys()].map((name) => {
          const other = values(b, name);
          // Initial weights are float32, and so is their mixture: rounded once.
          return [name, values(a, name).map((w, k) => Math.fround(share * w + (1 - share) * (other[k] ?? 0)))];
        }),
      );
      const expected = naiveTest(mixed, data);
      expect(accuracy).toBe(expected.accuracy);
      // A sum of 300 losses near 1 in another order: 300 · 2^-53 < 1e-13.
      expect(loss).toBeCloseTo(expected.loss, 12);
    }
  });

  it("ends exactly at what the trainings of both networks recorded, batch-norm included", async () => {
    const data = toyData({ shape: [2, 6, 6], classes: 4, train: 70, test: 300 });
    const trained = await Promise.all(
      [0, 1].map(async (order) => {
        let last: StateDict = new Map();
        const outcome = await train({
          model: new ConvNet(2, 4),
          weights: initialWeights(new ConvNet(2, 4), 1, 0),
          data,
          recipe: toyRecipe({ augment: { crop: 1, flip: true } }),
          seed: 5,
          order,
          device: "cpu",
          keepEpochs: [2],
          onWeights: (_, state) => {
            last = state;
          },
        });
        return { last, metrics: outcome.metrics.at(-1) };
      }),
    );
    const [first, second] = trained;
    if (first === undefined || second === undefined) throw new Error("not trained");
    const path = await evaluatePath({
      model: new ConvNet(2, 4),
      a: first.last,
      b: second.last,
      points: 3,
      data,
      precision: "float32",
      device: "cpu",
    });
    expect([path?.[2]?.loss, path?.[2]?.accuracy]).toEqual([first.metrics?.testLoss, first.metrics?.testAccuracy]);
    expect([path?.[0]?.loss, path?.[0]?.accuracy]).toEqual([second.metrics?.testLoss, second.metrics?.testAccuracy]);
    expect(first.metrics?.testLoss).not.toBe(second.metrics?.testLoss);
  });

  it("is given up when aborted", async () => {
    const [a, b] = [signNetwork(false), signNetwork(true)];
    const job = {
      model: new Perceptron(1, 2, 2),
      a,
      b,
      points: 3,
      data: signs(4),
      precision: "float32",
      device: "cpu",
    } as const;
    expect(await evaluatePath({ ...job, signal: AbortSignal.abort() })).toBeUndefined();
  });
});

describe("interpolate", () => {
  const state = (mean: number, seen: bigint): StateDict =>
    new Map<string, HostArray>([
      ["bn.running_mean", array([2], [mean, 2 * mean])],
      ["bn.num_batches_tracked", { dtype: "int64", shape: [], data: BigInt64Array.of(seen) }],
    ]);

  it("mixes parameters and running statistics, and takes counters from the first", () => {
    expect(interpolate(state(8, 3n), state(4, 5n), 0.25)).toEqual(state(5, 3n));
    expect(interpolate(state(8, 3n), state(4, 5n), 1)).toEqual(state(8, 3n));
    expect(interpolate(state(8, 3n), state(4, 5n), 0)).toEqual(state(4, 3n));
  });

  it("refuses networks that differ", () => {
    expect(() => interpolate(state(8, 3n), new Map(), 0.5)).toThrow("the networks differ in bn.running_mean");
  });
});
