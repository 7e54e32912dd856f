import type { TopLevelSpec } from "vega-lite";
import type { CsvRow } from "../analysis/csv.ts";
import { listText, rpText, seedsText } from "../analysis/format.ts";
import { spreadOf } from "../analysis/spread.ts";
import type { Results } from "../analysis/types.ts";
import type { Diagnosis } from "../claims/diagnosis.ts";
import { CLOSE, NEAR_NULL, SHARE, WELL_ABOVE_NULL } from "../claims/margins.ts";
import { axisNote, captionOf, type Figure, focusedDomain } from "./figure.ts";
import { pointLayers } from "./marks.ts";
import { type DrawnMean, meansOver } from "./means-over.ts";
import { runLink } from "./run-link.ts";
import { config, ink, panel, variantPalette } from "./theme.ts";

interface Row {
  readonly kind: "seed" | "mean";
  readonly lr: number;
  /** Accuracy in percent, or R_p − null in percent points. */
  readonly value: number;
  readonly label: string;
  /** Of a mean. */
  readonly n?: number;
  readonly seed?: number;
  /** Of the training or the comparison. */
  readonly key?: string;
  readonly href?: string;
}

/**
 * Dense accuracy and R_p(θ0, θT) − null against the learning rate on a logarithmic axis, with the margins of the diagnosis.
 * @param results that the diagnosis was made from
 * @returns undefined when no rate has a result
 */
export function learningRates(results: Results, diagnosis: Diagnosis): Figure | undefined {
  const { lr, rates } = diagnosis;
  const rateOf = (variant: string) =>
    results.spec.variants.find(({ id }) => id === variant)?.setting.train.optimizer.sgd.lr ?? Number.NaN;
  const accuracies = withMeans(
    results.arms.flatMap(({ variant, seed, start, train, finalAccuracy }) => {
      if (start !== "dense" || finalAccuracy === undefined) return [];
      return [seedRow(rateOf(variant), seed, train, finalAccuracy, `${finalAccuracy.toFixed(2)} %`)];
    }),
  );
  const excesses = withMeans(
    results.comparisons.flatMap(({ variant, seed, measure, compare, points }) => {
      const point = measure === "pre-training" ? points.find(({ p }) => p === SHARE) : undefined;
      if (point === undefined) return [];
      const text = `R_${SHARE} ${rpText(point.rp)}, null ${rpText(point.nullMean)}`;
      return [seedRow(rateOf(variant), seed, compare, 100 * (point.rp - point.nullMean), text)];
    }),
  );
  if (accuracies.length === 0 || excesses.length === 0) return undefined;
  const domain = focusedDomain(accuracies.map(({ value }) => value));
  const low = accuracies.filter(({ kind, value }) => kind === "mean" && value < domain[0]);
  const diverged = rates.flatMap((rate) =>
    rate.diverged.length === 0 ? [] : [`lr ${rate.lr} in ${seedsText(rate.diverged.length)}`],
  );
  return {
    name: "learning-rates",
    title: `Dense accuracy and R_${SHARE}(θ0, θT) against the learning rate`,
    caption: captionOf(
      `Lines join the means over ${meansOver(drawnMeans([...accuracies, ...excesses]))}, small marks are the seeds; the dashed vertical line is lr ${lr}, the rate in question.`,
      `Right: the excess of R_${SHARE}(θ0, θT) over its null, in percent points. The band is the null ± ${NEAR_NULL} points, which counts as ` +
        `uncorrelated; from the dotted line (${WELL_ABOVE_NULL} points) on the excess counts as well above. Left: accuracies within ${CLOSE} points count as equal.`,
      axisNote(
        domain,
        low.map((row) => `lr ${row.lr} (${row.value.toFixed(2)} %)`),
      ),
      diverged.length === 0 ? undefined : `Diverged: ${listText(diverged)}.`,
    ),
    width: "page",
    table: [
      ...accuracies.map((row) => tableRow("accuracy", row, { accuracy: row.value, excess: undefined })),
      ...excesses.map((row) => tableRow("R_p - null", row, { accuracy: undefined, excess: row.value })),
    ],
    spec: specOf(
      diagnosis,
      accuracies.filter(({ value }) => value >= domain[0]),
      excesses,
      domain,
    ),
  };
}

