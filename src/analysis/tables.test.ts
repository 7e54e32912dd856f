import { describe, expect, test } from "vitest";
import { correlationsCsv, resultsCsv, resultsJson } from "./export.ts";
import { fixtureResults } from "./fixture.ts";
import { pointsText, probabilityText, spreadText, zText } from "./format.ts";
import { spreadOf } from "./spread.ts";
import { accuracyTable, summaryTables } from "./tables.ts";
import { renderTable } from "./text-table.ts";

describe("spread", () => {
  test("is the sample standard deviation, and none for one value", () => {
    // Deviations -1, 0, 1: sd = √(2/2) = 1.
    expect(spreadOf([4, 5, 6])).toEqual({ n: 3, mean: 5, sd: 1, min: 4, max: 6 });
    expect(spreadOf([4])).toEqual({ n: 1, mean: 4, sd: null, min: 4, max: 4 });
    expect(spreadOf([])).toBeUndefined();
  });

  test.each([
    [[88, 89], 2, "88.5 ± 0.7"],
    [[88, 89], 3, "88.5 ± 0.7 (n 2)"],
    [[88], 1, "88.0"],
    [[88], 3, "88.0 (n 1)"],
  ])("of %j with %i expected is written %s", (values, expected, text) => {
    const spread = spreadOf(values);
    expect(spread && spreadText(spread, (value) => value.toFixed(1), expected)).toBe(text);
  });
});

test("numbers have a true minus sign and no negative zero", () => {
  expect([-1.8, 0.314, -0.001, 0].map(pointsText)).toEqual(["−1.80", "+0.31", "0.00", "0.00"]);
  expect([-2.34, 9.96, 340.4].map(zText)).toEqual(["−2.3", "10.0", "340"]);
  expect([0.5, 0.0123, 0.00001].map(probabilityText)).toEqual(["0.50", "0.012", "< 0.0001"]);
});

describe("a text table", () => {
  const table = {
    title: "Title",
    columns: ["name", "a", "θ"],
    rows: [
      ["first", "1", "1.25"],
      ["b", "10", "−3"],
    ],
    heads: 1,
  };

  test("aligns heads left and numbers right", () => {
    expect(renderTable(table, 80)).toBe(
      ["Title", "", "name    a     θ", "─────  ──  ────", "first   1  1.25", "b      10    −3", ""].join("\n"),
    );
  });

  test("is continued below itself when it is too wide, with its heads", () => {
    expect(renderTable(table, 12)).toBe(
      [
        ...["Title", "", "name    a", "─────  ──", "first   1", "b      10", ""],
        ...["name      θ", "─────  ────", "first  1.25", "b        −3", ""],
      ].join("\n"),
    );
  });
});

