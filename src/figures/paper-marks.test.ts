import { describe, expect, test } from "vitest";
import { fixtureResults } from "../analysis/fixture.ts";
import { paperNumbers } from "../analysis/paper-numbers.ts";
import type { ReportedQuantity } from "../paper/types.ts";
import { accuracyVsSparsity } from "./accuracy-vs-sparsity.ts";
import { maskCorrelation } from "./correlation.ts";
import { existing, rows, texts } from "./drawing.fixture.ts";
import { type Figure, reaching } from "./figure.ts";
import { prunerComparison } from "./pruner-comparison.ts";
import { renderSvg } from "./render.ts";

const results = fixtureResults({ rates: [0.1], prunings: ["iterative", "one-shot"], sparsities: [0.3, 0.5, 0.7] });

function numbers(value: number, quantity: ReportedQuantity) {
  return paperNumbers(results, [
    { source: "Section 4", model: "lenet5", data: "fashion-mnist", lr: 0.1, quantity, value },
  ]);
}

const dense: ReportedQuantity = { kind: "accuracy", start: "dense" };
const ticket: ReportedQuantity = { kind: "accuracy", start: "ticket", pruning: "iterative", sparsity: 0.62 };

/** Domain of the axis that accuracies are drawn on. */
function axisOf(figure: Figure): readonly number[] {
  return JSON.parse(
    /"field":"accuracy","type":"quantitative","scale":\{"domain":(\[[^\]]*\])/.exec(JSON.stringify(figure.spec))?.[1] ??
      "[]",
  ) as number[];
}

describe("a number of the paper", () => {
  test("is an open diamond at the paper's own sparsity, in the figure of its pruning setting and the one of all", async () => {
    const stated = numbers(90, ticket);
    const figure = existing(accuracyVsSparsity(results, "iterative", stated));
    expect(rows(figure, "paper")).toMatchObject([{ x: 0.62, accuracy: 90, start: "ticket" }]);
    expect(figure.caption).toContain("Open diamonds: the paper’s numbers.");
    const svg = await renderSvg(figure.spec);
    expect(texts(svg)).toContain("paper");
    expect(svg).toMatch(/<path [^>]*fill="#ffffff" stroke="#0072b2" stroke-width="1.8"/);
    const other = existing(accuracyVsSparsity(results, "one-shot", stated));
    expect([rows(other, "paper"), texts(await renderSvg(other.spec)).includes("paper")]).toEqual([[], false]);
    expect(rows(existing(prunerComparison(results, stated)), "paper")).toHaveLength(1);
  });

  test("of dense is a short dashed line", async () => {
    const figure = existing(accuracyVsSparsity(results, "one-shot", numbers(91.2, dense)));
    expect(figure.caption).toContain("Short dashes at the right: the paper’s dense network.");
    const svg = await renderSvg(figure.spec);
    expect(svg.match(/<line [^>]*stroke-dasharray="3,2"/g)).toHaveLength(1);
    expect(texts(svg)).toContain("paper");
  });

  test("far away does not squash the axis: the caption names it", async () => {
    const without = existing(accuracyVsSparsity(results, "iterative"));
    const figure = existing(accuracyVsSparsity(results, "iterative", numbers(40, dense)));
    expect(axisOf(figure)).toEqual(axisOf(without));
    expect(axisOf(figure)).toHaveLength(2);
    expect(figure.caption).toContain("The paper’s numbers outside the axes: lr 0.1, dense (40.00 %).");
    expect(texts(await renderSvg(figure.spec))).not.toContain("paper");
    // The CSV file has it all the same.
    expect(figure.table.filter(({ row }) => row === "paper")).toMatchObject([{ accuracy: 40, start: "dense" }]);
  });

  test("nearby draws the axis out to it", () => {
    const [low = 0, high = 0] = axisOf(existing(accuracyVsSparsity(results, "iterative")));
    const [, further = 0] = axisOf(existing(accuracyVsSparsity(results, "iterative", numbers(high + 0.9, dense))));
    expect(further).toBeGreaterThan(high + 0.9);
    expect(further - low).toBeLessThan(2 * (high - low));
  });

  test("at a sparsity beyond the masks is named, not drawn", () => {
    const beyond = existing(accuracyVsSparsity(results, "iterative", numbers(90, { ...ticket, sparsity: 0.95 })));
    expect(rows(beyond, "paper")).toEqual([]);
    expect(beyond.caption).toContain("outside the axes: lr 0.1, ticket, iterative 95 % (90.00 %)");
  });

  test("of R_p stands over its bar", async () => {
    const quantity: ReportedQuantity = {
      kind: "correlation",
      measure: "ticket",
      p: 0.2,
      pruning: "one-shot",
      sparsity: 0.5,
    };
    const figure = existing(maskCorrelation(results, "one-shot", numbers(48.08, quantity)));
    const [mark] = rows(figure, "paper");
    const bar = rows(figure, "mean").find(({ measure, sparsity }) => measure === "ticket" && sparsity === 0.5);
    expect(mark?.value).toBeCloseTo(0.4808, 12);
    expect(mark?.x).toBeCloseTo((Number(bar?.x) + Number(bar?.x2)) / 2, 9);
    expect(texts(await renderSvg(figure.spec))).toContain("paper");
    expect(rows(existing(maskCorrelation(results, "iterative", numbers(48.08, quantity))), "paper")).toEqual([]);
  });
});

test("an axis reaches marks within half its length, or within a point", () => {
  expect(reaching([80, 90], [94, 96])).toEqual([80, 94.6]);
  expect(reaching([80, 90], [75, 74])).toEqual([74.4, 90]);
  expect(reaching([90, 90.5], [91.4])[1]).toBeCloseTo(91.43, 12);
  expect(reaching([96, 99.9], [100])).toEqual([96, 100]);
  expect(reaching([80, 90], [])).toEqual([80, 90]);
});
