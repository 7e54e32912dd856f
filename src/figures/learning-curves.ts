import type { TopLevelSpec } from "vega-lite";
import {
  type ArmGroup,
  armGroups,
  cellsOf,
  type GroupCell,
  sameCell,
  startsOf,
  variantLabel,
} from "../analysis/groups.ts";
import { missingNote } from "../analysis/missing.ts";
import type { Results } from "../analysis/types.ts";
import { percent } from "../run/labels.ts";
import { armMeans } from "./accuracy-rows.ts";
import { axisNote, captionOf, type Figure, focusedDomain, partsAbove, printWidth } from "./figure.ts";
import { legendColumns } from "./legend.ts";
import { meansOver } from "./means-over.ts";
import { colorOf, dashOf, type Palette, panel, startPalette } from "./theme.ts";
import { variantPanels, variantsWithRows } from "./variant-panels.ts";

interface Row {
  readonly kind: "seed" | "mean";
  readonly variant: string;
  readonly start: string;
  readonly seed?: number;
  readonly epoch: number;
  readonly accuracy: number;
  /** Seeds of a mean. */
  readonly n?: number;
  /** Of the training. */
  readonly key?: string;
  /** Of a line, when it leaves the axis and comes back. */
  readonly part?: number;
}

/** The cell whose curves a report shows: the middle sparsity of the first pruning setting. */
export function typicalCell(results: Results): GroupCell | undefined {
  const cells = cellsOf(armGroups(results)).filter(({ pruneIndex }, _, [first]) => pruneIndex === first?.pruneIndex);
  return cells[Math.floor((cells.length - 1) / 2)];
}

/**
 * Test accuracy by epoch for dense and every start under the masks of one cell, a panel per variant.
 * @param cell none shows the dense runs alone
 * @returns undefined when nothing to show is done
 */
export function learningCurves(results: Results, cell: GroupCell | undefined): Figure | undefined {
  const groups = armGroups(results).filter((group) => group.cell === undefined || sameCell(group.cell, cell));
  const rows = groups.flatMap((group) => rowsOf(results, group));
  if (rows.length === 0) return undefined;
  const domain = curveDomain(rows);
  const variants = variantsWithRows(results, rows);
  const where = cell === undefined ? "" : `, ${cell.pruning} pruning, sparsity ${percent(cell.sparsity)}`;
  return {
    name: "learning-curves",
    title: `Learning curves${where}`,
    caption: captionOf(
      `Thick lines are means over ${meansOver(armMeans(results, groups))}, thin lines the seeds; epochs are those of each start's own training.`,
      axisNote(domain, rows.some(({ accuracy }) => accuracy < domain[0]) ? ["early or low parts of some curves"] : []),
      missingNote(
        results,
        groups.flatMap(({ arms }) => arms),
      ),
    ),
    width: printWidth(variants.length),
    table: rows.map(({ variant, start, kind, seed, epoch, accuracy, n, key }) => {
      return { variant, start, row: kind, seed, epoch, accuracy, n, key };
    }),
    spec: specOf(rowsAbove(rows, domain[0]), domain, {
      variants,
      palette: startPalette(startsOf(groups)),
      last: Math.max(...rows.map(({ epoch }) => epoch)),
    }),
  };
}

function rowsOf(results: Results, { variant, name, arms }: ArmGroup): readonly Row[] {
  const done = arms.filter(({ status }) => status === "done");
  const base = { variant: variantLabel(results, variant), start: name };
  const seeds = done.flatMap(({ seed, train, curve }) =>
    curve.map(({ epoch, testAccuracy }): Row => {
      return { kind: "seed", ...base, seed, epoch, accuracy: 100 * testAccuracy, key: train };
    }),
  );
  const epochs = [...new Set(seeds.map(({ epoch }) => epoch))];
  const means = epochs.map((epoch): Row => {
    const values = seeds.filter((row) => row.epoch === epoch).map(({ accuracy }) => accuracy);
    const n = values.length;
    return { kind: "mean", ...base, epoch, accuracy: values.reduce((sum, value) => sum + value, 0) / n, n };
  });
  return [...seeds, ...means];
}

/** Every curve cut at the bottom of the axis. */
function rowsAbove(rows: readonly Row[], bottom: number): readonly Row[] {
  const curves = new Map<string, Row[]>();
  for (const row of rows) {
    const id = JSON.stringify([row.kind, row.variant, row.start, row.seed]);
    const curve = curves.get(id);
    if (curve === undefined) curves.set(id, [row]);
    else curve.push(row);
  }
  return [...curves.values()].flatMap((curve) =>
    partsAbove(
      curve.map(({ epoch, accuracy }) => ({ x: epoch, y: accuracy })),
      bottom,
    ).flatMap((points, part) => points.map(({ x, y }) => ({ ...(curve[0] as Row), epoch: x, accuracy: y, part }))),
  );
}

/** Early epochs are far below the end; an axis for all of them would press what matters into a line. */
function curveDomain(rows: readonly Row[]): [number, number] {
  const last = Math.max(...rows.map(({ epoch }) => epoch));
  const settled = rows.filter(({ epoch }) => epoch >= Math.min(3, last) && epoch >= last / 10);
  const highest = Math.max(...rows.map(({ accuracy }) => accuracy));
  return focusedDomain([...settled.map(({ accuracy }) => accuracy), highest]);
}

interface Look {
  readonly variants: readonly string[];
  readonly palette: Palette;
  /** Last epoch. */
  readonly last: number;
}

function specOf(rows: readonly Row[], domain: [number, number], { variants, palette, last }: Look): TopLevelSpec {
  const x = {
    field: "epoch",
    type: "quantitative" as const,
    scale: { domain: [0, last], nice: false },
    axis: { title: "epoch", grid: false, tickMinStep: 1, tickCount: 6 },
  };
  const y = {
    field: "accuracy",
    type: "quantitative" as const,
    scale: { domain, nice: false, zero: false },
    axis: { title: "test accuracy", labelExpr: "datum.label + ' %'", tickCount: 6 },
  };
  const legend = {
    symbolType: "stroke" as const,
    symbolStrokeWidth: 2.2,
    symbolSize: 300,
    columns: legendColumns(palette.names, variants.length),
  };
  const color = { ...colorOf("start", palette), legend };
  const strokeDash = { ...dashOf("start", palette), legend };
  return {
    ...variantPanels("Test accuracy by epoch, by start", variants, rows),
    spec: {
      ...panel,
      layer: [
        {
          transform: [{ filter: "datum.kind === 'seed'" }],
          mark: { type: "line", strokeWidth: 0.8, opacity: 0.4 },
          encoding: { x, y, color, detail: { field: "seed", type: "nominal" as const } },
        },
        {
          transform: [{ filter: "datum.kind === 'mean'" }],
          mark: { type: "line", strokeWidth: 2.2 },
          encoding: { x, y, color, strokeDash, detail: { field: "part", type: "nominal" } },
        },
      ],
    },
  };
}
