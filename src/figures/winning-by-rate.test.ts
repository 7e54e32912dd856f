import { describe, expect, test } from "vitest";
import { type FixtureOptions, fixtureResults } from "../analysis/fixture.ts";
import { existing, texts } from "./drawing.fixture.ts";
import { typicalCell } from "./learning-curves.ts";
import { renderPng, renderSvg } from "./render.ts";
import { winningByRate } from "./winning-by-rate.ts";

const resultsOf = (options: FixtureOptions = {}) =>
  fixtureResults({ rates: [0.001, 0.01, 0.1], prunings: ["one-shot"], sparsities: [0.3, 0.5, 0.7], ...options });
const figureOf = (options: FixtureOptions = {}) => {
  const results = resultsOf(options);
  return winningByRate(results, typicalCell(results));
};

describe("tickets and correlation against the learning rate", () => {
  const results = resultsOf();
  const figure = existing(figureOf());

  test("are paired differences of the middle mask, seed by seed, and their means", () => {
    for (const [v, lr] of [0.001, 0.01, 0.1].entries())
      for (const other of ["dense", "reinit"]) {
        const of = (start: string, seed: number) =>
          results.arms.find(
            (arm) =>
              arm.variant === `v${v}` &&
              arm.seed === seed &&
              arm.start === start &&
              (start === "dense" || arm.cell?.sparsity === 0.5),
          )?.finalAccuracy ?? Number.NaN;
        const expected = [0, 1, 2].map((seed) => of("ticket", seed) - of(other, seed));
        const rows = figure.table.filter((row) => row.lr === lr && row.series === `ticket − ${other}`);
        expect(rows.filter(({ row }) => row === "seed").map(({ difference }) => difference)).toEqual(expected);
        const mean = rows.find(({ row }) => row === "mean");
        expect(mean?.n).toBe(3);
        expect(Number(mean?.difference)).toBeCloseTo(
          expected.reduce((sum, value) => sum + value / 3, 0),
          10,
        );
      }
  });

  test("have R_0.2 of the dense runs as shares in the table, and its null in the drawing", async () => {
    const points = results.comparisons.filter(({ measure }) => measure === "pre-training");
    const rows = figure.table.filter(({ series, row }) => series === "R_0.2" && row === "seed");
    for (const row of rows) {
      const own = points.find(({ compare }) => compare === row.key)?.points.find(({ p }) => p === 0.2);
      expect(Number(row.rp)).toBeCloseTo(own?.rp ?? Number.NaN, 12);
    }
    expect(rows).toHaveLength(9);
    const svg = await renderSvg(figure.spec);
    expect(texts(svg)).toEqual(expect.arrayContaining(["ticket − dense", "ticket − reinit", "learning rate"]));
    expect(svg).toContain('stroke-dasharray="5,4"');
    expect(renderPng(svg, 1).length).toBeGreaterThan(1000);
  });

  test("leave out a pair of which one is missing, and say so", () => {
    const some = existing(
      figureOf({
        status: ({ variant, seed, start }) =>
          variant === "v2" && seed === 1 && start === "reinit" ? "missing" : "done",
      }),
    );
    const seeds = some.table.filter(({ row, lr }) => row === "seed" && lr === 0.1);
    expect(seeds.filter(({ series }) => series === "ticket − reinit").map(({ seed }) => seed)).toEqual([0, 2]);
    expect(seeds.filter(({ series }) => series === "ticket − dense").map(({ seed }) => seed)).toEqual([0, 1, 2]);
    expect(some.caption).toContain("means over 3 seeds (2 at lr 0.1, ticket − reinit)");
    expect(some.caption).toContain("Left out: lr 0.1, reinit, one-shot 50 %, seed 1 (not run yet).");
  });
});

test("a sweep of weight decay is drawn likewise, from none on", async () => {
  const results = resultsOf();
  const decays = [0, 0.0001, 0.00257];
  const variants = results.spec.variants.map((variant, i) => {
    const { train } = variant.setting;
    const weightDecay = decays[i] ?? 0;
    const optimizer = { sgd: { ...train.optimizer.sgd, weightDecay } };
    return {
      ...variant,
      values: { "train.optimizer.sgd.weightDecay": weightDecay },
      setting: { ...variant.setting, train: { ...train, optimizer } },
    };
  });
  const swept = { ...results, spec: { ...results.spec, variants } };
  const figure = existing(winningByRate(swept, typicalCell(swept)));
  expect(figure.name).toBe("winning-by-decay");
  const rows = figure.table.filter(({ row, series }) => row === "mean" && series === "R_0.2");
  expect(rows.map(({ weightDecay }) => weightDecay)).toEqual(decays);
  const drawn = texts(await renderSvg(figure.spec));
  expect(drawn).toEqual(expect.arrayContaining(["weight decay", "0", "0.0001", "0.00257"]));
});

test("two rates, no masks, nothing done and a sweep of anything else have no such figure", () => {
  expect(figureOf({ rates: [0.01, 0.1] })).toBeUndefined();
  expect(figureOf({ prunings: [] })).toBeUndefined();
  expect(figureOf({ status: () => "missing" })).toBeUndefined();
  const results = resultsOf();
  const variants = results.spec.variants.map((variant) => ({
    ...variant,
    values: { ...variant.values, "train.epochs": 3 },
  }));
  expect(winningByRate({ ...results, spec: { ...results.spec, variants } }, typicalCell(results))).toBeUndefined();
});
