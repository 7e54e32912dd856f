import { beforeAll, describe, expect, test } from "vitest";
import { fixtureResults } from "../analysis/fixture.ts";
import { accuracyVsSparsity } from "./accuracy-vs-sparsity.ts";
import { preTrainingCorrelation } from "./correlation.ts";
import { existing, rows, symbols, texts } from "./drawing.fixture.ts";
import { focusedDomain, partsAbove, slug } from "./figure.ts";
import { learningCurves, typicalCell } from "./learning-curves.ts";
import { renderPng, renderSvg } from "./render.ts";
import { startPalette } from "./theme.ts";

const seeds = 4;
const results = fixtureResults({
  seeds,
  status: ({ variant, seed, start, cell }) =>
    variant === "v1" && seed === 2 && start === "ticket" && cell?.sparsity === 0.9 ? "diverged" : "done",
});

describe("accuracy against sparsity", () => {
  const figure = existing(accuracyVsSparsity(results, "iterative"));
  let svg: string;
  beforeAll(async () => {
    svg = await renderSvg(figure.spec);
  });

  test("draws every seed's point and a mean per start and sparsity", () => {
    // 2 variants × 3 sparsities × 4 starts, and one seed that diverged.
    expect(symbols(svg)).toHaveLength(2 * 3 * 4 * seeds - 1 + 2 * 3 * 4);
    const drawn = rows(figure, "seed").map(({ accuracy }) => accuracy);
    const expected = results.arms
      .filter(({ cell }) => cell?.pruning === "iterative")
      .flatMap(({ finalAccuracy }) => finalAccuracy ?? []);
    expect([...drawn].sort()).toEqual(expected.sort());
  });

  test("draws every dense seed, and a band from the lowest to the highest", () => {
    expect(svg.match(/aria-roledescription="tick"/g)).toHaveLength(2 * seeds);
    for (const [v, { low, high }] of rows(figure, "dense").entries()) {
      const dense = results.arms
        .filter(({ variant, start }) => variant === `v${v}` && start === "dense")
        .map(({ finalAccuracy }) => finalAccuracy ?? Number.NaN);
      expect([low, high]).toEqual([Math.min(...dense), Math.max(...dense)]);
    }
  });

  test("places a higher accuracy higher and a larger sparsity further right, in every panel", () => {
    const means = symbols(svg)
      .filter(({ fill }) => fill === "#e69f00")
      .map(({ x, y, label }) => ({ x, y, accuracy: Number(/: ([\d.]+) %$/.exec(label)?.[1]) }));
    for (const { accuracy } of means) expect(accuracy).toBeGreaterThan(50);
    expect(means.length).toBe(2 * 3 * (seeds + 1));
    for (const a of means) for (const b of means) if (a.accuracy > b.accuracy + 1e-9) expect(a.y).toBeLessThan(b.y);
    expect(new Set(means.map(({ x }) => x)).size).toBe(3);
  });

  test("names axes, panels and starts, and writes percent", () => {
    const found = texts(svg);
    for (const text of [
      "sparsity",
      "test accuracy",
      "lr 0.01",
      "lr 0.1",
      "dense",
      "ticket",
      "rewind (epoch 2)",
      "50 %",
    ])
      expect(found).toContain(text);
  });

  test("says in its caption what is left out and that the axis does not start at 0", () => {
    expect(figure.caption).toContain("Left out: lr 0.1, ticket, iterative 90 %, seed 2 (diverged).");
    expect(figure.caption).toContain("does not start at 0");
  });

  test("is not drawn when no run under a mask is done", () => {
    const none = fixtureResults({ status: ({ start }) => (start === "dense" ? "done" : "missing") });
    expect(accuracyVsSparsity(none, "iterative")).toBeUndefined();
  });

  test("can be drawn for one sparsity and one seed", async () => {
    const one = existing(accuracyVsSparsity(fixtureResults({ seeds: 1, sparsities: [0.5] }), "one-shot"));
    const drawing = await renderSvg(one.spec);
    expect(symbols(drawing)).toHaveLength(2 * 4 * 2);
    expect(drawing).not.toContain("NaN");
  });
});

describe("learning curves", () => {
  test("show the middle sparsity of the first pruning setting", () => {
    expect(typicalCell(results)).toMatchObject({ pruning: "iterative", sparsity: 0.7 });
    expect(existing(learningCurves(results, typicalCell(results))).title).toBe(
      "Learning curves, iterative pruning, sparsity 70 %",
    );
  });

  test("draw a line per seed and one per mean, through every epoch", async () => {
    const figure = existing(learningCurves(results, typicalCell(results)));
    const svg = await renderSvg(figure.spec);
    // 2 variants × (dense and 4 starts) × (seeds and mean), each of 10 points.
    const lines = svg.match(/<path aria-label="[^"]*"[^>]*aria-roledescription="line mark"[^>]*>/g) ?? [];
    expect(lines).toHaveLength(2 * 5 * (seeds + 1));
    // Epochs 1 and 2 lie below the axis, where the curves are cut.
    for (const line of lines) expect(/ d="([^"]*)"/.exec(line)?.[1]?.match(/[ML]/g)?.length).toBeGreaterThanOrEqual(8);
    const mean = rows(figure, "mean").find(
      ({ variant, start, epoch }) => variant === "lr 0.1" && start === "dense" && epoch === 7,
    );
    const values = results.arms
      .filter(({ variant, start }) => variant === "v1" && start === "dense")
      .map(({ curve }) => 100 * (curve[6]?.testAccuracy ?? Number.NaN));
    expect(mean?.accuracy).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / seeds, 10);
    for (const text of ["epoch", "test accuracy"]) expect(texts(svg)).toContain(text);
  });

  test("leave out early epochs far below the end, and say so", () => {
    const figure = existing(learningCurves(results, typicalCell(results)));
    expect(figure.caption).toContain("Below the axis: early or low parts of some curves.");
  });
});

