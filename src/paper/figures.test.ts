import { readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { InputError } from "../core/errors.ts";
import { makePlan } from "../plan/plan.ts";
import type { Plan } from "../plan/types.ts";
import { uniteWork } from "../plan/union.ts";
import { loadSpec } from "../spec/load.ts";
import { findFigure, paperFigures, paperFile } from "./catalog.ts";
import { figureSpec, loadFigure } from "./load-figure.ts";
import { reportedNumbers } from "./reported.ts";

const ids = paperFigures().map(({ id }) => id);

describe("the catalogue", () => {
  it("has every spec of its folder, and no other", () => {
    const files = readdirSync(dirname(paperFile("catalog.yaml"))).filter((name) => /^\w+\.yaml$/.test(name));
    const expected = [...ids, "catalog", "reported"].map((id) => `${id}.yaml`);
    expect(files.sort()).toEqual(expected.sort());
  });

  it("has the paper's figures and table, each name once", () => {
    const appendix = Array.from({ length: 13 }, (_, i) => `A${i + 1}`);
    expect(ids).toEqual(["2", "4", "5ab", "5cd", "6a", "6b", "6c", "7", ...appendix, "T1"]);
    const names = paperFigures().flatMap(({ id, aliases }) => [id, ...aliases]);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each([
    { name: "2", id: "2" },
    { name: "5a", id: "5ab" },
    { name: "5b", id: "5ab" },
    { name: "5c,d", id: "5cd" },
    { name: "5D", id: "5cd" },
    { name: "a13", id: "A13" },
    { name: "Figure 6a", id: "6a" },
    { name: "fig. A1", id: "A1" },
    { name: "Table 1", id: "T1" },
    { name: "t1", id: "T1" },
  ])("finds $id by $name", ({ name, id }) => {
    expect(findFigure(name).id).toBe(id);
  });

  it.each([
    { name: "6", hint: 'did you mean "6a" or "6b" or "6c"? known: 2, 4,' },
    { name: "5", hint: 'did you mean "5ab" or "5cd"?' },
    { name: "8", hint: "known: 2, 4, 5ab, " },
    { name: "A14", hint: "known: 2, 4, 5ab, " },
    { name: "", hint: "known: 2, 4, 5ab, " },
  ])("has no '$name', and says what there is", ({ name, hint }) => {
    const find = () => findFigure(name);
    expect(find).toThrow(InputError);
    expect(find).toThrow(`expected a figure or table of the paper, got "${name}"\n  hint: ${hint}`);
  });
});

/**
 * Trainings of a figure for one seed and learning rate by hand. Twelve iterative rounds train 11 tickets anyway, to get the masks;
 * ADMM and one-shot masks take the dense run only.
 */
const dense = 1;
const rounds = 11;
const each = 12;
/** Two learning rates or one, and five seeds. */
const both = 2 * 5;
const one = 5;
const sixAll = dense + (each + each + each) + 2 * (each + each + each);
const seven = dense + (each + each) + 2 * (each + each);
const trainings: Readonly<Record<string, number>> = {
  "2": both * (dense + each + each),
  "4": both * dense,
  "5ab": both * (dense + rounds + each),
  "5cd": both * (dense + 3 + 3 + 3),
  "6a": one * (dense + each + each + each),
  "6b": one * (dense + each + each + each),
  "6c": one * (dense + each + each + each),
  "7": one * seven,
  A1: 4 * both * (dense + each + each),
  A2: 4 * both * dense,
  A3: 2 * both * (dense + rounds + each),
  A4: both * (dense + 9),
  A5: 2 * both * (dense + 9),
  A6: 2 * both * (dense + 9),
  A7: one * sixAll,
  A8: one * sixAll,
  A9: one * sixAll,
  A10: one * sixAll,
  A11: 2 * one * seven,
  A12: 2 * one * seven,
  A13: 3 * one * (dense + each + each + each),
  T1: 5 * one * (dense + 1),
};

/** Plans at full scale, made once: they have a thousand stages each. */
const plans = new Map<string, Plan>();
function planOf(id: string): Plan {
  const plan = plans.get(id) ?? makePlan(figureSpec({ id }, "full"));
  plans.set(id, plan);
  return plan;
}

function smallPlans(): readonly Plan[] {
  return ids.map((id) => makePlan(figureSpec({ id }, "small")));
}

describe("trainings at full scale", () => {
  it.each(ids)("of figure %s are those counted by hand, and the spec run by itself is the same", (id) => {
    const { trainings: planned, spec } = planOf(id);
    expect(planned).toBe(trainings[id]);
    const plain = loadSpec(paperFile(`${id}.yaml`));
    expect(plain.name).toBe(`liu2021-${id}`);
    const settings = spec.variants.map(({ setting }) => setting);
    expect(makePlan(plain).spec.variants.map(({ setting }) => setting)).toEqual(settings);
    expect(plain.seeds).toEqual(spec.seeds);
  });

  it("of figures 2 and 5ab together are 370, not 490: the dense runs and eleven tickets are the same", () => {
    const two = ["2", "5ab"].map(planOf);
    expect(two.map((plan) => plan.trainings)).toEqual([250, 240]);
    expect(uniteWork(two).trainings).toBe(both * (dense + each + each + each));
  });

  it("of figures 2, 5ab, 6a and 7 together: 6a adds nothing to 2 and 5ab, 7 only what starts from other masks", () => {
    const four = ["2", "5ab", "6a", "7"].map(planOf);
    expect(uniteWork(four.slice(0, 3)).trainings).toBe(370);
    expect(uniteWork(four).trainings).toBe(370 + one * 2 * (each + each));
  });

  it("of all figures, and their ADMM prunings, are those of the settings added up by hand", () => {
    const work = uniteWork(ids.map(planOf));
    const iterative = dense + each + each + each; // dense, ticket, reinit, fine-tune: figures 2, 5ab and 6
    const other = 2 * (each + each + each); // the same under ADMM and one-shot masks
    const few = 9; // figures 5cd and A4 to A6
    const table1 = 1;
    const rewound = each;
    const byHand = {
      "resnet20/cifar10": both * (iterative + few) + one * other,
      "mobilenet-v2/cifar10": both * (iterative + few) + one * (other + table1),
      "mobilenet-v2/cifar100": both * (iterative + few) + one * (other + rewound + table1),
      // Fine-tuning at lr 0.01 is in figure 5ab and A3 only.
      "resnet20/cifar100": both * (dense + each + each + few) + one * (each + other + rewound + table1),
      "vgg11/cifar100": both * (dense + each + each + few) + one * (each + other + rewound + table1),
      "vgg11/cifar10": both * (dense + few) + one * table1,
    };
    expect(work.trainings).toBe(Object.values(byHand).reduce((sum, n) => sum + n, 0));
    // Twelve for five settings at lr 0.1, which A13 uses again, and Table 1's five.
    expect(work.admmRuns).toBe(5 * one * each + 5 * one);
  });

  it("are those of docs/paper.md, at full and at small scale", () => {
    const doc = readFileSync(paperFile("../../docs/paper.md"), "utf8");
    const rows = (all: readonly Plan[]) => {
      const { trainings, trainingsUnshared, admmRuns } = uniteWork(all);
      return [trainings, all.reduce((sum, plan) => sum + plan.trainings, 0), trainingsUnshared, admmRuns];
    };
    const table = doc
      .split("\n")
      .filter((line) => /^\| (trainings, shared|each figure|each mask|ADMM prunings)/.test(line))
      .map((line) =>
        line
          .split("|")
          .slice(2, 7)
          .map((cell) => Number(cell.trim().replace(",", ""))),
      );
    expect(table.map((row) => row[0])).toEqual(rows(ids.map(planOf)));
    expect(table.map((row) => row[4])).toEqual(rows(smallPlans()));
  });

  it("does not depend on the order of the figures", () => {
    const small = smallPlans();
    const [forwards, backwards] = [uniteWork(small), uniteWork(small.toReversed())];
    expect(backwards.trainings).toBe(forwards.trainings);
    const outputs = (work: typeof forwards) => new Map([...work.stages].map(([key, stage]) => [key, stage.outputs]));
    expect(outputs(backwards)).toEqual(outputs(forwards));
  });
});

describe("the paper's numbers", () => {
  const values = (id: string) => loadFigure(findFigure(id), "full").context.reported.map(({ value }) => value);

  it("are all there, in percent", () => {
    const numbers = reportedNumbers();
    expect(numbers).toHaveLength(10 + 2 + 10);
    for (const { value } of numbers) expect(value).toBeGreaterThan(20);
    expect(numbers[10]).toEqual({
      source: "text",
      model: "resnet20",
      data: "cifar10",
      lr: 0.01,
      quantity: { kind: "accuracy", start: "ticket", pruning: "iterative", sparsity: 0.62 },
      value: 90.04,
    });
  });

  it.each([
    { id: "2", expected: [89.62, 91.7, 90.04] },
    { id: "4", expected: [89.62, 91.7] },
    { id: "5ab", expected: [89.62, 91.7] },
    { id: "6a", expected: [91.7] },
    { id: "A1", expected: [63.1, 67.15, 67.74, 69.83, 92.2, 93.86, 73.1, 74.76] },
    { id: "A8", expected: [74.76, 76.04] },
    { id: "A11", expected: [93.86, 74.76, 76.04] },
    { id: "A13", expected: [67.15, 69.83, 74.76, 76.04] },
    {
      id: "T1",
      expected: [67.15, 69.83, 93.86, 74.76, 20.36, 63.97, 20.11, 64.71, 20.41, 49.32, 20.26, 49.36, 20.21, 48.08],
    },
  ])("belong to figure $id: $expected", ({ id, expected }) => {
    expect(values(id)).toEqual(expected);
  });

  it("stay with a figure at a scale that has no such mask, so that the reader sees what is missing", () => {
    expect(loadFigure(findFigure("2"), "small").context.reported.map(({ value }) => value)).toEqual(values("2"));
  });
});

describe("the scale's note", () => {
  const note = (id: string, ...args: [scale: "full" | "half" | "small", overrides?: readonly string[]]) =>
    loadFigure(findFigure(id), ...args).context.scaleNote;

  it("says what is left of the protocol", () => {
    expect(note("2", "full")).toBe("full scale: the paper's protocol");
    expect(note("2", "half")).toBe(
      "half scale: 75 of 150 epochs, 3 of 5 seeds, 29,325 of 58,650 steps, " +
        "weight decay 0.0002 instead of 0.0001 (which keeps Σ lr·weightDecay)",
    );
    const small =
      "small scale: 12 of 150 epochs, 3 of 5 seeds, 12,800 of 50,000 training images, 2,000 of 10,000 test images, " +
      "2,400 of 58,650 steps, batches of 64 instead of 128, " +
      "weight decay 0.00257 instead of 0.0001 (which keeps Σ lr·weightDecay)";
    expect(note("4", "small")).toBe(small);
    expect(note("A13", "small")).toBe(
      `${small}, masks at 30, 50, 70, 90 % sparsity, rewinding to epoch 1 instead of 10, 4 of 40 epochs of ADMM`,
    );
    expect(note("T1", "small")).not.toContain("masks");
  });

  it("tells a user's own changes, but not where files lie", () => {
    expect(note("4", "full", ["data.path=/data", "train.precision=bfloat16"])).toBe(
      "full scale: the paper's protocol; changed by hand: train.precision=bfloat16",
    );
    expect(note("4", "small", ["seeds=1", "data.name=fashion-mnist"])).toBe(
      "small scale: 12 of 150 epochs, 1 of 5 seeds, 12,800 of 60,000 training images, 2,000 of 10,000 test images, " +
        "2,400 of 58,650 steps, batches of 64 instead of 128, " +
        "weight decay 0.00257 instead of 0.0001 (which keeps Σ lr·weightDecay); " +
        "changed by hand: seeds=1, data.name=fashion-mnist",
    );
  });

  it("says when a change by hand leaves the rule, or too few steps", () => {
    expect(note("4", "small", ["train.epochs=11"])).toContain("2,200 of 58,650 steps, too few for the paper's regime");
    expect(note("4", "small", ["train.optimizer.sgd.weightDecay=1e-4"])).toContain(
      "weight decay 0.0001 (Σ lr·weightDecay 4 % of the paper's)",
    );
    expect(note("4", "small", ["train.optimizer.sgd.weightDecay=0.00514"])).toContain(
      "weight decay 0.00514 instead of 0.0001 (Σ lr·weightDecay 200 % of the paper's)",
    );
    expect(note("4", "small")).not.toContain("too few");
  });
});
