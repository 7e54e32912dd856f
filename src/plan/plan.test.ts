import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { parseSpec } from "../spec/parse.ts";
import type { Spec } from "../spec/types.ts";
import { makePlan } from "./plan.ts";
import { inputsOf } from "./stage-table.ts";
import { distinctTrainings, symbolicArms, termOf } from "./symbolic.fixture.ts";
import type { Plan, Stage } from "./types.ts";

const train = { epochs: 20, optimizer: { sgd: { lr: 0.1 } } };

function specOf(fields: Readonly<Record<string, unknown>>): Spec {
  return parseSpec(stringify({ name: "grid", data: "cifar10", model: "resnet20", train, ...fields }), "grid.yaml");
}

function planOf(fields: Readonly<Record<string, unknown>>): Plan {
  return makePlan(specOf(fields));
}

function counts({ trainings, trainingsUnshared }: Plan): readonly [number, number] {
  return [trainings, trainingsUnshared];
}

const iterative = { iterative: { rate: 0.15, rounds: 12 } };
const twelve = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9];
const oneShot = { "one-shot": { sparsities: twelve } };
const starts = ["ticket", "reinit", "fine-tune"];

describe("trainings, shared and unshared", () => {
  it("are 37 and 114 for twelve iterative rounds with ticket, reinit and fine-tune", () => {
    expect(counts(planOf({ prune: [iterative], retrain: starts }))).toEqual([37, 114]);
  });

  it("are as many per seed and rate", () => {
    const sweep = { "train.optimizer.sgd.lr": [0.01, 0.1] };
    expect(counts(planOf({ prune: [iterative], retrain: starts, sweep, seeds: 5 }))).toEqual([370, 1140]);
  });

  it("grow by 36 for one-shot masks at twelve sparsities: no dense run", () => {
    expect(counts(planOf({ prune: [iterative, oneShot], retrain: starts }))).toEqual([37 + 36, 114 + 12 * 4]);
    expect(counts(planOf({ prune: [oneShot], retrain: starts }))).toEqual([37, 48]);
  });

  it("grow by the twelve rewound trainings for rewinding, which starts from an epoch of the dense run", () => {
    const rewind = { rewind: { epoch: 10 } };
    expect(counts(planOf({ prune: [iterative], retrain: [...starts, rewind] }))).toEqual([37 + 12, 114 + 12]);
    expect(counts(planOf({ prune: [iterative], retrain: [...starts, rewind, { rewind: { epoch: 5 } }] }))).toEqual([
      37 + 24,
      114 + 24,
    ]);
  });

  it("leave out the last round's ticket when nobody asks for tickets", () => {
    // dense + 11 rounds + 12 fine-tunings; on its own, round k needs dense, k-1 rounds and itself
    expect(counts(planOf({ prune: [iterative], retrain: ["fine-tune"] }))).toEqual([1 + 11 + 12, 12 + 66 + 12]);
    expect(counts(planOf({ prune: [iterative], retrain: [] }))).toEqual([1 + 11, 12 + 66]);
    expect(counts(planOf({ prune: [iterative], retrain: ["ticket"] }))).toEqual([1 + 12, 12 + 66 + 12]);
  });

  it("are the dense runs without anything to prune", () => {
    expect(counts(planOf({ seeds: 3 }))).toEqual([3, 3]);
  });

  it("share the mask that one-shot and the first iterative round have in common, with all that starts from it", () => {
    const rounds = { iterative: { sparsities: [0.5, 0.8] } };
    const shots = { "one-shot": { sparsities: [0.5, 0.8] } };
    expect(counts(planOf({ prune: [rounds, shots], retrain: starts }))).toEqual([1 + 6 + 3, 4 + 5 + 4 + 4]);
  });

  it("do not count ADMM's optimisations, which are counted apart and shared by the starts", () => {
    const plan = planOf({ prune: [iterative, { admm: { sparsities: [0.5, 0.8] } }], retrain: starts, seeds: 2 });
    expect(counts(plan)).toEqual([2 * (37 + 6), 2 * (114 + 8)]);
    expect(plan.admmRuns).toBe(2 * 2);
    expect(planOf({ prune: [iterative] }).admmRuns).toBe(0);
  });

  it("share nothing between recipes but the initial weights", () => {
    const plan = planOf({ prune: [oneShot], retrain: starts, sweep: { "train.batchSize": [64, 128] } });
    expect(plan.trainings).toBe(2 * 37);
    expect([...plan.stages.values()].filter(({ kind }) => kind === "init")).toHaveLength(2);
  });
});

