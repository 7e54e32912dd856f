import type { TopLevelSpec } from "vega-lite";
import { type AdmmGroup, admmGroups, admmNote, residualText } from "../analysis/admm.ts";
import { variantLabel } from "../analysis/groups.ts";
import type { AdmmResult, Results } from "../analysis/types.ts";
import { CONVERGED_RESIDUAL, worstLayer } from "../pruners/admm.ts";
import { percent } from "../run/labels.ts";
import { captionOf, type Figure, printWidth, slug } from "./figure.ts";
import { legendColumns } from "./legend.ts";
import { type DrawnMean, meansOver } from "./means-over.ts";
import { colorOf, ink, panel, shapeOf, variantPalette } from "./theme.ts";
import { variantPanels, variantsWithRows } from "./variant-panels.ts";

/** Below this a residual is drawn on the axis: a logarithmic one has no 0. */
const lowest = 1e-4;

interface Row {
  readonly kind: "layer" | "worst";
  readonly variant: string;
  readonly sparsity: string;
  readonly layer?: string;
  readonly epoch: number;
  readonly residual: number;
  /** Of the worst: where it is. */
  readonly seed?: number;
  /** Of its mask. */
  readonly key?: string;
}

/**
 * ||W - Z|| / ||W|| of ADMM by epoch: thin lines are layers (means over seeds), thick ones the largest of all layers and seeds, a
 * panel per variant; undefined when no pruning of this setting has an epoch.
 */
export function admmResiduals(results: Results, pruning: string): Figure | undefined {
  const runs = results.admm.filter(({ cell }) => cell.pruning === pruning);
  const shown = runs.filter(({ epochs }) => epochs.length > 0);
  if (shown.length === 0) return undefined;
  const groups = admmGroups({ ...results, admm: shown });
  const rows = groups.flatMap((group) =>
    rowsOf(variantLabel(results, group.variant), percent(group.cell.sparsity), [...group.runs, ...group.others]),
  );
  const missing = runs.filter(({ status }) => status !== "done").length;
  return {
    name: `residuals-${slug(pruning)}`,
    title: `Convergence of ${pruning} pruning: distance of W from Z`,
    caption: captionOf(
      "||W − Z|| / ||W|| after each epoch.",
      `Thick lines are the largest of all layers and ${meansOver(groups.flatMap((group) => seedMeans(results, group)))}, thin lines the layers (means over seeds).`,
      `Dashed: a run has converged when every layer ends at or below ${residualText(CONVERGED_RESIDUAL)}.`,
      "Colours are sparsities; at the grey vertical lines rho grows.",
      rows.some(({ residual }) => residual === lowest)
        ? `Values below ${residualText(lowest)} lie on the axis.`
        : undefined,
      missing === 0 ? undefined : `Not finished: ${missing} of ${runs.length} prunings.`,
      admmNote({ ...results, admm: runs }),
    ),
    width: printWidth(variantsWithRows(results, rows).length),
    table: rows.map(({ variant, sparsity, kind, layer, epoch, residual, seed, key }) => {
      return { variant, sparsity, row: kind, layer, epoch, residual, seed, key };
    }),
    spec: specOf(results, rows, stageEnds(shown)),
  };
}

/** A pruning that has stopped on its way is in the means of its first epochs only. */
function seedMeans(results: Results, { variant, cell, runs, others }: AdmmGroup): readonly DrawnMean[] {
  const lengths = [...runs, ...others].map(({ epochs }) => epochs.length);
  const whole = lengths.filter((length) => length === Math.max(...lengths)).length;
  const at = `${variantLabel(results, variant)}, ${percent(cell.sparsity)}`;
  const first = { n: lengths.length, at };
  return whole === first.n ? [first] : [first, { n: whole, at: `${at}, later epochs` }];
}

