import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { InputError } from "../core/errors.ts";
import { makePlan } from "../plan/plan.ts";
import { parseSpec } from "../spec/parse.ts";
import { paperFigures } from "./catalog.ts";
import { figureSpec } from "./load-figure.ts";
import { scaleSpec } from "./scale.ts";
import { type ScaleName, scaleNames } from "./types.ts";

/**
 * The protocol at every scale, worked out by hand: 1, 1/2, 1/10, 4/25 and 2/25 of the paper's 150 epochs and so on. Weight decay: the paper's
 * 391 steps × (80 + 40/10 + 30/100) epochs at the initial rate are 32,961.3, medium's 200 × (13 + 6/10 + 5/100) are 2,730, 12.07 times
 * less, and small's 200 × (6 + 4/10 + 2/100) are 1,284, 25.67 times less. ADMM's rho: a stage of 3,910 steps becomes one of 400 or 200.
 */
const protocol = {
  full: {
    epochs: 150,
    milestones: [80, 120],
    decay: 1e-4,
    rewind: 10,
    rho: 1e-4,
    epochsPerStage: 10,
    seeds: [0, 1, 2, 3, 4],
  },
  half: { epochs: 75, milestones: [40, 60], decay: 2e-4, rewind: 5, rho: 2e-4, epochsPerStage: 5, seeds: [0, 1, 2] },
  tenth: { epochs: 15, milestones: [8, 12], decay: 1e-3, rewind: 1, rho: 1e-3, epochsPerStage: 1, seeds: [0, 1, 2] },
  medium: {
    epochs: 24,
    milestones: [13, 19],
    decay: 0.00121,
    rewind: 2,
    rho: 0.000978,
    epochsPerStage: 2,
    seeds: [0, 1, 2],
  },
  small: {
    epochs: 12,
    milestones: [6, 10],
    decay: 0.00257,
    rewind: 1,
    rho: 0.00196,
    epochsPerStage: 1,
    seeds: [0, 1, 2],
  },
};
const few: readonly ScaleName[] = ["medium", "small"];
const twelve = [0.15, 0.28, 0.39, 0.48, 0.56, 0.62, 0.68, 0.73, 0.77, 0.8, 0.83, 0.86];
const four = [0.3, 0.5, 0.7, 0.9];

describe.each(scaleNames)("every figure at %s scale", (scale) => {
  const expected = protocol[scale];
  const lists = few.includes(scale) ? [four, [0.3, 0.5, 0.7], [0.5]] : [twelve, [0.3, 0.5, 0.7], [0.5]];

  it.each(paperFigures())("$id has the protocol worked out by hand", ({ id }) => {
    const spec = figureSpec({ id }, scale);
    expect(spec.name).toBe(`liu2021-${id}-${scale}`);
    expect(spec.question).toMatch(/\?$/);
    expect(spec.seeds).toEqual(expected.seeds);
    for (const { setting } of spec.variants) {
      const { lr } = setting.train.optimizer.sgd;
      expect([0.01, 0.1]).toContain(lr);
      expect(setting.train).toEqual({
        epochs: expected.epochs,
        batchSize: few.includes(scale) ? 64 : 128,
        precision: "float32",
        optimizer: { sgd: { lr, momentum: 0.9, weightDecay: expected.decay, nesterov: false } },
        schedule: { milestones: expected.milestones, factor: 0.1, warmupEpochs: 0 },
        augment: { crop: 4, flip: true },
      });
      const { name, validation, ...images } = setting.data;
      expect(name).toMatch(/^cifar100?$/);
      expect(validation).toBe(0);
      expect(images).toEqual(few.includes(scale) ? { subset: 12800, testSubset: 2000 } : {});
      for (const start of setting.retrain) if (start.kind === "rewind") expect(start.epoch).toBe(expected.rewind);
      for (const prune of setting.prune) {
        if (prune.kind === "iterative" && "removeFraction" in (prune.rounds[0] ?? {})) {
          expect(few).not.toContain(scale);
          expect(prune.rounds).toEqual(Array.from({ length: 12 }, () => ({ removeFraction: 0.15 })));
        } else if (prune.kind === "iterative") {
          expect(lists).toContainEqual(prune.rounds.map((target) => ("sparsity" in target ? target.sparsity : -1)));
        } else expect(lists).toContainEqual(prune.sparsities);
        if (prune.kind === "admm") {
          expect(prune).toMatchObject({
            rho: expected.rho,
            growth: 10,
            stages: 4,
            epochsPerStage: expected.epochsPerStage,
          });
        }
      }
    }
  });
});

