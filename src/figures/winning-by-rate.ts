import type { TopLevelSpec } from "vega-lite";
import type { CsvRow } from "../analysis/csv.ts";
import { pointsText, rpText, seedsText } from "../analysis/format.ts";
import { type GroupCell, sameCell } from "../analysis/groups.ts";
import { missingNote } from "../analysis/missing.ts";
import { spreadOf } from "../analysis/spread.ts";
import type { ArmResult, Results } from "../analysis/types.ts";
import { SHARE } from "../claims/margins.ts";
import { percent } from "../run/labels.ts";
import { captionOf, type Figure } from "./figure.ts";
import { pointLayers } from "./marks.ts";
import { type DrawnMean, meansOver } from "./means-over.ts";
import { runLink } from "./run-link.ts";
import { colorOf, config, ink, panel, shapeOf, startPalette, variantPalette } from "./theme.ts";

interface Row {
  readonly kind: "seed" | "mean";
  /** `ticket − dense`, `ticket − reinit` or `R_0.2`. */
  readonly series: string;
  readonly lr: number;
  /** Accuracy points, or R_0.2 in percent. */
  readonly value: number;
  readonly label: string;
  readonly n?: number;
  readonly seed?: number;
  /** Of the ticket's training, or of the comparison. */
  readonly key?: string;
  readonly href?: string;
}

/** Fewer rates have no course to show. */
const fewestRates = 3;

const against = ["dense", "reinit"] as const;

/**
 * Does the winning property end at the learning rate at which trained weights forget the initial ones? Left: accuracy of tickets minus
 * dense and minus reinit, paired by seed; right: R_p(θ0, θT) with its null. The paper's thesis (Sections 3 and 4) in one picture.
 * @param cell the mask; tickets and reinit are those under it
 * @returns undefined for less than three rates, for variants that differ in anything else, and when a side has nothing to show
 */
export function winningByRate(results: Results, cell: GroupCell | undefined): Figure | undefined {
  const { variants } = results.spec;
  const isRateSweep = variants.every(({ values }) => Object.keys(values).join() === "train.optimizer.sgd.lr");
  if (cell === undefined || variants.length < fewestRates || !isRateSweep) return undefined;
  const rateOf = (id: string) => variants.find((variant) => variant.id === id)?.setting.train.optimizer.sgd.lr ?? 0;
  const arms = results.arms.filter((arm) => arm.cell === undefined || sameCell(arm.cell, cell));
  const differences = against.flatMap((other) => withMeans(pairs(arms, other, rateOf)));
  const points = results.comparisons.flatMap(({ variant, seed, measure, compare, points: all }) => {
    const point = measure === "pre-training" ? all.find(({ p }) => p === SHARE) : undefined;
    if (point === undefined) return [];
    const lr = rateOf(variant);
    const label = `lr ${lr}, seed ${seed}: ${rpText(point.rp)}`;
    const place = { series: `R_${SHARE}`, lr, seed, key: compare, href: runLink(compare), label };
    return [{ ...place, kind: "seed" as const, value: 100 * point.rp, nullMean: 100 * point.nullMean }];
  });
  const correlations = withMeans(points);
  const nullMean = spreadOf(points.map((point) => point.nullMean))?.mean;
  if (differences.length === 0 || nullMean === undefined) return undefined;
  return {
    name: "winning-by-rate",
    title: `Winning tickets and weight correlation against the learning rate, ${cell.pruning} ${percent(cell.sparsity)}`,
    caption: captionOf(
      `Left: test accuracy of the ticket minus that of dense and of reinit, paired by seed, under ${cell.pruning} masks of ${percent(cell.sparsity)}; the horizontal line is no difference.`,
      `Right: R_${SHARE}(θ0, θT) of the dense runs; the dashed line is its null.`,
      `Lines join the means over ${meansOver(drawnMeans([...differences, ...correlations]))}, small marks are the seeds.`,
      missingNote(
        results,
        arms.filter(({ start }) => ["dense", "ticket", "reinit"].includes(start)),
      ),
    ),
    width: "page",
    table: [
      ...differences.map((row) => tableRow(row, { difference: row.value, rp: undefined })),
      ...correlations.map((row) => tableRow(row, { difference: undefined, rp: row.value / 100 })),
    ],
    spec: specOf(
      [...new Set([...differences, ...correlations].map(({ lr }) => lr))],
      differences,
      correlations,
      nullMean,
    ),
  };
}

/** Ticket minus the other start, where a seed has both. */
function pairs(
  arms: readonly ArmResult[],
  other: (typeof against)[number],
  rateOf: (id: string) => number,
): readonly Row[] {
  return arms.flatMap((ticket): readonly Row[] => {
    const { variant, seed, start, finalAccuracy, train: key } = ticket;
    const peer = arms.find((arm) => arm.start === other && arm.variant === variant && arm.seed === seed);
    if (start !== "ticket" || finalAccuracy === undefined || peer?.finalAccuracy === undefined) return [];
    const [lr, value] = [rateOf(variant), finalAccuracy - peer.finalAccuracy];
    const series = `ticket − ${other}`;
    const label = `lr ${lr}, seed ${seed}, ${series}: ${pointsText(value)}`;
    return [{ kind: "seed", series, lr, value, seed, key, href: runLink(key), label }];
  });
}

function withMeans(seeds: readonly Row[]): readonly Row[] {
  const lrs = [...new Set(seeds.map(({ lr }) => lr))].sort((a, b) => a - b);
  const means = lrs.flatMap((lr): Row[] => {
    const own = seeds.filter((row) => row.lr === lr);
    const [mean, series] = [spreadOf(own.map(({ value }) => value)), own[0]?.series];
    if (mean === undefined || series === undefined) return [];
    const label = `lr ${lr}, ${series}, mean of ${seedsText(mean.n)}`;
    return [{ kind: "mean", series, lr, value: mean.mean, n: mean.n, label }];
  });
  return [...seeds, ...means];
}

function drawnMeans(rows: readonly Row[]): readonly DrawnMean[] {
  return rows.flatMap(({ n, lr, series }) => (n === undefined ? [] : [{ n, at: `lr ${lr}, ${series}` }]));
}

function tableRow({ series, lr, kind, seed, n, key }: Row, value: CsvRow): CsvRow {
  return { series, lr, row: kind, seed, n, ...value, key };
}

function specOf(
  lrs: readonly number[],
  differences: readonly Row[],
  correlations: readonly Row[],
  nullMean: number,
): TopLevelSpec {
  const x = {
    field: "lr",
    type: "quantitative" as const,
    // A tenth of a decade of room on both sides.
    scale: { type: "log" as const, domain: [Math.min(...lrs) / 1.25, Math.max(...lrs) * 1.25], nice: false },
    axis: { title: "learning rate", values: [...lrs], grid: false, format: "~g", labelOverlap: "greedy" as const },
  };
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
    description:
      "Accuracy of tickets minus dense and minus reinit, and R_p of initial and trained weights, against the learning rate",
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