function rowsOf(variant: string, sparsity: string, runs: readonly AdmmResult[]): readonly Row[] {
  const last = Math.max(...runs.map(({ epochs }) => epochs.length));
  return Array.from({ length: last }, (_, i) => i).flatMap((i) => {
    const there = runs.flatMap(({ epochs, seed, cell }) =>
      epochs[i] === undefined ? [] : [{ seed, key: cell.mask.key, ...worstLayer(epochs[i]) }],
    );
    const found = runs.flatMap(({ epochs }) => (epochs[i] === undefined ? [] : [epochs[i].residuals]));
    const base = { variant, sparsity, epoch: i + 1 };
    const layers = Object.keys(found[0] ?? {}).map((layer): Row => {
      const mean = found.reduce((sum, residuals) => sum + (residuals[layer] ?? 0), 0) / found.length;
      return { kind: "layer", ...base, layer, residual: Math.max(lowest, mean) };
    });
    const [worst] = there.sort((a, b) => b.residual - a.residual);
    return worst === undefined ? layers : [...layers, worstRow(base, worst)];
  });
}

function worstRow(
  base: Pick<Row, "variant" | "sparsity" | "epoch">,
  worst: Required<Pick<Row, "layer" | "residual" | "seed" | "key">>,
): Row {
  return { kind: "worst", ...base, ...worst, residual: Math.max(lowest, worst.residual) };
}

/** Epochs after which rho was another one, in any of the runs. */
function stageEnds(runs: readonly AdmmResult[]): readonly number[] {
  const ends = runs.flatMap(({ epochs }) =>
    epochs.flatMap(({ epoch, rho }, i) => (epochs[i + 1] !== undefined && epochs[i + 1]?.rho !== rho ? [epoch] : [])),
  );
  return [...new Set(ends)].sort((a, b) => a - b);
}

function specOf(results: Results, rows: readonly Row[], ends: readonly number[]): TopLevelSpec {
  const variants = variantsWithRows(results, rows);
  const palette = variantPalette([...new Set(rows.map(({ sparsity }) => sparsity))]);
  const residuals = rows.map(({ residual }) => residual);
  const x = {
    field: "epoch",
    type: "quantitative" as const,
    // A single epoch needs some width too.
    scale: { domain: [1, Math.max(2, ...rows.map(({ epoch }) => epoch))], nice: false, zero: false },
    axis: { title: "epoch", grid: false, tickMinStep: 1, tickCount: 6 },
  };
  const y = {
    field: "residual",
    type: "quantitative" as const,
    scale: {
      type: "log" as const,
      domain: [Math.min(CONVERGED_RESIDUAL / 2, ...residuals), Math.max(2 * CONVERGED_RESIDUAL, ...residuals)],
      nice: false,
    },
    axis: { title: "||W − Z|| / ||W||", labelExpr: "format(100 * datum.value, '.2~r') + ' %'", tickCount: 5 },
  };
  const legend = { columns: legendColumns(palette.names, variants.length) };
  const color = { ...colorOf("sparsity", palette), legend };
  const shape = { ...shapeOf("sparsity", palette), legend };
  return {
    ...variantPanels("Relative distance of W and Z in ADMM pruning by epoch, by sparsity", variants, rows),
    spec: {
      ...panel,
      layer: [
        ...ends.map((end) => ({
          mark: { type: "rule" as const, color: ink.grid, strokeWidth: 1.5 },
          encoding: { x: { datum: end + 0.5, type: "quantitative" as const } },
        })),
        {
          mark: { type: "rule" as const, color: ink.muted, strokeDash: [5, 4], strokeWidth: 1.6 },
          encoding: { y: { datum: CONVERGED_RESIDUAL, type: "quantitative" as const } },
        },
        {
          transform: [{ filter: "datum.kind === 'layer'" }],
          mark: { type: "line" as const, strokeWidth: 0.8, opacity: 0.45 },
          encoding: { x, y, color, detail: { field: "layer", type: "nominal" as const } },
        },
        {
          transform: [{ filter: "datum.kind === 'worst'" }],
          mark: { type: "line" as const, strokeWidth: 2.2 },
          encoding: { x, y, color },
        },
        {
          transform: [{ filter: "datum.kind === 'worst'" }],
          mark: { type: "point" as const, filled: true, size: 40, opacity: 1 },
          encoding: { x, y, color, shape },
        },
      ],
    },
  };
}
