import { join } from "node:path";
import { toCsv } from "../analysis/csv.ts";
import { writeFileAtomic } from "../core/atomic-write.ts";
import { printWidths } from "../figures/figure.ts";
import { renderPdf } from "../figures/pdf.ts";
import { renderPng } from "../figures/render.ts";
import type { DrawnFigure } from "./figure-section.ts";

/** Some 350 pixels per inch at the width at which a figure is printed. */
const PNG_SCALE = 3;

/**
 * Writes every figure to `figures/` in a report's folder, as SVG, PDF, PNG, CSV and Vega-Lite.
 * @returns the files written
 */
export async function writeFigures(drawn: readonly DrawnFigure[], folder: string): Promise<readonly string[]> {
  const files: string[] = [];
  for (const { figure, svg } of drawn) {
    const { name, title, width, table, spec } = figure;
    const contents = {
      svg,
      pdf: await renderPdf(svg, title, printWidths[width]),
      png: renderPng(svg, PNG_SCALE),
      csv: toCsv(table),
      "vl.json": `${JSON.stringify(spec, null, 2)}\n`,
    };
    for (const [extension, content] of Object.entries(contents)) {
      const path = join(folder, "figures", `${name}.${extension}`);
      writeFileAtomic(path, content);
      files.push(path);
    }
  }
  return files;
}