function seedRow(lr: number, seed: number, key: string, value: number, text: string): Row {
  return { kind: "seed", lr, value, seed, key, href: runLink(key), label: `lr ${lr}, seed ${seed}: ${text}` };
}

function withMeans(seeds: readonly Row[]): readonly Row[] {
  const lrs = [...new Set(seeds.map(({ lr }) => lr))].sort((a, b) => a - b);
  const means = lrs.flatMap((lr): Row[] => {
    const mean = spreadOf(seeds.filter((row) => row.lr === lr).map(({ value }) => value));
    if (mean === undefined) return [];
    return [{ kind: "mean", lr, value: mean.mean, n: mean.n, label: `lr ${lr}, mean of ${seedsText(mean.n)}` }];
  });
  return [...seeds, ...means];
}

function drawnMeans(rows: readonly Row[]): readonly DrawnMean[] {
  return rows.flatMap(({ n, lr }) => (n === undefined ? [] : [{ n, at: `lr ${lr}` }]));
}

/** Columns of the CSV file; the value is put under the name of what it is. */
function tableRow(panelName: string, { lr, kind, seed, n, key }: Row, value: CsvRow): CsvRow {
  return { panel: panelName, lr, row: kind, seed, n, ...value, key };
}

function specOf(
  { rates, lr }: Diagnosis,
  accuracies: readonly Row[],
  excesses: readonly Row[],
  domain: [number, number],
): TopLevelSpec {
  const values = rates.map((rate) => rate.lr);
  const x = {
    field: "lr",
    type: "quantitative" as const,
    // A tenth of a decade of room on both sides.
    scale: { type: "log" as const, domain: [Math.min(...values) / 1.25, Math.max(...values) * 1.25], nice: false },
    axis: { title: "learning rate", values, grid: false, format: "~g", labelOverlap: "greedy" as const },
  };
  const marks = (y: object) => [
    {
      data: { values: [{ lr }] },
      mark: { type: "rule" as const, color: ink.muted, strokeDash: [5, 4], strokeWidth: 1.4 },
      encoding: { x },
    },
    {
      transform: [{ filter: "datum.kind === 'mean'" }],
      mark: { type: "line" as const, strokeWidth: 1.8, color: dense },
      encoding: { x, y },
    },
    ...pointLayers({ x, y, color: { value: dense } }),
  ];
  const high = Math.max(WELL_ABOVE_NULL * 1.2, ...excesses.map(({ value }) => value * 1.06));
  const lowest = Math.min(-2 * NEAR_NULL, ...excesses.map(({ value }) => value * 1.06));
  const excess = {
    field: "value",
    type: "quantitative" as const,
    scale: { domain: [lowest, high], nice: true },
    axis: { title: `R_${SHARE} − null, percent points`, tickCount: 6 },
  };
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    description:
      "Dense test accuracy, and R_p of initial and trained weights above its null, against the learning rate",
    config,
    spacing: 40,
    hconcat: [
      {
        ...panel,
        data: { values: accuracies.map((row) => ({ ...row })) },
        layer: marks({
          field: "value",
          type: "quantitative",
          scale: { domain, nice: false, zero: false },
          axis: { title: "dense test accuracy", labelExpr: "datum.label + ' %'", tickCount: 6 },
        }),
      },
      {
        ...panel,
        data: { values: excesses.map((row) => ({ ...row })) },
        layer: [
          {
            data: { values: [{ value: -NEAR_NULL, top: NEAR_NULL }] },
            mark: { type: "rect", color: ink.muted, opacity: 0.16 },
            encoding: { y: excess, y2: { field: "top" } },
          },
          {
            data: { values: [{ value: WELL_ABOVE_NULL }] },
            mark: { type: "rule", color: ink.muted, strokeDash: [2, 3], strokeWidth: 1.4 },
            encoding: { y: excess },
          },
          ...marks(excess),
        ],
      },
    ],
  };
}

const dense = variantPalette(["dense"]).colors[0] ?? ink.text;
