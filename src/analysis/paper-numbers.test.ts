import { expect, test } from "vitest";
import type { ReportedNumber, ReportedQuantity } from "../paper/types.ts";
import { fixtureResults } from "./fixture.ts";
import { paperNumbers, paperNumbersCsv, quantityText } from "./paper-numbers.ts";

const dense: ReportedQuantity = { kind: "accuracy", start: "dense" };

function reported(quantity: ReportedQuantity, value: number, more: Partial<ReportedNumber> = {}): ReportedNumber {
  return { source: "Table 1", model: "lenet5", data: "fashion-mnist", lr: 0.1, quantity, value, ...more };
}

/** Dense of seeds 0, 1 and 2 at 90, 91 and 92 %, so mean 91 and standard deviation 1. */
const results = fixtureResults({
  prunings: ["iterative", "admm"],
  sparsities: [0.5, 0.623],
  accuracy: ({ seed, start }) => (start === "dense" ? 90 : 80) + seed,
});

test("ours less the paper's, with the t interval over the seeds", () => {
  const [number] = paperNumbers(results, [reported(dense, 91.7)]);
  expect(number?.variant).toBe("v1");
  expect(number?.ours?.spread).toMatchObject({ n: 3, mean: 91, sd: 1 });
  expect(number?.ours?.difference).toBeCloseTo(-0.7, 12);
  // t of 2 degrees of freedom at 97.5 % is 4.302652729911275 in published tables.
  const half = 4.302652729911275 / Math.sqrt(3);
  expect(number?.ours?.interval?.[0]).toBeCloseTo(-0.7 - half, 9);
  expect(number?.ours?.interval?.[1]).toBeCloseTo(-0.7 + half, 9);
  expect(number?.remark).toBeUndefined();
});

test("R_p is in percent and comes with its null, conditional on the mask", () => {
  const quantity: ReportedQuantity = {
    kind: "correlation",
    measure: "fine-tune to initial",
    p: 0.2,
    pruning: "admm",
    sparsity: 0.5,
  };
  const [number] = paperNumbers(results, [reported(quantity, 20.36)]);
  expect(number?.cell).toMatchObject({ pruning: "admm", sparsity: 0.5 });
  expect(number?.ours?.nullMean).toBeCloseTo(40, 9);
  const own = results.comparisons.filter(
    ({ variant, measure, cell }) =>
      variant === "v1" && measure === "fine-tune to initial" && cell?.pruning === "admm" && cell.sparsity === 0.5,
  );
  const mean = own
    .flatMap(({ points }) => points.filter(({ p }) => p === 0.2))
    .reduce((sum, { rp }) => sum + rp / 3, 0);
  expect(number?.ours?.spread.mean).toBeCloseTo(100 * mean, 9);
});

test("the mask nearest to the paper's sparsity is taken, within one point, and of the same pruning algorithm only", () => {
  const at = (sparsity: number, pruning: "iterative" | "one-shot" = "iterative") =>
    paperNumbers(results, [reported({ kind: "accuracy", start: "ticket", pruning, sparsity }, 90)])[0];
  expect(at(0.62)?.cell).toMatchObject({ pruning: "iterative", sparsity: 0.623 });
  expect(at(0.62)?.ours?.spread.mean).toBe(81);
  expect(at(0.61)).toMatchObject({ pruning: "iterative", remark: "no iterative mask at 61 %" });
  expect(at(0.5, "one-shot")).toEqual({
    reported: expect.anything() as unknown,
    variant: "v1",
    remark: "no one-shot mask at 50 %",
  });
});

test("one seed has a difference and no interval; what is missing is said", () => {
  const one = fixtureResults({ seeds: 1 });
  const [single] = paperNumbers(one, [reported(dense, 91)]);
  expect(single?.ours?.interval).toBeUndefined();
  expect(single?.remark).toBe("one seed: no interval");
  const remark = (number: ReportedNumber, of = results) => paperNumbers(of, [number])[0]?.remark;
  expect(remark(reported(dense, 91, { model: "vgg11" }))).toBe("not part of this experiment");
  expect(remark(reported(dense, 91, { lr: 0.05 }))).toBe("not part of this experiment");
  expect(remark(reported(dense, 91), fixtureResults({ status: () => "missing" }))).toBe("not done");
  expect(remark(reported({ kind: "accuracy", start: "lr-rewind", pruning: "iterative", sparsity: 0.5 }, 9))).toBe(
    "not measured, or not done yet",
  );
});

test("the CSV file has a row per number, the missing ones too", () => {
  const numbers = paperNumbers(results, [reported(dense, 91.7), reported(dense, 91.7, { model: "vgg11" })]);
  const [head, first, second, ...rest] = paperNumbersCsv(results, numbers).split("\n");
  expect(rest).toEqual([""]);
  expect(head).toContain("quantity,paper,variant,pruning,sparsity,ours,nullMean,n,difference,intervalLow");
  expect(first).toContain('"test accuracy, dense",91.7,lr 0.1,,,91,,3,');
  expect(second).toMatch(/^Table 1,vgg11,.*,not part of this experiment$/);
});

test("quantities are called what tables and figures call them", () => {
  expect(quantityText(dense)).toBe("test accuracy, dense");
  expect(
    quantityText({ kind: "correlation", measure: "fine-tune to initial", p: 0.2, pruning: "admm", sparsity: 0.5 }),
  ).toBe("R_0.2, fine-tune to initial, admm 50 %");
});
