import type { TopLevelSpec } from "vega-lite";
import { type ArmGroup, armGroups, pruningsOf } from "../analysis/groups.ts";
import { missingNote } from "../analysis/missing.ts";
import type { PaperNumber } from "../analysis/paper-numbers.ts";
import type { Results } from "../analysis/types.ts";
import { accuracyAxes, denseLayers, paperLayers, paperNote } from "./accuracy-layers.ts";
import { type AccuracyPlot, accuracyPlot, armMeans } from "./accuracy-rows.ts";
import { axisNote, captionOf, type Figure, printWidth } from "./figure.ts";
import { legendColumns } from "./legend.ts";
import { pointLayers } from "./marks.ts";
import { meansOver } from "./means-over.ts";
import { colorOf, ink, type Palette, panel, pruningPalette, shapeOf } from "./theme.ts";
import { variantPanels, variantsWithRows } from "./variant-panels.ts";

/** The starts that the paper shows under all its pruning algorithms. */
const shown = ["fine-tune", "ticket"] as const;

/**
 * Test accuracy of fine-tuning and winning tickets against sparsity under all pruning settings in one plot, a panel per variant
 * (paper, Figures 7, A11 and A12).
 * @returns undefined for less than two settings, or when nothing to show is done
 */
export function prunerComparison(results: Results, numbers: readonly PaperNumber[] = []): Figure | undefined {
  const isShown = ({ start }: Pick<ArmGroup, "start">) => shown.some((name) => name === start);
  const groups = armGroups(results).filter((group) => group.start === "dense" || isShown(group));
  const prunings = pruningsOf(groups);
  const plot = accuracyPlot(
    results,
    groups,
    numbers.filter(({ reported: { quantity } }) => {
      return quantity.kind === "accuracy" && (quantity.start === "dense" || isShown(quantity));
    }),
  );
  if (plot === undefined || prunings.length < 2) return undefined;
  const starts = shown.filter((start) => groups.some((group) => group.start === start));
  const variants = variantsWithRows(results, plot.rows);
  return {
    name: "accuracy-pruners",
    title: `Pruning settings compared: test accuracy of ${starts.join(" and ")} against sparsity`,
    caption: captionOf(
      `Colours and shapes are pruning settings. ${startsNote(starts)}`,
      `Lines join the means over ${meansOver(armMeans(results, groups))}, small marks are the seeds (shifted sideways to be told apart).`,
      "The horizontal line is the mean of the dense network, the band its range over the seeds (ticks at the left).",
      paperNote(plot),
      absentNote(groups, prunings),
      axisNote(plot.accuracies, plot.hidden),
      missingNote(
        results,
        groups.flatMap(({ arms }) => arms),
      ),
    ),
    width: printWidth(variants.length),
    table: plot.table,
    spec: specOf(plot, variants, pruningPalette(prunings), starts),
  };
}

function startsNote(starts: readonly string[]): string | undefined {
  const notes = {
    "fine-tune": "Solid lines and filled marks: fine-tune.",
    ticket: "Dashed lines and open marks: ticket.",
  };
  return starts.map((start) => notes[start as keyof typeof notes]).join(" ");
}

/** A pruning setting of which nothing at all is done has no line, so the caption names it. */
function absentNote(groups: readonly ArmGroup[], prunings: readonly string[]): string | undefined {
  const absent = prunings.filter(
    (pruning) => !groups.some(({ cell, final }) => cell?.pruning === pruning && final !== undefined),
  );
  return absent.length === 0 ? undefined : `Nothing to draw yet for ${absent.join(", ")}.`;
}

function specOf(
  plot: AccuracyPlot,
  variants: readonly string[],
  palette: Palette,
  starts: readonly string[],
): TopLevelSpec {
  const axes = accuracyAxes(plot);
  const { x, y } = axes;
  const color = { ...colorOf("pruning", palette), legend: { columns: legendColumns(palette.names, variants.length) } };
  const shape = shapeOf("pruning", palette);
  const dash = {
    field: "start",
    type: "nominal" as const,
    scale: { domain: [...starts], range: starts.map((start) => (start === "ticket" ? [4, 3] : [1, 0])) },
    legend: { symbolType: "stroke" as const, symbolStrokeWidth: 2, symbolSize: 300 },
  };
  const of = (start: string) => ({ filter: `datum.start === '${start}'` });
  const filled = pointLayers({ x, y, color, shape }).map((layer) => ({
    ...layer,
    transform: [...layer.transform, of("fine-tune")],
  }));
  const open = [
    { kind: "mean", size: 70, strokeWidth: 1.3 },
    { kind: "seed", size: 12, strokeWidth: 0.9 },
  ].map(({ kind, ...look }) => ({
    transform: [{ filter: `datum.kind === '${kind}'` }, of("ticket")],
    mark: { type: "point" as const, filled: false, fill: ink.paper, opacity: 1, ...look },
    encoding: {
      x,
      y,
      color,
      shape,
      ...(kind === "seed" ? { href: { field: "href" }, description: { field: "label" } } : {}),
    },
  }));
  return {
    ...variantPanels("Test accuracy against sparsity, by pruning setting and start", variants, plot.rows),
    spec: {
      ...panel,
      layer: [
        ...denseLayers(axes),
        {
          transform: [{ filter: "datum.kind === 'line'" }],
          mark: { type: "line", strokeWidth: 1.8 },
          encoding: { x, y, color, strokeDash: dash, detail: { field: "part", type: "nominal" } },
        },
        {
          transform: [{ filter: "datum.kind === 'below'" }],
          mark: { type: "point", filled: true, shape: "triangle-down", size: 60, opacity: 1, yOffset: -5 },
          encoding: { x, y, color },
        },
        ...open,
        ...filled,
        ...paperLayers(axes, plot.domain, color),
      ],
    },
  };
}
