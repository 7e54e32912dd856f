import type { TopLevelSpec } from "vega-lite";
import { type CorrelationGroup, correlationGroups, statedP } from "../analysis/correlations.ts";
import { seedsText } from "../analysis/format.ts";
import { cellsOf, variantLabel } from "../analysis/groups.ts";
import type { Results } from "../analysis/types.ts";
import type { Measure } from "../plan/types.ts";
import { percent } from "../run/labels.ts";
import { captionOf, type Figure, slug } from "./figure.ts";
import { pointLayers } from "./marks.ts";
import { config, ink, measurePalette, panel, panelColumns, percentLabel, variantPalette } from "./theme.ts";

const $schema = "https://vega.github.io/schema/vega-lite/v6.json";

/** R_p(θ0, θT) against p with its null, a line per variant (paper, Figure 4); undefined when none is done. */
export function preTrainingCorrelation(results: Results): Figure | undefined {
  const groups = correlationGroups(results).filter(({ measure }) => measure === "pre-training");
  if (groups.length === 0) return undefined;
  return {
    name: "correlation-pre-training",
    title: "Correlation of initial and pre-trained weights, R_p(θ0, θT)",
    caption: captionOf(
      `Lines join the means over ${seedsText(results.spec.seeds.length)}, small marks are the seeds.`,
      "The dashed line is the null: the mean of R_p for independent weights.",
      leftOut(results, ["pre-training"]),
    ),
    width: "column",
    table: rowsOf(results, groups),
    spec: preTrainingSpec(results, groups),
  };
}

function preTrainingSpec(results: Results, groups: readonly CorrelationGroup[]): TopLevelSpec {
  const { names, colors, shapes } = variantPalette(results.spec.variants.map(({ label }) => label));
  const rows = rowsOf(results, groups);
  const color = { field: "variant", type: "nominal" as const, scale: { domain: [...names], range: [...colors] } };
  const shape = { field: "variant", type: "nominal" as const, scale: { domain: [...names], range: [...shapes] } };
  const shares = [...new Set(groups.map(({ p }) => p))];
  const x = {
    field: "p",
    type: "quantitative" as const,
    scale: { zero: false, nice: false, padding: 16 },
    axis: {
      title: "p",
      values: shares,
      labelExpr: percentLabel,
      grid: false,
      labelOverlap: "greedy" as const,
      labelSeparation: 8,
    },
  };
  const y = yOf("value", rows, "R_p");
  const last = Math.max(...shares);
  const isNull = { filter: "datum.kind === 'null'" };
  const variantDetail = { detail: { field: "variant", type: "nominal" as const } };
  return {
    $schema,
    description: "R_p of initial and pre-trained weights against p, with its null",
    config,
    data: { values: rows },
    width: 440,
    height: 280,
    layer: [
      {
        transform: [isNull],
        mark: { type: "line", color: ink.muted, strokeDash: [5, 4], strokeWidth: 1.6 },
        encoding: { x, y, ...variantDetail },
      },
      {
        transform: [
          isNull,
          { filter: `datum.p === ${last}` },
          { aggregate: [{ op: "min", field: "value", as: "value" }], groupby: ["p"] },
        ],
        mark: {
          type: "text",
          align: "right",
          baseline: "top",
          dx: -4,
          dy: 10,
          fontSize: 12,
          color: ink.muted,
          text: "null",
        },
        encoding: { x, y },
      },
      {
        transform: [{ filter: "datum.kind === 'mean'" }],
        mark: { type: "line", strokeWidth: 1.8 },
        encoding: { x, y, color },
      },
      ...pointLayers({ x, y, color, shape }),
    ],
  };
}

const maskMeasures: readonly Measure[] = ["ticket", "reinit", "fine-tune to initial", "fine-tune to pre-trained"];

/**
 * R_p under the masks of one pruning setting at one p, with its null beside every mark (paper, Figure 5c,d and Table 1), a
 * panel per variant; undefined when none is done.
 */
