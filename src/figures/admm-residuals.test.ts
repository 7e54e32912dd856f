import { expect, test } from "vitest";
import { fixtureResults } from "../analysis/fixture.ts";
import { admmResiduals } from "./admm-residuals.ts";
import type { Figure } from "./figure.ts";
import { renderPng, renderSvg } from "./render.ts";

const results = fixtureResults({ prunings: ["admm"], sparsities: [0.5, 0.9], seeds: 3 });

function existing(figure: Figure | undefined): Figure {
  if (figure === undefined) throw new Error("expected a figure");
  return figure;
}

type Row = Readonly<Record<string, unknown>>;

function rows(figure: Figure, kind: string): readonly Row[] {
  const { data } = figure.spec as { data?: { values?: Row[] } };
  return (data?.values ?? []).filter((row) => row.kind === kind);
}

test("draws every layer's mean and the largest of all layers and seeds, in each epoch", () => {
  const figure = existing(admmResiduals(results, "admm"));
  expect(rows(figure, "layer")).toHaveLength(2 * 2 * 3 * 12);
  expect(rows(figure, "worst")).toHaveLength(2 * 2 * 12);
  // The fixture: s · exp(-rate · epoch) · (1 + 0.3·layer + 0.1·seed).
  const at = (kind: string, more: Row) =>
    rows(figure, kind).find((row) =>
      Object.entries({ variant: "lr 0.1", sparsity: "50 %", epoch: 4, ...more }).every(([k, v]) => row[k] === v),
    )?.residual;
  expect(at("layer", { layer: "fc1.weight" })).toBeCloseTo(0.5 * Math.exp(-2) * 1.4, 12);
  expect(at("worst", {})).toBeCloseTo(0.5 * Math.exp(-2) * 1.8, 12);
});

test("says what has not converged, and draws with the stages' ends and the limit", async () => {
  const figure = existing(admmResiduals(results, "admm"));
  expect(figure.name).toBe("residuals-admm");
  expect(figure.caption).toContain("Dashed: a run has converged when every layer ends at or below 5 %.");
  expect(figure.caption).toContain("ADMM has not converged in lr 0.01, admm 90 %");
  expect(figure.caption).not.toContain("admm 50 %");
  const svg = await renderSvg(figure.spec);
  // Per panel: rho grows three times, and one limit.
  expect(
    svg.match(/<line [^>]*aria-roledescription="rule"|aria-roledescription="rule mark/g)?.length ?? 0,
  ).toBeGreaterThan(0);
  expect(renderPng(svg, 1).subarray(1, 4).toString()).toBe("PNG");
});

test("draws zeros, a single epoch and diverged runs, and says so", async () => {
  const admm = results.admm.map((run, i) => ({
    ...run,
    status: i === 0 ? ("diverged" as const) : ("done" as const),
    epochs: [{ epoch: 1, rho: 0.1, residuals: { a: 0, b: i / 100 } }],
  }));
  const figure = existing(admmResiduals({ ...results, admm }, "admm"));
  expect(figure.caption).toContain("Values below 0.01 % lie on the axis.");
  expect(figure.caption).toContain("Not finished: 1 of 12 prunings.");
  expect(await renderSvg(figure.spec)).not.toContain("NaN");
});

test("there is none for another pruning, or before the first epoch", () => {
  expect(admmResiduals(results, "one-shot")).toBeUndefined();
  const started = results.admm.map((run) => ({ ...run, status: "missing" as const, epochs: [] }));
  expect(admmResiduals({ ...results, admm: started }, "admm")).toBeUndefined();
});
