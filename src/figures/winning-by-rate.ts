import type { TopLevelSpec } from "vega-lite";
import type { CsvRow } from "../analysis/csv.ts";
import { pointsText, rpText, seedsText } from "../analysis/format.ts";
import { type GroupCell, sameCell } from "../analysis/groups.ts";
import { missingNote } from "../analysis/missing.ts";
import { spreadOf } from "../analysis/spread.ts";
import type { ArmResult, Results } from "../analysis/types.ts";
import { SHARE } from "../claims/margins.ts";
import { percent } from "../run/labels.ts";
import type { Setting } from "../spec/types.ts";
import { captionOf, type Figure } from "./figure.ts";
import { pointLayers } from "./marks.ts";
import { type DrawnMean, meansOver } from "./means-over.ts";
import { runLink } from "./run-link.ts";
import { colorOf, config, ink, panel, shapeOf, startPalette, variantPalette } from "./theme.ts";

interface Row {
  readonly kind: "seed" | "mean";
  /** `ticket − dense`, `ticket − reinit` or `R_0.2`. */
  readonly series: string;
  /** Of the swept field. */
  readonly x: number;
  /** Accuracy points, or R_0.2 in percent. */
  readonly value: number;
  readonly label: string;
  readonly n?: number;
  readonly seed?: number;
  /** Of the ticket's training, or of the comparison. */
  readonly key?: string;
  readonly href?: string;
}

/** Fewer values have no course to show. */
const fewestValues = 3;

/** A field whose sweep is drawn, with the words for it. */
interface Swept {
  readonly path: string;
  readonly figure: string;
  readonly words: string;
  /** In front of a value, and as the column of the table. */
  readonly short: string;
  readonly valueOf: (sgd: Setting["train"]["optimizer"]["sgd"]) => number;
}

/** What moves the correlation of initial and trained weights: the rate, and weight decay, which forgets. */
const sweeps: readonly Swept[] = [
  {
    path: "train.optimizer.sgd.lr",
    figure: "winning-by-rate",
    words: "learning rate",
    short: "lr",
    valueOf: ({ lr }) => lr,
  },
  {
    path: "train.optimizer.sgd.weightDecay",
    figure: "winning-by-decay",
    words: "weight decay",
    short: "weightDecay",
    valueOf: ({ weightDecay }) => weightDecay,
  },
];

const against = ["dense", "reinit"] as const;

/**
 * Does the winning property end at the learning rate (or weight decay) at which trained weights forget the initial ones? Left: accuracy of
 * tickets minus dense and minus reinit, paired by seed; right: R_p(θ0, θT) with its null. The paper's thesis (Sections 3 and 4) in one picture.
 * @param cell the mask; tickets and reinit are those under it
 * @returns undefined for less than three values, for variants that differ in anything else, and when a side has nothing to show
 */
export function winningByRate(results: Results, cell: GroupCell | undefined): Figure | undefined {
  const { variants } = results.spec;
  const swept = sweeps.find(({ path }) => variants.every(({ values }) => Object.keys(values).join() === path));
  if (cell === undefined || variants.length < fewestValues || swept === undefined) return undefined;
  const xs = new Map(variants.map(({ id, setting }) => [id, swept.valueOf(setting.train.optimizer.sgd)]));
  const place: PlaceOf = (variant) => {
    const x = xs.get(variant) ?? 0;
    return { x, at: `${swept.short} ${x}` };
  };
  const arms = results.arms.filter((arm) => arm.cell === undefined || sameCell(arm.cell, cell));
  const differences = against.flatMap((other) => withMeans(pairs(arms, other, place), swept));
  const points = results.comparisons.flatMap(({ variant, seed, measure, compare, points: all }) => {
    const point = measure === "pre-training" ? all.find(({ p }) => p === SHARE) : undefined;
    if (point === undefined) return [];
    const { x, at } = place(variant);
    const label = `${at}, seed ${seed}: ${rpText(point.rp)}`;
    const row = { series: `R_${SHARE}`, x, seed, key: compare, href: runLink(compare), label };
    return [{ ...row, kind: "seed" as const, value: 100 * point.rp, nullMean: 100 * point.nullMean }];
  });
  const correlations = withMeans(points, swept);
  const nullMean = spreadOf(points.map((point) => point.nullMean))?.mean;
  if (differences.length === 0 || nullMean === undefined) return undefined;
  return {
    name: swept.figure,
    title: `Winning tickets and weight correlation against the ${swept.words}, ${cell.pruning} ${percent(cell.sparsity)}`,
    caption: captionOf(
      `Left: test accuracy of the ticket minus that of dense and of reinit, paired by seed, under ${cell.pruning} masks of ${percent(cell.sparsity)}; the horizontal line is no difference.`,
      `Right: R_${SHARE}(θ0, θT) of the dense runs; the dashed line is its null.`,
      `Lines join the means over ${meansOver(drawnMeans([...differences, ...correlations], swept))}, small marks are the seeds.`,
      missingNote(
        results,
        arms.filter(({ start }) => ["dense", "ticket", "reinit"].includes(start)),
      ),
    ),
    width: "page",
    table: [
      ...differences.map((row) => tableRow(row, swept, { difference: row.value, rp: undefined })),
      ...correlations.map((row) => tableRow(row, swept, { difference: undefined, rp: row.value / 100 })),
    ],
    spec: specOf(
      xAxis(
        [...differences, ...correlations].map(({ x }) => x),
        swept,
      ),
      swept,
      differences,
      correlations,
      nullMean,
    ),
  };
}

