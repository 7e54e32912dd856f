import { join } from "node:path";
import { correlationsCsv, resultsCsv, resultsJson } from "../analysis/export.ts";
import { armGroups, pruningsOf } from "../analysis/groups.ts";
import type { Results } from "../analysis/types.ts";
import { writeFileAtomic } from "../core/atomic-write.ts";
import { accuracyVsSparsity } from "../figures/accuracy-vs-sparsity.ts";
import { admmResiduals } from "../figures/admm-residuals.ts";
import { maskCorrelation, preTrainingCorrelation } from "../figures/correlation.ts";
import type { Figure } from "../figures/figure.ts";
import { learningCurves, typicalCell } from "../figures/learning-curves.ts";
import { renderPng, renderSvg } from "../figures/render.ts";
import type { DrawnFigure } from "./figure-section.ts";
import { reportPage } from "./page.ts";

/** Sharp on a screen with two pixels per point, and wide enough for a slide. */
const PNG_SCALE = 2;

/**
 * Writes `report.html`, complete in itself, and beside it `results.csv`, `correlations.csv`, `results.json` and
 * `figures/` with every figure as SVG, PNG and Vega-Lite. The same results give the same bytes.
 * @param folder created when missing; files of the same names are replaced
 * @returns the files written, the page first
 * @throws RunError when a file cannot be written
 */
export async function writeReport(results: Results, folder: string): Promise<readonly string[]> {
  const files: string[] = [];
  const write = (name: string, content: string | Uint8Array) => {
    const path = join(folder, name);
    writeFileAtomic(path, content);
    files.push(path);
  };
  const drawn: DrawnFigure[] = [];
  for (const figure of reportFigures(results)) drawn.push({ figure, svg: await renderSvg(figure.spec) });
  write("report.html", reportPage(results, drawn));
  write("results.csv", resultsCsv(results));
  write("correlations.csv", correlationsCsv(results));
  write("results.json", resultsJson(results));
  for (const { figure, svg } of drawn) {
    write(join("figures", `${figure.name}.svg`), svg);
    write(join("figures", `${figure.name}.png`), renderPng(svg, PNG_SCALE));
    write(join("figures", `${figure.name}.vl.json`), `${JSON.stringify(figure.spec, null, 2)}\n`);
  }
  return files;
}

/** All figures that the results have something for, in the report's order. */
export function reportFigures(results: Results): readonly Figure[] {
  const prunings = pruningsOf(armGroups(results));
  return [
    ...prunings.map((pruning) => accuracyVsSparsity(results, pruning)),
    preTrainingCorrelation(results),
    ...prunings.map((pruning) => maskCorrelation(results, pruning)),
    ...prunings.map((pruning) => admmResiduals(results, pruning)),
    learningCurves(results, typicalCell(results)),
  ].filter((figure) => figure !== undefined);
}
