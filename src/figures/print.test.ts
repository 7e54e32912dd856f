import { inflateSync } from "node:zlib";
import { describe, expect, test, vi } from "vitest";
import { toCsv } from "../analysis/csv.ts";
import { type FixtureOptions, fixtureResults } from "../analysis/fixture.ts";
import { armGroups, pruningsOf } from "../analysis/groups.ts";
import type { Results } from "../analysis/types.ts";
import { accuracyVsSparsity } from "./accuracy-vs-sparsity.ts";
import { admmResiduals } from "./admm-residuals.ts";
import { connectivityBarrier, connectivityPath } from "./connectivity.ts";
import { maskCorrelation, preTrainingCorrelation } from "./correlation.ts";
import { existing } from "./drawing.fixture.ts";
import { type Figure, printWidths } from "./figure.ts";
import { learningCurves, typicalCell } from "./learning-curves.ts";
import { renderPdf, svgSize } from "./pdf.ts";
import { prunerComparison } from "./pruner-comparison.ts";
import { renderSvg } from "./render.ts";
import { ink, measurePalette, pruningPalette, startPalette, variantPalette } from "./theme.ts";
import { winningByRate } from "./winning-by-rate.ts";

function withConnections(results: Results): Results {
  const path = [0, 0.5, 1].map((share) => ({ share, error: 10 + share, loss: 1 }));
  const connections = results.arms
    .filter(({ start }) => start === "dense")
    .flatMap(({ variant, seed, train }) =>
      [0, 10, 20].map((epoch) => {
        return {
          variant,
          seed,
          epoch,
          copies: ["a", "b"] as const,
          connect: train,
          status: "done" as const,
          path,
          barrier: 1,
        };
      }),
    );
  return { ...results, connections };
}

/** One of each kind. */
function figuresOf(results: Results): readonly Figure[] {
  const prunings = pruningsOf(armGroups(results));
  return [
    ...prunings.map((pruning) => accuracyVsSparsity(results, pruning)),
    prunerComparison(results),
    preTrainingCorrelation(results),
    ...prunings.map((pruning) => maskCorrelation(results, pruning)),
    admmResiduals(results, "admm"),
    connectivityPath(withConnections(results)),
    connectivityBarrier(withConnections(results)),
    learningCurves(results, typicalCell(results)),
    winningByRate(results, typicalCell(results)),
  ].filter((figure) => figure !== undefined);
}

const settings: readonly (readonly [string, FixtureOptions])[] = [
  ["one panel", { rates: [0.1], prunings: ["iterative", "admm"], seeds: 2 }],
  ["two panels", { prunings: ["one-shot", "admm"], seeds: 2 }],
  ["five panels", { rates: [0.01, 0.02, 0.05, 0.1, 0.2], prunings: ["iterative", "admm"], seeds: 1 }],
  [
    "twelve sparsities",
    {
      rates: [0.1],
      prunings: ["admm"],
      seeds: 2,
      sparsities: Array.from({ length: 12 }, (_, i) => 1 - 0.85 ** (i + 1)),
    },
  ],
];

describe.each(settings)("in print, a figure with %s", (_, options) => {
  const figures = figuresOf(fixtureResults(options));

  test("has no text below 7 points at its width, and fits a page's height", async () => {
    expect(figures.length).toBeGreaterThan(4);
    // Vega warns of what it cannot draw as asked.
    const warn = vi.spyOn(console, "warn");
    for (const { name, width, spec } of figures) {
      const svg = await renderSvg(spec);
      const size = svgSize(svg);
      const points = ((printWidths[width] / 25.4) * 72) / size.width;
      const fonts = [...svg.matchAll(/font-size="([\d.]+)px"/g)].map((match) => Number(match[1]));
      expect(fonts.length).toBeGreaterThan(4);
      expect([name, Math.min(...fonts) * points >= 7]).toEqual([name, true]);
      expect((printWidths[width] * size.height) / size.width).toBeLessThan(250);
      expect([name, warn.mock.calls]).toEqual([name, []]);
    }
  });
});

describe("the CSV file of a figure", () => {
  test("has every seed with the key of its stage, and nothing but plain values", () => {
    const results = fixtureResults({ prunings: ["one-shot", "admm"], seeds: 3 });
    const keys = new Set([
      ...results.arms.map(({ train }) => train),
      ...results.comparisons.map(({ compare }) => compare),
      ...results.admm.map(({ cell }) => cell.mask.key),
    ]);
    for (const { name, table } of figuresOf(results)) {
      const seeds = table.filter(({ row }) => row === "seed" || row === "worst");
      expect([name, seeds.length > 0]).toEqual([name, true]);
      for (const { seed, key } of seeds) expect([typeof seed, keys.has(String(key))]).toEqual(["number", true]);
      const [head = "", ...lines] = toCsv(table).trimEnd().split("\n");
      expect(lines).toHaveLength(table.length);
      for (const line of lines) expect(line.split(",").length).toBe(head.split(",").length);
      expect(toCsv(table)).not.toMatch(/NaN|undefined|object/);
    }
  });

  test("quotes as RFC 4180 says, and takes columns from all rows", () => {
    expect(toCsv([{ a: 'x "y", z' }, { a: 1, b: "two\nlines" }])).toBe('a,b\n"x ""y"", z",\n1,"two\nlines"\n');
  });
});

