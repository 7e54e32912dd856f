import { beforeAll, describe, expect, test } from "vitest";
import { fixtureResults } from "../analysis/fixture.ts";
import { accuracyVsSparsity } from "./accuracy-vs-sparsity.ts";
import { maskCorrelation, preTrainingCorrelation } from "./correlation.ts";
import { type Figure, focusedDomain, partsAbove, slug } from "./figure.ts";
import { learningCurves, typicalCell } from "./learning-curves.ts";
import { renderPng, renderSvg } from "./render.ts";
import { startPalette } from "./theme.ts";

const seeds = 4;
const results = fixtureResults({
  seeds,
  status: ({ variant, seed, start, cell }) =>
    variant === "v1" && seed === 2 && start === "ticket" && cell?.sparsity === 0.9 ? "diverged" : "done",
});

function existing(figure: Figure | undefined): Figure {
  if (figure === undefined) throw new Error("expected a figure");
  return figure;
}

/** Marks of the layers of one kind: how many there are, and where and in which colour. */
interface Mark {
  readonly x: number;
  readonly y: number;
  readonly fill: string | undefined;
  readonly label: string;
}

/** Filled symbols of the plot in groups of equal size (`d` of a path starts with its extent), legends left out. */
function symbols(svg: string): readonly Mark[] {
  const paths = svg.match(/<path aria-label="[^"]*"[^>]*aria-roledescription="point"[^>]*>/g) ?? [];
  return paths.map((path) => {
    const [, x, y] = /transform="translate\(([-\d.]+),([-\d.]+)\)"/.exec(path) ?? [];
    return {
      x: Number(x),
      y: Number(y),
      fill: /fill="([^"]+)"/.exec(path)?.[1],
      label: /aria-label="([^"]*)"/.exec(path)?.[1] ?? "",
    };
  });
}

function texts(svg: string): readonly string[] {
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1] ?? "");
}

/** Values of rows of one kind in a figure's data. */
function rows(figure: Figure, kind: string): readonly Record<string, unknown>[] {
  const { data } = figure.spec as { data?: { values?: Record<string, unknown>[] } };
  return (data?.values ?? []).filter((row) => row.kind === kind);
}

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

/**
 * Heights of the drawn bars and of the lines across them against R_p and its null, in order, by the scale that the bars themselves
 * give: from 0 at their feet.
 */
function expectBarsWithNulls(svg: string, means: readonly Record<string, unknown>[]) {
  const bars = [
    ...svg.matchAll(/aria-roledescription="rect mark"[^>]*d="M([-\d.]+),([-\d.]+)h([-\d.]+)v([-\d.]+)/g),
  ].map(([, x, top, width, height]) => ({
    x: Number(x),
    width: Number(width),
    top: Number(top),
    height: Number(height),
  }));
  const lines = [
    ...svg.matchAll(
      /aria-roledescription="rule mark"[^>]*translate\(([-\d.]+),([-\d.]+)\)" x2="([-\d.]+)"[^>]*stroke="#1f2328"/g,
    ),
  ].map(([, x, y, width]) => ({ x: Number(x), y: Number(y), width: Number(width) }));
  expect(bars).toHaveLength(means.length);
  expect(lines).toHaveLength(means.length);
  const unit = (bars[0]?.height ?? 0) / Number(means[0]?.value);
  for (const [i, { value, nullMean }] of means.entries()) {
    const [bar, line] = [bars[i], lines[i]];
    if (bar === undefined || line === undefined) throw new Error("no bar");
    expect(bar.height / unit).toBeCloseTo(Number(value), 3);
    expect((bar.top + bar.height - line.y) / unit).toBeCloseTo(Number(nullMean), 3);
    // Across this bar, and not its neighbours.
    expect(line.x + line.width / 2).toBeCloseTo(bar.x + bar.width / 2, 1);
    expect(line.width / bar.width).toBeCloseTo(1 / 0.94, 2);
  }
}

describe("correlation", () => {
  test("of pre-training: a bar per variant and p, a point per seed, and the null as a line across each bar", async () => {
    const figure = existing(preTrainingCorrelation(results));
    const svg = await renderSvg(figure.spec);
    expect(symbols(svg)).toHaveLength(2 * 5 * seeds);
    expectBarsWithNulls(svg, rows(figure, "mean"));
    expect(rows(figure, "null").map(({ value }) => value)).toEqual(
      [0.1, 0.2, 0.3, 0.4, 0.5, 0.1, 0.2, 0.3, 0.4, 0.5].map((p) => expect.closeTo(p, 12) as number),
    );
    for (const text of ["p", "R_p (line: its null)", "lr 0.01", "lr 0.1", "20 %"]) expect(texts(svg)).toContain(text);
  });

  test("under masks: every bar with its own, conditional null", async () => {
    const figure = existing(maskCorrelation(results, "one-shot"));
    const svg = await renderSvg(figure.spec);
    // Against θ0 and θT only where p = 0.2 is below 1 - sparsity: at 50 % and 70 %.
    const groups = 2 * (3 * 2 + 2 * 2);
    expect(symbols(svg)).toHaveLength(groups * seeds);
    expect(rows(figure, "mean")).toHaveLength(groups);
    expectBarsWithNulls(svg, rows(figure, "mean"));
    const nulls = rows(figure, "null").filter(
      ({ measure, sparsity }) => measure === "fine-tune to initial" && sparsity === 0.5,
    );
    expect(nulls.map(({ value }) => value)).toEqual([expect.closeTo(0.4, 12), expect.closeTo(0.4, 12)]);
    expect(texts(svg)).toContain("R_p at p = 20 % (line: its null)");
  });

  test("is not drawn without comparisons, and says how many are left out", () => {
    const missing = results.comparisons.map((comparison) => ({
      ...comparison,
      status: "missing" as const,
      points: [],
    }));
    expect(preTrainingCorrelation({ ...results, comparisons: missing })).toBeUndefined();
    expect(maskCorrelation({ ...results, comparisons: missing }, "iterative")).toBeUndefined();
    const some = results.comparisons.map((comparison, i) =>
      i === 0 ? { ...comparison, status: "skipped" as const, points: [] } : comparison,
    );
    expect(preTrainingCorrelation({ ...results, comparisons: some })?.caption).toContain("Left out: 1 comparison");
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
