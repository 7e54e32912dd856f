import { existsSync, readdirSync, rmSync } from "node:fs";
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

/** Removes figures that a report did not write: those of an earlier version of it, or of the program, would be taken for its own. */
export function removeOtherFigures(report: string, files: readonly string[]): void {
  const folder = join(report, "figures");
  const names = existsSync(folder) ? readdirSync(folder) : [];
  for (const name of names) {
    const path = join(folder, name);
    if (!files.includes(path) && /\.(svg|pdf|png|csv|vl\.json)$/.test(name)) rmSync(path, { force: true });
  }
}
