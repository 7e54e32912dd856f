import type { TopLevelSpec } from "vega-lite";
import { type CorrelationGroup, correlationGroups, statedP } from "../analysis/correlations.ts";
import { cellsOf, variantLabel } from "../analysis/groups.ts";
import { missingComparisons } from "../analysis/missing.ts";
import type { PaperNumber } from "../analysis/paper-numbers.ts";
import type { Results } from "../analysis/types.ts";
import type { Measure } from "../plan/types.ts";
import { percent } from "../run/labels.ts";
import { type BarRow, barLayers, barRows, barTable, paperBarRows, placedRows } from "./correlation-bars.ts";
import { captionOf, type Figure, printWidth, slug } from "./figure.ts";
import { legendColumns } from "./legend.ts";
import { type DrawnMean, meansOver } from "./means-over.ts";
import { config, measurePalette, panel, variantPalette } from "./theme.ts";
import { variantPanels, variantsWithRows } from "./variant-panels.ts";

/** R_p(θ0, θT) by p with its null, a bar per variant (paper, Figures 4 and A2); undefined when none is done. */
export function preTrainingCorrelation(results: Results): Figure | undefined {
  const groups = correlationGroups(results).filter(({ measure }) => measure === "pre-training");
  if (groups.length === 0) return undefined;
  const rows = barRows(results, groups, "p");
  const palette = variantPalette(results.spec.variants.map(({ label }) => label));
  const look = {
    rows,
    groups: groupsInOrder(rows, ({ p }) => p),
    by: "variant" as const,
    palette,
    width: panel.width,
  };
  return {
    name: "correlation-pre-training",
    title: "Correlation of initial and pre-trained weights, R_p(θ0, θT)",
    caption: captionOf(
      `Bars are means over ${meansOver(barMeans(results, groups))}, small marks the seeds.`,
      "The line across a bar is its null: the mean of R_p for independent weights.",
      leftOut(results, ["pre-training"]),
    ),
    width: "column",
    table: barTable(rows),
    spec: {
      $schema: "https://vega.github.io/schema/vega-lite/v6.json",
      description: "R_p of initial and pre-trained weights by p, with its null",
      config,
      data: { values: placedRows(look) },
      ...panel,
      layer: barLayers({
        ...look,
        legendColumns: legendColumns(palette.names, 1),
        xTitle: "p",
        yTitle: "R_p (line: its null)",
      }),
    },
  };
}

const maskMeasures: readonly Measure[] = ["ticket", "reinit", "fine-tune to initial", "fine-tune to pre-trained"];

/**
 * R_p under the masks of one pruning setting at one p, each bar with its null (paper, Figures 5c,d and A4 to A6, Table 1), a panel per
 * variant; undefined when none is done.
 * @param numbers what the paper states; those of this setting are marked
 */
export function maskCorrelation(
  results: Results,
  pruning: string,
  numbers: readonly PaperNumber[] = [],
): Figure | undefined {
  const all = correlationGroups(results);
  const p = statedP(all);
  const groups = all.filter((group) => group.cell?.pruning === pruning && group.p === p);
  if (p === undefined || groups.length === 0) return undefined;
  const measures = maskMeasures.filter((measure) => groups.some((group) => group.measure === measure));
  const marks = paperBarRows(
    results,
    numbers.filter(({ reported: { quantity }, cell }) => {
      return cell?.pruning === pruning && quantity.kind === "correlation" && quantity.p === p;
    }),
  );
  const rows = [...barRows(results, groups, "sparsity"), ...marks];
  return {
    name: `correlation-${slug(pruning)}`,
    title: `Correlation under a mask, ${pruning} pruning: R_p at p = ${percent(p)} against its null`,
    caption: captionOf(
      `Bars are means over ${meansOver(barMeans(results, groups))}, small marks the seeds.`,
      "The line across a bar is its null: the mean of R_p for independent weights under the mask.",
      "Ticket and reinit: initial weights against the fine-tuned ones.",
      "Fine-tune to initial, to pre-trained: fine-tuned weights against θ0, θT; measured only where p is below what the mask keeps.",
      marks.length === 0 ? undefined : "Open diamonds: the paper’s numbers.",
      leftOut(results, measures, pruning),
    ),
    ...maskPlot(results, groups, measures, rows, `R_p at p = ${percent(p)} (line: its null)`),
    table: barTable(rows),
  };
}

/** More bars than this need the whole width of the page. */
const MOST_BARS = 24;

function maskPlot(
  results: Results,
  groups: readonly CorrelationGroup[],
  measures: readonly Measure[],
  rows: readonly BarRow[],
  yTitle: string,
): { readonly width: Figure["width"]; readonly spec: TopLevelSpec } {
  const palette = measurePalette(measures);
  const variants = variantsWithRows(results, rows);
  const sparsities = cellsOf(groups).map(({ sparsity }) => percent(sparsity));
  const isWide = sparsities.length * measures.length > MOST_BARS;
  const width = isWide ? 2 * panel.width : panel.width;
  const look = { rows, groups: sparsities, by: "measure" as const, palette, width };
  return {
    width: isWide ? "page" : printWidth(variants.length),
    spec: {
      ...variantPanels("R_p under the mask by sparsity and measure, with its null", variants, placedRows(look)),
      ...(isWide ? { columns: 1 } : {}),
      spec: {
        width,
        height: panel.height,
        layer: barLayers({
          ...look,
          legendColumns: legendColumns(palette.names, isWide ? 2 : variants.length),
          xTitle: "sparsity",
          yTitle,
        }),
      },
    },
  };
}

function groupsInOrder(rows: readonly BarRow[], by: (row: BarRow) => number): readonly string[] {
  return [...new Set([...rows].sort((a, b) => by(a) - by(b)).map(({ group }) => group))];
}

function barMeans(results: Results, groups: readonly CorrelationGroup[]): readonly DrawnMean[] {
  return groups.map(({ variant, measure, cell, rp }) => {
    const place = cell === undefined ? "" : `, ${measure}, ${percent(cell.sparsity)}`;
    return { n: rp.n, at: `${variantLabel(results, variant)}${place}` };
  });
}

function leftOut(results: Results, measures: readonly Measure[], pruning?: string): string | undefined {
  return missingComparisons(
    results,
    results.comparisons.filter(({ measure, cell }) => measures.includes(measure) && cell?.pruning === pruning),
  );
}
