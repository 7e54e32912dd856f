import type { CorrelationGroup } from "../analysis/correlations.ts";
import type { CsvRow } from "../analysis/csv.ts";
import { rpText } from "../analysis/format.ts";
import { variantLabel } from "../analysis/groups.ts";
import type { PaperNumber } from "../analysis/paper-numbers.ts";
import type { Results } from "../analysis/types.ts";
import { percent } from "../run/labels.ts";
import { runLink } from "./run-link.ts";
import { colorOf, ink, type Palette, percentLabel, shapeOf } from "./theme.ts";

/** One mark of a figure of R_p: a bar, its null, a seed's point, or the paper's number. R_p and its null are shares. */
export interface BarRow {
  readonly kind: "seed" | "mean" | "null" | "paper";
  readonly variant: string;
  readonly measure: string;
  /** Absent for pre-training. */
  readonly pruning?: string;
  readonly sparsity?: number;
  readonly p: number;
  readonly value: number;
  readonly nullMean?: number;
  readonly n?: number;
  readonly seed?: number;
  /** Of a seed among those of its bar, from 0. */
  readonly place?: number;
  /** Of the compare stage. */
  readonly key?: string;
  readonly href?: string;
  readonly label?: string;
  /** What the bars are grouped by: p or sparsity as people read it. */
  readonly group: string;
}

/** The rows of every group: its seeds, its mean and its null. */
export function barRows(
  results: Results,
  groups: readonly CorrelationGroup[],
  by: "p" | "sparsity",
): readonly BarRow[] {
  return groups.flatMap(({ variant, measure, cell, p, seeds, rp, nullMean }): readonly BarRow[] => {
    const base = {
      variant: variantLabel(results, variant),
      measure,
      ...(cell === undefined ? {} : { pruning: cell.pruning, sparsity: cell.sparsity }),
      p,
      group: percent(by === "p" ? p : (cell?.sparsity ?? 0)),
    };
    return [
      ...seeds.map((seed, place): BarRow => {
        const label = `${measure}, ${base.group}, seed ${seed.seed}: ${rpText(seed.rp)}, null ${rpText(seed.nullMean)}`;
        const { rp: value, nullMean: mean, key } = seed;
        return { kind: "seed", ...base, value, nullMean: mean, seed: seed.seed, place, key, href: runLink(key), label };
      }),
      {
        kind: "mean",
        ...base,
        value: rp.mean,
        nullMean,
        n: rp.n,
        label: `${measure}, ${base.group}, mean: ${rpText(rp.mean)}, null ${rpText(nullMean)}`,
      },
      { kind: "null", ...base, value: nullMean, n: rp.n },
    ];
  });
}

/** What the paper states of measures under masks that we have. */
export function paperBarRows(results: Results, numbers: readonly PaperNumber[]): readonly BarRow[] {
  return numbers.flatMap(({ reported: { quantity, value }, variant, cell }): readonly BarRow[] => {
    if (quantity.kind !== "correlation" || variant === undefined || cell === undefined) return [];
    const { pruning, sparsity } = cell;
    const { measure, p } = quantity;
    const base = { variant: variantLabel(results, variant), measure, pruning, sparsity, p, group: percent(sparsity) };
    return [{ kind: "paper", ...base, value: value / 100 }];
  });
}

/** What is drawn, for the CSV file. */
export function barTable(rows: readonly BarRow[]): readonly CsvRow[] {
  return rows.flatMap(({ kind, variant, measure, pruning, sparsity, p, value, nullMean, n, seed, key }) =>
    // The null stands beside every R_p, so it needs no row of its own.
    kind === "null" ? [] : [{ variant, measure, pruning, sparsity, p, row: kind, seed, rp: value, nullMean, n, key }],
  );
}

interface BarLook {
  readonly rows: readonly BarRow[];
  /** In the order in which they stand. */
  readonly groups: readonly string[];
  readonly by: "variant" | "measure";
  readonly palette: Palette;
  readonly legendColumns: number;
  /** Of the panel, in pixels. */
  readonly width: number;
  readonly xTitle: string;
  readonly yTitle: string;
}

/** A bar wider than this looks like a wall. */
const WIDEST_BAR = 44;

