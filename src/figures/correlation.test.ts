import { describe, expect, test } from "vitest";
import { fixtureResults } from "../analysis/fixture.ts";
import type { ComparisonResult } from "../analysis/types.ts";
import { maskCorrelation, preTrainingCorrelation } from "./correlation.ts";
import { existing, rows, symbols, texts } from "./drawing.fixture.ts";
import { renderSvg } from "./render.ts";

const seeds = 4;
const results = fixtureResults({ seeds });

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

  test("is not drawn without comparisons", () => {
    const missing = results.comparisons.map((comparison) => ({
      ...comparison,
      status: "missing" as const,
      points: [],
    }));
    expect(preTrainingCorrelation({ ...results, comparisons: missing })).toBeUndefined();
    expect(maskCorrelation({ ...results, comparisons: missing }, "iterative")).toBeUndefined();
  });

  test("names the variants that it drops with the reason, and seeds that are left out of the others", () => {
    const change = (
      isChanged: (comparison: ComparisonResult) => boolean,
      outcome: Pick<ComparisonResult, "status" | "cause">,
    ) =>
      results.comparisons.map((comparison) =>
        isChanged(comparison) ? { ...comparison, ...outcome, points: [] } : comparison,
      );
    const skipped = change(({ variant, seed }) => variant === "v1" || seed === 2, {
      status: "skipped",
      cause: "diverged",
    });
    expect(preTrainingCorrelation({ ...results, comparisons: skipped })?.caption).toContain(
      "Nothing to draw for lr 0.1 (4 an input diverged). Left out: lr 0.01, pre-training, seed 2 (an input diverged).",
    );
    const missing = change(({ variant }) => variant === "v0", { status: "missing" });
    const figure = maskCorrelation({ ...results, comparisons: missing }, "one-shot");
    // Three sparsities, four measures and four seeds.
    expect(figure?.caption).toContain("Nothing to draw for lr 0.01 (48 not run yet).");
    expect(figure?.caption).not.toContain("Left out");
    const much = change(({ seed, measure }) => seed < 2 && measure === "ticket", { status: "failed" });
    const some = maskCorrelation({ ...results, comparisons: much }, "one-shot");
    expect(some?.caption).toContain("Left out: lr 0.01, ticket, 50 %, seeds 0 and 1 (failed); lr 0.01, ticket, 70 %");
    expect(maskCorrelation(results, "one-shot")?.caption).not.toMatch(/Left out|Nothing to draw/);
  });
});
