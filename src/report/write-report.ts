import { join } from "node:path";
import { connectivityCsv, correlationsCsv, resultsCsv, resultsJson } from "../analysis/export.ts";
import { paperNumbers, paperNumbersCsv } from "../analysis/paper-numbers.ts";
import type { Results } from "../analysis/types.ts";
import { writeFileAtomic } from "../core/atomic-write.ts";
import { renderSvg } from "../figures/render.ts";
import type { PaperContext } from "../paper/types.ts";
import type { DrawnFigure } from "./figure-section.ts";
import { reportPage } from "./page.ts";
import { reportFigures } from "./report-figures.ts";
import { removeOtherFigures, writeFigures } from "./write-figures.ts";

/**
 * Writes `report.html`, complete in itself, and beside it `results.csv`, `correlations.csv`, `results.json` and
 * `figures/` with every figure as SVG, PDF, PNG, Vega-Lite, and CSV. The same results give the same bytes.
 * @param folder created when missing; files of the same names are replaced
 * @param paper  which of the paper's figures or tables this is: its numbers are marked in the figures, listed in the page and written
 *   to `paper-numbers.csv`, and everything is labelled with the scale
 * @returns the files written, the page first
 * @throws RunError when a file cannot be written
 */
export async function writeReport(results: Results, folder: string, paper?: PaperContext): Promise<readonly string[]> {
  const files: string[] = [];
  const write = (name: string, content: string | Uint8Array) => {
    const path = join(folder, name);
    writeFileAtomic(path, content);
    files.push(path);
  };
  const drawn: DrawnFigure[] = [];
  for (const figure of reportFigures(results, paper)) drawn.push({ figure, svg: await renderSvg(figure.spec) });
  write("report.html", reportPage(results, drawn, paper));
  write("results.csv", resultsCsv(results));
  write("correlations.csv", correlationsCsv(results));
  if (results.connections.length > 0) write("connectivity.csv", connectivityCsv(results));
  write("results.json", resultsJson(results));
  if (paper !== undefined) write("paper-numbers.csv", paperNumbersCsv(results, paperNumbers(results, paper.reported)));
  files.push(...(await writeFigures(drawn, folder)));
  removeOtherFigures(folder, files);
  return files;
}