/**
 * The rows with their places on an axis where group i takes [i, i + 1]: `x` and `x2` are a bar's sides, of a seed and the paper `x`
 * is the point's. Computed here because seeds stand beside each other within a bar.
 */
export function placedRows({ rows, groups, by, palette, width }: Omit<BarLook, "xTitle" | "yTitle" | "legendColumns">) {
  const series = palette.names.length;
  const bar = barWidth(groups.length, series, width);
  return rows.map((row) => {
    const left = groups.indexOf(row.group) + 0.5 + bar * (palette.names.indexOf(row[by]) - series / 2);
    if (row.kind === "paper") return { ...row, x: left + bar / 2 };
    if (row.kind === "null") return { ...row, x: left, x2: left + bar };
    if (row.kind === "mean") return { ...row, x: left + 0.03 * bar, x2: left + 0.97 * bar };
    const n = rows.filter(
      (o) => o.kind === "seed" && o.group === row.group && o[by] === row[by] && o.variant === row.variant,
    ).length;
    return { ...row, x: left + (bar * ((row.place ?? 0) + 1)) / (n + 1) };
  });
}

/** In groups. */
function barWidth(groups: number, series: number, width: number): number {
  return Math.min(0.84 / series, (WIDEST_BAR * groups) / width);
}

/** Bars in groups: R_p, across each the line of its null, and a point for every seed. From `placedRows`. */
export function barLayers({ rows, groups, by, palette, legendColumns, width, xTitle, yTitle }: BarLook) {
  const x = {
    field: "x",
    type: "quantitative" as const,
    scale: { domain: [0, groups.length], nice: false, zero: false },
    axis: {
      title: xTitle,
      values: groups.map((_, i) => i + 0.5),
      labelExpr: `${JSON.stringify(groups)}[floor(datum.value)]`,
      labelOverlap: "greedy" as const,
      labelSeparation: 8,
      grid: false,
      ticks: false,
      labelPadding: 6,
    },
  };
  const y = yOf(rows, yTitle);
  const sides = { x, x2: { field: "x2" } };
  const only = (kind: BarRow["kind"]) => [{ filter: `datum.kind === '${kind}'` }];
  const isNarrow = barWidth(groups.length, palette.names.length, width) * (width / groups.length) < 14;
  const open = { type: "point" as const, filled: false, fill: ink.paper, stroke: ink.text, opacity: 1 };
  return [
    {
      transform: only("mean"),
      mark: { type: "rect" as const, fillOpacity: 0.75 },
      encoding: {
        ...sides,
        y,
        y2: { datum: 0 },
        description: { field: "label" },
        fill: { ...colorOf(by, palette), legend: { columns: legendColumns, symbolStrokeColor: ink.text } },
      },
    },
    // A pale rim, so that the null can be seen on dark bars.
    {
      transform: only("null"),
      mark: { type: "rule" as const, color: ink.paper, strokeWidth: 4.5 },
      encoding: { ...sides, y },
    },
    {
      transform: only("null"),
      mark: { type: "rule" as const, color: ink.text, strokeWidth: 2 },
      encoding: { ...sides, y },
    },
    {
      transform: only("seed"),
      mark: { ...open, strokeWidth: 0.9, size: isNarrow ? 12 : 22 },
      encoding: { x, y, shape: shapeOf(by, palette), href: { field: "href" }, description: { field: "label" } },
    },
    {
      transform: only("paper"),
      mark: { ...open, shape: "diamond", size: 110, strokeWidth: 1.6 },
      encoding: { x, y },
    },
    {
      transform: only("paper"),
      mark: {
        type: "text" as const,
        text: "paper",
        fontSize: 12,
        fontStyle: "italic" as const,
        color: ink.text,
        baseline: "bottom" as const,
        dy: -8,
      },
      encoding: { x, y },
    },
  ];
}

/** R_p is a share, so its axis starts at 0 and both distances, to 0 and to the null, can be read. */
function yOf(rows: readonly BarRow[], title: string) {
  const highest = Math.max(...rows.map(({ value }) => value));
  // R_p passes 1 by a hair when k was rounded up.
  const top = Math.min(1.08 * highest, Math.max(1, highest));
  return {
    field: "value",
    type: "quantitative" as const,
    scale: { domain: [0, top], nice: true },
    axis: { title, labelExpr: percentLabel, tickCount: 6 },
  };
}