it("small is the same work, key for key, as a spec that someone wrote by hand", () => {
  const byHand = parseSpec(
    `
name: by hand
data: { name: cifar10, path: /data/cifar, subset: 12800, testSubset: 2000 }
model: resnet20
train:
  epochs: 12
  batchSize: 64
  precision: bfloat16
  optimizer: { sgd: { lr: 0.1, momentum: 0.9, weightDecay: 2.57e-3 } }
  schedule: { milestones: [6, 10], factor: 0.1 }
  augment: { crop: 4, flip: true }
sweep: { train.optimizer.sgd.lr: [0.01, 0.1] }
seeds: 3
prune:
  - iterative: { sparsities: [0.3, 0.5, 0.7, 0.9] }
  - one-shot: { sparsities: [0.3, 0.5, 0.7, 0.9] }
  - admm: { sparsities: [0.3, 0.5, 0.7, 0.9], rho: 0.00196, epochsPerStage: 1 }
retrain: [ticket, reinit, { rewind: { epoch: 1 } }, fine-tune]
`,
    "by-hand.yaml",
  );
  const known = makePlan(byHand).stages;
  for (const id of ["2", "4", "5ab", "5cd", "6a", "6b", "6c", "7"]) {
    const { stages } = makePlan(figureSpec({ id }, "small", ["train.precision=bfloat16", "data.path=/elsewhere"]));
    expect([...stages.keys()].filter((key) => !known.has(key))).toEqual([]);
    for (const [key, { outputs }] of stages)
      expect(known.get(key)?.outputs).toEqual(expect.arrayContaining([...outputs]));
  }
});

function scaled(text: string, scale: ScaleName = "small"): unknown {
  return scaleSpec(parse(text), scale, "grid.yaml");
}

describe("seeds", () => {
  it.each([
    { seeds: "5", half: 3, tenth: 3 },
    { seeds: "20", half: 10, tenth: 3 },
    { seeds: "40", half: 20, tenth: 4 },
    { seeds: "2", half: 2, tenth: 2 },
    { seeds: "1", half: 1, tenth: 1 },
    { seeds: "[7, 8, 9, 11]", half: [7, 8, 9], tenth: [7, 8, 9] },
  ])("$seeds become $half and $tenth", ({ seeds, half, tenth }) => {
    expect(scaled(`seeds: ${seeds}`, "half")).toEqual({ seeds: half });
    expect(scaled(`seeds: ${seeds}`, "tenth")).toEqual({ seeds: tenth });
  });
});

it("copies for connectivity are made in proportion, from 0 too, and once where they meet", () => {
  const measure = (list: string) => scaled(`measure: { connectivity: { epochs: ${list} } }`, "tenth");
  expect(measure("[0, 2, 4, 20, 44]")).toEqual({ measure: { connectivity: { epochs: [0, 1, 2, 4] } } });
  expect(scaled("measure: { connectivity: { points: 5 } }", "tenth")).toEqual({
    measure: { connectivity: { points: 5 } },
  });
});