describe("the PDF of a figure", () => {
  const figure = existing(accuracyVsSparsity(fixtureResults({ rates: [0.1], seeds: 2 }), "iterative"));
  const draw = async () => renderPdf(await renderSvg(figure.spec), "θ & <title>", 85);

  test("is the same bytes again, without date, and as wide as it was asked for", async () => {
    const pdf = await draw();
    expect(pdf.equals(await draw())).toBe(true);
    const text = pdf.toString("latin1");
    expect(text).not.toMatch(/Date|\/Annot/);
    const [, width] = /\/MediaBox \[0 0 ([\d.]+) [\d.]+\]/.exec(text) ?? [];
    expect(Number(width)).toBeCloseTo((85 / 25.4) * 72, 2);
  });

  test("draws vectors and text, no pictures, all within the page", async () => {
    const text = (await draw()).toString("latin1");
    expect(text).not.toContain("/Image ");
    // Streams are compressed; the first one is the page.
    const at = text.indexOf("stream\n") + "stream\n".length;
    const page = inflateSync(Buffer.from(text.slice(at, text.indexOf("endstream", at)), "latin1")).toString("latin1");
    const [, scale] = /([\d.]+) 0 0 \1 0 0 cm/.exec(page) ?? [];
    const size = svgSize(await renderSvg(figure.spec));
    expect(Number(scale) * size.width).toBeCloseTo((85 / 25.4) * 72, 1);
    expect(page.match(/ Tj|\] TJ/g)?.length).toBeGreaterThan(8);
    expect(page.match(/ c\n/g)?.length).toBeGreaterThan(10);
  });
});

type Rgb = readonly [number, number, number];

/** sRGB of `#rrggbb`, linear, in [0, 1]. */
function linear(color: string): Rgb {
  const at = (i: number) => {
    const value = Number.parseInt(color.slice(i, i + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [at(1), at(3), at(5)];
}

type Matrix = readonly [Rgb, Rgb, Rgb];

/** Complete dichromacy, in linear sRGB. Machado, Oliveira and Fernandes, IEEE TVCG 15, 2009, severity 1.0. */
const vision: Readonly<Record<string, Matrix>> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
};

function times(matrix: Matrix, [r, g, b]: Rgb): Rgb {
  const row = ([x, y, z]: Rgb) => Math.min(1, Math.max(0, x * r + y * g + z * b));
  return [row(matrix[0]), row(matrix[1]), row(matrix[2])];
}

/** CIE L*a*b* under D65, of linear sRGB. */
function lab([r, g, b]: Rgb): Rgb {
  const f = (t: number) => (t > (6 / 29) ** 3 ? Math.cbrt(t) : t / (3 * (6 / 29) ** 2) + 4 / 29);
  const x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047);
  const y = f(0.2126 * r + 0.7152 * g + 0.0722 * b);
  const z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

function distance(a: string, b: string, matrix: Matrix): number {
  const [p, q] = [lab(times(matrix, linear(a))), lab(times(matrix, linear(b)))];
  return Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
}

const paperStarts = ["dense", "ticket", "reinit", "rewind", "fine-tune"] as const;
const palettes = {
  starts: startPalette(paperStarts.map((start) => ({ start, name: start }))),
  measures: measurePalette(["ticket", "reinit", "fine-tune to initial", "fine-tune to pre-trained"]),
  prunings: pruningPalette(["iterative", "one-shot", "admm"]),
  variants: variantPalette(["a", "b", "c", "d", "e", "f"]),
};

describe.each(Object.entries(palettes))("the colours of %s", (_, { names, colors, shapes, dashes }) => {
  const pairs = names.flatMap((__, i) => names.slice(i + 1).map((___, j) => [i, i + 1 + j] as const));

  // A difference of 10 is seen at a glance; 2.3 is just noticeable (Mahy et al., 1994).
  test.each(Object.entries(vision))("are more than 10 apart in CIE L*a*b* with %s", (___, matrix) => {
    for (const [i, j] of pairs) {
      const apart = distance(colors[i] ?? "", colors[j] ?? "", matrix);
      expect([names[i], names[j], apart > 10]).toEqual([names[i], names[j], true]);
    }
  });

  test("need not be seen: shapes differ too, none is the paper's diamond, and lightness is below paper's", () => {
    expect(new Set(shapes).size).toBe(names.length);
    expect(shapes).not.toContain("diamond");
    for (const color of colors) expect(lab(linear(ink.paper))[0] - lab(linear(color))[0]).toBeGreaterThan(20);
    expect(dashes).toHaveLength(names.length);
  });
});

test("lines without marks have dashes of their own", () => {
  const { names, dashes } = palettes.starts;
  expect(new Set(dashes.map(String)).size).toBe(names.length);
});
