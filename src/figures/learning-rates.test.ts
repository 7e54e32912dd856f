import { describe, expect, test } from "vitest";
import { diagnose } from "../claims/diagnosis.ts";
import { type World, worldResults } from "../claims/world.fixture.ts";
import { learningRates } from "./learning-rates.ts";
import { renderPng, renderSvg } from "./render.ts";

const figureOf = (world: World = {}, lr = 0.1) => {
  const results = worldResults({ rates: [0.001, 0.01, 0.1], prunings: [], ...world });
  return learningRates(results, diagnose(results, lr));
};

describe("accuracy and R_p − null against the learning rate", () => {
  const figure = figureOf();

  test("has a row per rate and seed and one per mean in both panels, and the mean is the seeds' mean", () => {
    const rows = figure?.table ?? [];
    for (const panel of ["accuracy", "R_p - null"]) {
      const own = rows.filter((row) => row.panel === panel);
      expect(own.filter(({ row }) => row === "seed")).toHaveLength(9);
      const column = panel === "accuracy" ? "accuracy" : "excess";
      const seeds = own.filter(({ row, lr }) => row === "seed" && lr === 0.01).map((row) => Number(row[column]));
      const mean = own.find(({ row, lr }) => row === "mean" && lr === 0.01);
      expect(Number(mean?.[column])).toBeCloseTo(
        seeds.reduce((sum, value) => sum + value / 3, 0),
        10,
      );
    }
  });

  test("draws both panels, on a logarithmic axis, and marks the rate in question", async () => {
    if (figure === undefined) throw new Error("no figure");
    const svg = await renderSvg(figure.spec);
    expect(svg).toContain("learning rate");
    expect(svg).toContain("R_0.2 − null");
    // A decade is as wide wherever it is: labels of 0.001, 0.01 and 0.1 are evenly spaced.
    const at = (label: string) =>
      Number(new RegExp(`<text[^>]*transform="translate\\(([\\d.]+),[^>]*>${label}</text>`).exec(svg)?.[1]);
    expect(at("0.1") - at("0.01")).toBeCloseTo(at("0.01") - at("0.001"), 0);
    expect(svg).toContain("stroke-dasharray");
    expect(renderPng(svg, 1).length).toBeGreaterThan(1000);
    expect(await renderSvg(figure.spec)).toBe(svg);
  });

  test("the caption says n, the margins, and what diverged", () => {
    expect(figure?.caption).toContain("3 seeds");
    expect(figure?.caption).toContain("± 3 points");
    expect(figure?.caption).toContain("dashed vertical line is lr 0.1");
    const diverged = figureOf({ status: ({ variant, seed }) => (variant === "v2" && seed > 0 ? "diverged" : "done") });
    expect(diverged?.caption).toContain("Diverged: lr 0.1 in 2 seeds.");
  });

  test("there is none when nothing is done", () => {
    expect(figureOf({ status: () => "missing" })).toBeUndefined();
  });
});