/** The value of a variant, and the words for it. */
type PlaceOf = (variant: string) => { readonly x: number; readonly at: string };

/** Ticket minus the other start, where a seed has both. */
function pairs(arms: readonly ArmResult[], other: (typeof against)[number], place: PlaceOf): readonly Row[] {
  return arms.flatMap((ticket): readonly Row[] => {
    const { variant, seed, start, finalAccuracy, train: key } = ticket;
    const peer = arms.find((arm) => arm.start === other && arm.variant === variant && arm.seed === seed);
    if (start !== "ticket" || finalAccuracy === undefined || peer?.finalAccuracy === undefined) return [];
    const { x, at } = place(variant);
    const value = finalAccuracy - peer.finalAccuracy;
    const series = `ticket − ${other}`;
    const label = `${at}, seed ${seed}, ${series}: ${pointsText(value)}`;
    return [{ kind: "seed", series, x, value, seed, key, href: runLink(key), label }];
  });
}

function withMeans(seeds: readonly Row[], { short }: Swept): readonly Row[] {
  const xs = [...new Set(seeds.map(({ x }) => x))].sort((a, b) => a - b);
  const means = xs.flatMap((x): Row[] => {
    const own = seeds.filter((row) => row.x === x);
    const [mean, series] = [spreadOf(own.map(({ value }) => value)), own[0]?.series];
    if (mean === undefined || series === undefined) return [];
    const label = `${short} ${x}, ${series}, mean of ${seedsText(mean.n)}`;
    return [{ kind: "mean", series, x, value: mean.mean, n: mean.n, label }];
  });
  return [...seeds, ...means];
}

function drawnMeans(rows: readonly Row[], { short }: Swept): readonly DrawnMean[] {
  return rows.flatMap(({ n, x, series }) => (n === undefined ? [] : [{ n, at: `${short} ${x}, ${series}` }]));
}

function tableRow({ series, x, kind, seed, n, key }: Row, { short }: Swept, value: CsvRow): CsvRow {
  return { series, [short]: x, row: kind, seed, n, ...value, key };
}

/** Logarithmic, unless one of the values is 0: then they stand side by side. */
function xAxis(all: readonly number[], { words }: Swept) {
  const values = [...new Set(all)].sort((a, b) => a - b);
  const [low = 1, high = 1] = [values[0], values.at(-1)];
  const axis = { title: words, grid: false, labelOverlap: "greedy" as const, labelAngle: 0 };
  if (low <= 0) return { field: "x", type: "ordinal" as const, axis: { ...axis, format: "~g" } };
  return {
    field: "x",
    type: "quantitative" as const,
    // A tenth of a decade of room on both sides.
    scale: { type: "log" as const, domain: [low / 1.25, high * 1.25], nice: false },
    axis: { ...axis, values, format: "~g" },
  };
}

function specOf(
  x: ReturnType<typeof xAxis>,
  { words }: Swept,
  differences: readonly Row[],
  correlations: readonly Row[],
  nullMean: number,
): TopLevelSpec {
  const palette = startPalette([
    { start: "ticket", name: "ticket − dense" },
    { start: "reinit", name: "ticket − reinit" },
  ]);
  const [color, shape] = [colorOf("series", palette), shapeOf("series", palette)];
  const line = { transform: [{ filter: "datum.kind === 'mean'" }], mark: { type: "line" as const, strokeWidth: 1.8 } };
  const rule = (value: number, dash: readonly number[], y: object) => ({
    data: { values: [{ value }] },
    mark: { type: "rule" as const, color: ink.muted, strokeWidth: 1.4, strokeDash: [...dash] },
    encoding: { y },
  });
  const points = {
    field: "value",
    type: "quantitative" as const,
    scale: { domain: roomy([0, ...differences.map(({ value }) => value)]), nice: false },
    axis: { title: "difference, accuracy points", tickCount: 6 },
  };
  const percents = {
    field: "value",
    type: "quantitative" as const,
    scale: { domain: roomy([nullMean, ...correlations.map(({ value }) => value)]), nice: false, zero: false },
    axis: { title: `R_${SHARE}(θ0, θT)`, labelExpr: "datum.label + ' %'", tickCount: 6 },
  };
  const dark = { value: variantPalette(["dense"]).colors[0] ?? ink.text };
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    description: `Accuracy of tickets minus dense and minus reinit, and R_p of initial and trained weights, against the ${words}`,
    config,
    spacing: 40,
    hconcat: [
      {
        ...panel,
        data: { values: differences.map((row) => ({ ...row })) },
        layer: [
          rule(0, [1, 0], points),
          { ...line, encoding: { x, y: points, color } },
          ...pointLayers({ x, y: points, color, shape }),
        ],
      },
      {
        ...panel,
        data: { values: correlations.map((row) => ({ ...row })) },
        layer: [
          rule(nullMean, [5, 4], percents),
          { ...line, encoding: { x, y: percents, color: dark } },
          ...pointLayers({ x, y: percents, color: dark }),
        ],
      },
    ],
  };
}

/** From the lowest to the highest with some room. */
function roomy(values: readonly number[]): [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = Math.max(0.08 * (high - low), 0.5);
  return [low - room, high + room];
}