describe("the tables of a run", () => {
  const accuracies: Record<string, readonly number[]> = {
    dense: [90, 91, 92],
    ticket: [89, 89.5, 90],
    reinit: [88, 88.25, 88.5],
    rewind: [90, 90, 90],
    "fine-tune": [91, 92, 93],
  };
  const results = fixtureResults({
    rates: [0.1],
    prunings: ["iterative"],
    sparsities: [0.5, 0.75],
    accuracy: ({ seed, start }) => accuracies[start]?.[seed] ?? 0,
    status: ({ seed, start, cell }) => {
      if (cell?.sparsity !== 0.75) return "done";
      if (start === "rewind") return "missing";
      return start === "ticket" && seed === 0 ? "diverged" : "done";
    },
  });

  test("accuracy: rows are masks, columns starts", () => {
    expect(renderTable(accuracyTable(results, "v0"), 100)).toBe(`Test accuracy in %, lr 0.1: mean ± sd over 3 seeds

mask                   dense              ticket        reinit  rewind (epoch 2)     fine-tune
──────────────  ────────────  ──────────────────  ────────────  ────────────────  ────────────
iterative 50 %  91.00 ± 1.00        89.50 ± 0.50  88.25 ± 0.25      90.00 ± 0.00  92.00 ± 1.00
iterative 75 %  91.00 ± 1.00  89.75 ± 0.35 (n 2)  88.25 ± 0.25           missing  92.00 ± 1.00
`);
  });

  test("the whole text fits 100 columns and ends with verdict and cost", () => {
    const text = summaryTables(results);
    const lengths = text.split("\n").map((line) => Array.from(line).length);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(100);
    expect(
      Math.max(
        ...summaryTables(fixtureResults())
          .split("\n")
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(100);
    expect(text).toContain(`
variant  mask                    ticket−dense         ticket−reinit  n               verdict
───────  ──────────────  ────────────────────  ────────────────────  ─  ────────────────────
lr 0.1   iterative 50 %  −1.50 [−2.34, −0.66]  +1.25 [+0.83, +1.67]  3  undecided (~5 seeds)
`);
    expect(text).toContain("; lr 0.1, rewind (epoch 2), iterative\n  75 %, seeds 0, 1 and 2 (not run yet).");
    expect(text.trimEnd().split("\n").at(-1)).toMatch(
      /^27 trainings \(54 without sharing\), 24 finished; 0\.2\d core-hours$/,
    );
  });

  test("R_p never stands without its null, z and p-value", () => {
    const text = summaryTables(results);
    const block = text.slice(text.indexOf("Correlation under a mask"), text.indexOf("Winning property"));
    const rest = String.raw` \| −?[\d.]+ \| (0\.\d+|1\.0|< 0\.0001)(?!\S)`;
    const cells = (nullMean: string) => block.match(new RegExp(String.raw`[\d.]+ \| ${nullMean}${rest}`, "g"));
    expect(cells("20\\.0")).toHaveLength(4); // ticket and reinit, two masks
    expect(cells("40\\.0")).toHaveLength(2); // fine-tune against θ0 and θT at 50 %: 0.2 / 0.5
    expect(cells("80\\.0")).toHaveLength(2); // at 75 %: 0.2 / 0.25
    const preTraining = text.slice(text.indexOf("Correlation of θ0"), text.indexOf("Correlation under"));
    expect(preTraining).toMatch(/variant +p +R_p +null +z +p-value\n/);
    expect(preTraining.match(/ % +−?[\d.]+ +(0\.\d+|1\.0|< 0\.0001)$/gm)?.length).toBeGreaterThan(0);
  });

  test("the p-value is the largest of the seeds' own", () => {
    const pValues = [0.25, 0.031, 0.0004];
    const comparisons = results.comparisons.map((comparison) => ({
      ...comparison,
      points: comparison.points.map((point) => ({ ...point, pValue: pValues[comparison.seed] ?? 1 })),
    }));
    const text = summaryTables({ ...results, comparisons });
    expect(text.match(/ \| 0\.25(?!\d)/g)).toHaveLength(8);
    expect(text).not.toMatch(/0\.031|0\.0004/);
  });

  test("a spec without masks has a dense table and no verdict", () => {
    const dense = summaryTables(fixtureResults({ rates: [0.1], prunings: [] }));
    expect(dense).toContain("no mask  ");
    expect(dense).not.toContain("Winning");
  });
});

describe("exports", () => {
  const results = fixtureResults({
    status: ({ start, seed }) => (start === "reinit" && seed === 1 ? "diverged" : "done"),
  });

  test("results.csv has one row per run with its accuracy and key", () => {
    const [head, ...rows] = resultsCsv(results).trimEnd().split("\n");
    expect(head).toBe(
      "variant,label,seed,pruning,sparsity,achievedSparsity,start,rewindEpoch,retrainEpochs,finalAccuracy,bestAccuracy,bestEpoch,epochs,status,reason,key,maskKey",
    );
    expect(rows).toHaveLength(results.arms.length);
    for (const [i, arm] of results.arms.entries()) {
      const fields = rows[i]?.split(",") ?? [];
      expect(fields[15]).toBe(arm.train);
      expect(fields[13]).toBe(arm.status);
      if (arm.finalAccuracy === undefined) expect(fields[9]).toBe("");
      else expect(Number(fields[9])).toBeCloseTo(arm.finalAccuracy, 5);
    }
  });

  test("correlations.csv has one row per comparison and p with the null, and one where nothing was measured", () => {
    const [head, ...rows] = correlationsCsv(results).trimEnd().split("\n");
    expect(head).toBe("variant,label,seed,measure,pruning,sparsity,p,rp,nullMean,z,pValue,status,reason,key");
    expect(rows).toHaveLength(results.comparisons.reduce((n, { points }) => n + Math.max(1, points.length), 0));
    const first = results.comparisons[0]?.points[0];
    expect(rows[0]?.split(",").slice(6, 11).map(Number)).toEqual([
      0.1,
      first?.rp,
      first?.nullMean,
      first?.z,
      first?.pValue,
    ]);
  });

  test("a field with a comma, a quote or a line break is quoted", () => {
    const [variant] = results.spec.variants;
    const tricky = {
      ...results,
      spec: { ...results.spec, variants: variant === undefined ? [] : [{ ...variant, label: 'a "b", c' }] },
    };
    expect(resultsCsv(tricky).split("\n")[1]).toMatch(/^v0,"a ""b"", c",0,/);
  });

  test("results.json holds runs with curves, correlations, verdicts and the resolved spec", () => {
    const json = JSON.parse(resultsJson(results)) as Record<string, unknown[]>;
    expect(json.runs).toHaveLength(results.arms.length);
    expect(json.runs?.[0]).toMatchObject({ variant: "v0", start: "dense", curve: results.arms[0]?.curve });
    expect(json.verdicts?.[0]).toMatchObject({ label: "lr 0.01", pruning: "iterative", equivalenceMargin: 0.5 });
    expect(json.spec).toEqual(results.spec.resolved);
  });
});