describe("drawing", () => {
  test("gives the same bytes again, also after another figure", async () => {
    const { spec } = existing(learningCurves(results, typicalCell(results)));
    const first = await renderSvg(spec);
    await renderSvg(existing(accuracyVsSparsity(results, "iterative")).spec);
    expect(await renderSvg(spec)).toBe(first);
    expect(renderPng(first, 1).equals(renderPng(first, 1))).toBe(true);
  });

  test("gives a PNG of the drawing's size times the scale, with its text", async () => {
    const svg = await renderSvg(existing(preTrainingCorrelation(results)).spec);
    const width = Number(/ width="(\d+)"/.exec(svg)?.[1]);
    const png = renderPng(svg, 2);
    expect(png.subarray(1, 4).toString()).toBe("PNG");
    expect(png.readUInt32BE(16)).toBe(2 * width);
    // Without a font the texts would be missing, and the picture would be the same without them.
    expect(png.equals(renderPng(svg.replaceAll(/<text.*?<\/text>/g, ""), 2))).toBe(false);
  });

  test("escapes what comes from the spec", async () => {
    const [variant, ...others] = results.spec.variants;
    if (variant === undefined) throw new Error("no variant");
    const hostile = { ...results.spec, variants: [{ ...variant, label: '<script>alert("1")</script>' }, ...others] };
    const svg = await renderSvg(existing(preTrainingCorrelation({ ...results, spec: hostile })).spec);
    expect(svg).not.toContain("<script");
    expect(svg).toContain("&lt;script&gt;");
  });

  test("uses one colour per start, whatever the order, and other ones for further rewinding points", () => {
    const all = startPalette([
      { start: "dense", name: "dense" },
      { start: "rewind", name: "rewind (epoch 2)" },
      { start: "rewind", name: "rewind (epoch 5)" },
      { start: "ticket", name: "ticket" },
    ]);
    expect(new Set(all.colors).size).toBe(4);
    expect(new Set(all.shapes).size).toBe(4);
    expect(startPalette([{ start: "ticket", name: "ticket" }]).colors).toEqual([all.colors[3]]);
  });
});

test("file names keep letters and digits only", () => {
  expect(slug("one-shot (snip, 0.2)")).toBe("one-shot-snip-0-2");
});

describe("a line that goes below the axis", () => {
  test("is cut where it crosses and goes on where it comes back", () => {
    const line = [
      { x: 0, y: 4 },
      { x: 1, y: 0 },
      { x: 2, y: 1 },
      { x: 3, y: 3 },
      { x: 4, y: 2 },
    ];
    expect(partsAbove(line, 2)).toEqual([
      [
        { x: 0, y: 4 },
        { x: 0.5, y: 2 },
      ],
      [
        { x: 2.5, y: 2 },
        { x: 3, y: 3 },
        { x: 4, y: 2 },
      ],
    ]);
    expect(partsAbove(line, 0)).toEqual([line]);
    expect(partsAbove(line, 9)).toEqual([]);
  });
});

describe("the axis of accuracies", () => {
  test("has room around what it shows, also around equal values", () => {
    for (const values of [
      [5, 5],
      [88, 90, 91],
    ]) {
      const [low, high] = focusedDomain(values);
      expect(low).toBeLessThan(Math.min(...values));
      expect(high).toBeGreaterThan(Math.max(...values));
    }
  });

  test("stays within 0 and 100 %", () => {
    expect(focusedDomain([0, 50, 100])).toEqual([0, 100]);
  });

  test("leaves out what would press all others into a line, and the caption names it", async () => {
    const collapsed = fixtureResults({
      rates: [0.1],
      prunings: ["one-shot"],
      accuracy: ({ start, cell, seed }) => (start === "reinit" && cell?.sparsity === 0.9 ? 11.25 : 88) + seed,
    });
    const figure = existing(accuracyVsSparsity(collapsed, "one-shot"));
    expect(figure.caption).toContain("Below the axis: lr 0.1, reinit at 90 % (12.25 %).");
    const hidden = rows(figure, "seed").concat(rows(figure, "mean"), rows(figure, "line"));
    expect(Math.min(...hidden.map(({ accuracy }) => Number(accuracy)))).toBeGreaterThan(80);
    expect(rows(figure, "below")).toHaveLength(1);
    // The renderer would abort the process on a mark outside the picture.
    expect(renderPng(await renderSvg(figure.spec), 1).length).toBeGreaterThan(1000);
    const labels = texts(await renderSvg(figure.spec)).filter((text) => /^8\d(\.\d)? %$/.test(text));
    expect(labels.length).toBeGreaterThan(2);
  });
});