const fraction = fc.integer({ min: 1, max: 9 }).map((i) => i / 10);
const fractions = fc
  .uniqueArray(fraction, { minLength: 1, maxLength: 4 })
  .map((list) => list.toSorted((a, b) => a - b));
const pruneEntry = fc.oneof(
  fc.record({ iterative: fc.record({ rate: fc.constantFrom(0.1, 0.2), rounds: fc.integer({ min: 1, max: 4 }) }) }),
  fc.record({ iterative: fc.record({ sparsities: fractions }) }),
  fc.record({ "one-shot": fc.record({ sparsities: fractions }) }),
  fc.record({ admm: fc.record({ sparsities: fractions, epochsPerStage: fc.integer({ min: 1, max: 3 }) }) }),
);
const anySpec = fc
  .record({
    prune: fc.uniqueArray(pruneEntry, { maxLength: 4, selector: (entry) => JSON.stringify(entry) }),
    retrain: fc.shuffledSubarray([
      ...["ticket", { rewind: { epoch: 2 } }, "reinit", "fine-tune", { rewind: { epoch: 3 } }, "scratch-b"],
      ...[1, 7, 20].map((epochs) => ({ "lr-rewind": { epochs } })),
    ]),
    seeds: fc.uniqueArray(fc.nat(9), { minLength: 1, maxLength: 2 }),
    sweep: fc.constantFrom({}, { "train.optimizer.sgd.lr": [0.01, 0.1] }),
    measure: fc.record({ correlation: fc.record({ p: fractions }) }),
  })
  .map((fields) => specOf(fields.prune.length === 0 ? { ...fields, retrain: [] } : fields));

function forAnySpec(check: (spec: Spec, plan: Plan) => void): void {
  fc.assert(
    fc.property(anySpec, (spec) => check(spec, makePlan(spec))),
    { seed: 3, numRuns: 100 },
  );
}

describe("for any spec", () => {
  it("every arm is the training that the paper defines, written out independently", () => {
    forAnySpec((spec, plan) => {
      const found = plan.arms.map(({ start, seed, cell, train: key, retrainEpochs = 20 }) => {
        const term = termOf(plan, { key, output: `weights@${start === "scratch-b" ? retrainEpochs : 20}` });
        return cell === undefined
          ? { start, seed, term }
          : { start, seed, pruneIndex: cell.pruneIndex, step: cell.step, term };
      });
      expect(found).toEqual(symbolicArms(spec).arms);
    });
  });

  it("trainings are counted as by writing all of them out", () => {
    forAnySpec((spec, plan) => {
      const { arms, cells } = symbolicArms(spec);
      const masks = cells.flat();
      expect(plan.trainings).toBe(distinctTrainings([...arms.map(({ term }) => term), ...masks]));
      expect(plan.trainingsUnshared).toBe(cells.reduce((sum, cell) => sum + distinctTrainings(cell), 0));
    });
  });

  it("every input comes before its stage and is an output that is kept", () => {
    forAnySpec((_, plan) => {
      const before = new Map<string, Stage>();
      for (const [key, stage] of plan.stages) {
        expect(stage.key).toBe(key);
        for (const input of inputsOf(stage)) expect(before.get(input.key)?.outputs).toContain(input.output);
        before.set(key, stage);
      }
    });
  });

  it("every stage is needed by an arm, a comparison or a cell, and these have their stages", () => {
    forAnySpec((spec, plan) => {
      const open = [
        ...plan.arms.flatMap(({ train: key, cell }) => (cell === undefined ? [key] : [key, cell.mask.key])),
        ...plan.comparisons.map(({ compare }) => compare),
      ];
      const needed = new Set<string>();
      for (let key = open.pop(); key !== undefined; key = open.pop()) {
        const stage = plan.stages.get(key);
        expect(stage).toBeDefined();
        if (stage === undefined || needed.has(key)) continue;
        needed.add(key);
        open.push(...inputsOf(stage).map((ref) => ref.key));
      }
      // Masks that nothing starts from are made all the same: they are what such a spec asks for.
      if (spec.variants[0]?.setting.retrain.length !== 0) expect(needed.size).toBe(plan.stages.size);
    });
  });

  it("the final weights and the metrics of every training are kept, and outputs are sorted", () => {
    forAnySpec((_, plan) => {
      for (const stage of plan.stages.values()) {
        expect(stage.outputs).toEqual(stage.outputs.toSorted());
        if (stage.kind !== "train") continue;
        const { epochs } = stage.parameters.recipe;
        expect(stage.outputs).toEqual(expect.arrayContaining(["metrics", `weights@${epochs}`]));
      }
    });
  });
});