export function maskCorrelation(results: Results, pruning: string): Figure | undefined {
  const all = correlationGroups(results);
  const p = statedP(all);
  const groups = all.filter((group) => group.cell?.pruning === pruning && group.p === p);
  if (p === undefined || groups.length === 0) return undefined;
  const measures = maskMeasures.filter((measure) => groups.some((group) => group.measure === measure));
  return {
    name: `correlation-${slug(pruning)}`,
    title: `Correlation under a mask, ${pruning} pruning: R_p at p = ${percent(p)} against its null`,
    caption: captionOf(
      `Black ticks are the null: the mean of R_p for independent weights under the mask; the stem shows the excess.`,
      `Large marks are means over ${seedsText(results.spec.seeds.length)}, small marks the seeds.`,
      "Ticket and reinit: initial weights against the fine-tuned ones.",
      "Fine-tune to initial, to pre-trained: fine-tuned weights against θ0, θT; measured only where p is below what the mask keeps.",
      leftOut(results, measures, pruning),
    ),
    width: "page",
    table: rowsOf(results, groups),
    spec: maskSpec(results, groups, measures, `R_p at p = ${percent(p)} (tick: its null)`),
  };
}

function maskSpec(
  results: Results,
  groups: readonly CorrelationGroup[],
  measures: readonly Measure[],
  title: string,
): TopLevelSpec {
  const { names, colors, shapes } = measurePalette(measures);
  const variants = results.spec.variants.map(({ label }) => label);
  const rows = rowsOf(results, groups);
  const sparsities = cellsOf(groups).map(({ sparsity }) => percent(sparsity));
  // Many groups of marks need the whole width of the page.
  const isWide = sparsities.length > 6;
  const width = isWide ? 2 * panel.width : panel.width;
  const x = {
    field: "sparsity",
    type: "ordinal" as const,
    sort: sparsities,
    scale: { paddingInner: 0.25 },
    axis: {
      title: "sparsity",
      labelAngle: 0,
      grid: false,
      labelOverlap: "greedy" as const,
      labelSeparation: 8,
      ticks: false,
      labelPadding: 6,
    },
  };
  const xOffset = { field: "measure", type: "nominal" as const, scale: { domain: [...names], paddingOuter: 0.3 } };
  const color = { field: "measure", type: "nominal" as const, scale: { domain: [...names], range: [...colors] } };
  const shape = { field: "measure", type: "nominal" as const, scale: { domain: [...names], range: [...shapes] } };
  const y = yOf("value", rows, title);
  const tickWidth = Math.min(16, (0.8 * width) / (sparsities.length * (measures.length + 1)));
  return {
    $schema,
    description: "R_p under the mask by sparsity and measure, with its null",
    config,
    data: { values: rows },
    facet: { field: "variant", type: "nominal" as const, sort: variants, header: { title: null } },
    columns: isWide ? 1 : Math.min(panelColumns, variants.length),
    spacing: 28,
    spec: {
      width,
      height: panel.height,
      layer: [
        {
          transform: [{ filter: "datum.kind === 'mean'" }],
          mark: { type: "rule", strokeWidth: 1.4, opacity: 0.7 },
          encoding: { x, xOffset, y, y2: { field: "nullMean" }, color },
        },
        {
          transform: [{ filter: "datum.kind === 'null'" }],
          mark: { type: "tick", orient: "horizontal", color: ink.text, thickness: 2, size: tickWidth },
          encoding: { x, xOffset, y },
        },
        ...pointLayers({ x, xOffset, y, color, shape }),
      ],
    },
  };
}

/** R_p is a share, so its axis starts at 0 and both distances, to 0 and to the null, can be read. */
function yOf(field: string, rows: readonly { readonly value: number }[], title: string) {
  const highest = Math.max(...rows.map(({ value }) => value));
  // R_p passes 1 by a hair when k was rounded up.
  const top = Math.min(1.06 * highest, Math.max(1, highest));
  return {
    field,
    type: "quantitative" as const,
    scale: { domain: [0, top], nice: true },
    axis: { title, labelExpr: percentLabel, tickCount: 6 },
  };
}

/** One row per seed, one for the mean and one for the null of every group. */
function rowsOf(results: Results, groups: readonly CorrelationGroup[]) {
  return groups.flatMap(({ variant, measure, cell, p, seeds, rp, nullMean }) => {
    const base = {
      variant: variantLabel(results, variant),
      measure,
      p,
      ...(cell === undefined ? {} : { sparsity: percent(cell.sparsity) }),
    };
    return [
      ...seeds.map(({ seed, rp: value }) => ({ kind: "seed", ...base, value, seed })),
      { kind: "mean", ...base, value: rp.mean, nullMean },
      { kind: "null", ...base, value: nullMean },
    ];
  });
}

function leftOut(results: Results, measures: readonly Measure[], pruning?: string): string | undefined {
  const missing = results.comparisons.filter(
    ({ measure, cell, status }) => measures.includes(measure) && cell?.pruning === pruning && status !== "done",
  ).length;
  return missing === 0 ? undefined : `Left out: ${missing} comparisons that are missing or whose runs diverged.`;
}
