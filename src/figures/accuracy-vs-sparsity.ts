import type { TopLevelSpec } from "vega-lite";
import { armGroups, startsOf } from "../analysis/groups.ts";
import { missingNote } from "../analysis/missing.ts";
import type { PaperNumber } from "../analysis/paper-numbers.ts";
import type { Results } from "../analysis/types.ts";
import { accuracyAxes, denseLayers, paperLayers, paperNote } from "./accuracy-layers.ts";
import { type AccuracyPlot, accuracyPlot, armMeans } from "./accuracy-rows.ts";
import { axisNote, captionOf, type Figure, printWidth, slug } from "./figure.ts";
import { legendColumns } from "./legend.ts";
import { pointLayers } from "./marks.ts";
import { meansOver } from "./means-over.ts";
import { colorOf, dashOf, type Palette, panel, shapeOf, startPalette } from "./theme.ts";
import { variantPanels, variantsWithRows } from "./variant-panels.ts";

/**
 * Test accuracy against sparsity under the masks of one pruning setting, a panel per variant (paper, Figures 2, 5a,b and 6).
 * @param numbers what the paper states; those of this setting are marked
 * @returns undefined when nothing to show is done
 */
export function accuracyVsSparsity(
  results: Results,
  pruning: string,
  numbers: readonly PaperNumber[] = [],
): Figure | undefined {
  const groups = armGroups(results).filter(({ cell }) => cell === undefined || cell.pruning === pruning);
  const isHere = (number: PaperNumber) => number.pruning === undefined || number.pruning === pruning;
  const plot = accuracyPlot(results, groups, numbers.filter(isHere));
  if (plot === undefined) return undefined;
  const variants = variantsWithRows(results, plot.rows);
  return {
    name: `accuracy-${slug(pruning)}`,
    title: `Test accuracy against sparsity, ${pruning} pruning`,
    caption: captionOf(
      `Lines join the means over ${meansOver(armMeans(results, groups))}, small marks are the seeds (shifted sideways to be told apart).`,
      "The horizontal line is the mean of the dense network, the band its range over the seeds (ticks at the left).",
      paperNote(plot),
      axisNote(plot.accuracies, plot.hidden),
      missingNote(
        results,
        groups.flatMap(({ arms }) => arms),
      ),
    ),
    width: printWidth(variants.length),
    table: plot.table,
    spec: specOf(plot, variants, startPalette(startsOf(groups))),
  };
}

function specOf(plot: AccuracyPlot, variants: readonly string[], palette: Palette): TopLevelSpec {
  const axes = accuracyAxes(plot);
  const { x, y } = axes;
  const color = {
    ...colorOf("start", palette),
    legend: { columns: legendColumns(palette.names, variants.length) },
  };
  const shape = shapeOf("start", palette);
  return {
    ...variantPanels("Test accuracy against sparsity, by start", variants, plot.rows),
    spec: {
      ...panel,
      layer: [
        ...denseLayers(axes),
        {
          // A field of its own keeps the dashes out of the legend, whose symbols are no lines.
          transform: [{ filter: "datum.kind === 'line'" }, { calculate: "datum.start", as: "dash" }],
          mark: { type: "line", strokeWidth: 1.8 },
          encoding: {
            x,
            y,
            color,
            strokeDash: { ...dashOf("dash", palette), legend: null },
            detail: { field: "part", type: "nominal" },
          },
        },
        {
          transform: [{ filter: "datum.kind === 'below'" }],
          mark: { type: "point", filled: true, shape: "triangle-down", size: 60, opacity: 1, yOffset: -5 },
          encoding: { x, y, color },
        },
        ...pointLayers({ x, y, color, shape }),
        ...paperLayers(axes, plot.domain, color),
      ],
    },
  };
}