describe("a schedule", () => {
  it("keeps its milestones apart and before the end where rounding makes them meet", () => {
    const train = (epochs: number, milestones: string) =>
      scaled(`train: { epochs: ${epochs}, schedule: { milestones: ${milestones} } }`, "tenth");
    const of = (epochs: number, milestones: readonly number[]) => ({ train: { epochs, schedule: { milestones } } });
    expect(train(50, "[22, 23, 24]")).toEqual(of(5, [2, 3, 4]));
    expect(train(50, "[44, 45, 46, 48]")).toEqual(of(5, [1, 2, 3, 4]));
    expect(train(40, "[1, 2]")).toEqual(of(4, [1, 2]));
    expect(train(25, "[15, 24]")).toEqual(of(3, [1, 2])); // 2.5 is rounded up
  });

  it("has distinct milestones before its end at any scale, or is refused", () => {
    const epochs = fc.integer({ min: 2, max: 400 });
    const any = epochs.chain((T) =>
      fc.record({
        epochs: fc.constant(T),
        milestones: fc
          .uniqueArray(fc.integer({ min: 1, max: T - 1 }), { maxLength: 5 })
          .map((m) => m.toSorted((a, b) => a - b)),
        scale: fc.constantFrom("half", "tenth", "medium", "small"),
      }),
    );
    fc.assert(
      fc.property(any, ({ epochs, milestones, scale }) => {
        const divisor = { half: 2, tenth: 10, medium: 6.25, small: 12.5 }[scale];
        const T = Math.max(1, Math.round(epochs / divisor));
        const tree = { train: { epochs, schedule: { milestones } } };
        if (T <= milestones.length) {
          expect(() => scaleSpec(tree, scale, "grid.yaml")).toThrow(InputError);
          return;
        }
        const { train } = scaleSpec(tree, scale, "grid.yaml") as typeof tree;
        const found = train.schedule.milestones;
        expect(train.epochs).toBe(T);
        expect(found.every((at, i) => at >= 1 && at < T && at > (found[i - 1] ?? 0))).toBe(true);
        const exact = milestones.map((at) => Math.max(1, Math.round(at / divisor)));
        const fits = exact.every((at, i) => at < T && at > (exact[i - 1] ?? 0));
        if (fits) expect(found).toEqual(exact);
      }),
      { seed: 5, numRuns: 500 },
    );
  });

  it("keeps a warm-up, and does not invent one", () => {
    const text = (warmup: number) => `train: { epochs: 150, schedule: { warmupEpochs: ${warmup} } }`;
    expect(scaled(text(10), "half")).toEqual({ train: { epochs: 75, schedule: { warmupEpochs: 5 } } });
    expect(scaled(text(10), "tenth")).toEqual({ train: { epochs: 15, schedule: { warmupEpochs: 1 } } });
    expect(scaled(text(0), "tenth")).toEqual({ train: { epochs: 15, schedule: { warmupEpochs: 0 } } });
  });
});

it("the starts that have epochs of their own shrink with the rest", () => {
  const text = "train: { epochs: 150 }\nretrain: [{ rewind: { epoch: 10 } }, { lr-rewind: { epochs: 30 } }, scratch-b]";
  expect(scaled(text, "half")).toEqual({
    train: { epochs: 75 },
    retrain: [{ rewind: { epoch: 5 } }, { "lr-rewind": { epochs: 15 } }, "scratch-b"],
  });
});

describe("masks at small scale", () => {
  it("are at four sparsities where there were more, and stay where there were not", () => {
    expect(
      scaled(`
data: mnist
train: { epochs: 150 }
prune:
  - iterative: { rate: 0.2, rounds: 5, pruner: magnitude }
  - iterative: { rate: 0.2, rounds: 4 }
  - one-shot: { sparsities: [0.1, 0.2, 0.3, 0.4, 0.5] }
  - one-shot: { sparsities: [0.1, 0.2, 0.3, 0.4] }
  - admm: { sparsities: [0.1, 0.2, 0.3, 0.4, 0.5], rho: 1e-4, epochsPerStage: 60 }
`),
    ).toEqual({
      data: { name: "mnist", subset: 12800, testSubset: 2000 },
      train: { epochs: 12, batchSize: 64 },
      prune: [
        { iterative: { sparsities: four, pruner: "magnitude" } },
        { iterative: { rate: 0.2, rounds: 4 } },
        { "one-shot": { sparsities: four } },
        { "one-shot": { sparsities: [0.1, 0.2, 0.3, 0.4] } },
        { admm: { sparsities: four, rho: 0.00281, epochsPerStage: 5 } },
      ],
    });
  });

  it("are all there at the other scales", () => {
    const text =
      "prune: [{ iterative: { rate: 0.15, rounds: 12 } }, { one-shot: { sparsities: [0.1, 0.2, 0.3, 0.4, 0.5] } }]";
    expect(scaled(text, "tenth")).toEqual(parse(text));
  });
});

it("overrides are written over the scaled spec", () => {
  const spec = figureSpec({ id: "2" }, "small", ["train.epochs=11", "seeds=1", "data.subset=640", "name=mine"]);
  expect(spec.variants[0]?.setting.train).toMatchObject({ epochs: 11, schedule: { milestones: [6, 10] } });
  expect(spec).toMatchObject({ seeds: [0], name: "mine" });
  expect(spec.variants[1]?.setting.data).toMatchObject({ subset: 640, testSubset: 2000 });
});
