import type { TopLevelSpec } from "vega-lite";
import { accuracyText, seedsText } from "../analysis/format.ts";
import { type ArmGroup, armGroups, startsOf, variantLabel } from "../analysis/groups.ts";
import { missingNote } from "../analysis/missing.ts";
import type { Results } from "../analysis/types.ts";
import { percent } from "../run/labels.ts";
import { axisNote, captionOf, type Figure, focusedDomain, partsAbove, printWidth, slug } from "./figure.ts";
import { pointLayers } from "./marks.ts";
import { ink, type Palette, panel, percentLabel, startPalette } from "./theme.ts";
import { variantPanels } from "./variant-panels.ts";

/** One mark: a seed, a mean, a corner of the line through the means, a mean below the axis, dense, or a seed of dense. */
interface Row {
  readonly kind: "seed" | "mean" | "line" | "below" | "dense" | "dense seed";
  readonly variant: string;
  readonly start: string;
  /** Absent for dense. */
  readonly sparsity?: number;
  /** `sparsity`, shifted by a little so that the starts do not hide one another. */
  readonly x: number;
  readonly accuracy: number;
  readonly seed?: number;
  /** Of a line, when it leaves the axis and comes back. */
  readonly part?: number;
  /** Range over the seeds, for dense. */
  readonly low?: number;
  readonly high?: number;
}

/**
 * Test accuracy against sparsity under the masks of one pruning setting, a panel per variant (paper, Figures 2, 5a,b and 6).
 * @returns undefined when nothing to show is done
 */
export function accuracyVsSparsity(results: Results, pruning: string): Figure | undefined {
  const groups = armGroups(results).filter(({ cell }) => cell === undefined || cell.pruning === pruning);
  const starts = startsOf(groups);
  const sparsities = [...new Set(groups.flatMap(({ cell }) => (cell === undefined ? [] : [cell.sparsity])))];
  const domain = sparsityDomain(sparsities);
  const rows = groups.flatMap((group) => rowsOf(results, group, shiftOf(group, starts, domain), domain[0]));
  if (!rows.some(({ sparsity }) => sparsity !== undefined)) return undefined;
  const accuracies = focusedDomain(rows.map(({ accuracy }) => accuracy));
  const n = results.spec.seeds.length;
  return {
    name: `accuracy-${slug(pruning)}`,
    title: `Test accuracy against sparsity, ${pruning} pruning`,
    caption: captionOf(
      `Lines join the means over ${seedsText(n)}, small marks are the seeds (shifted sideways to be told apart).`,
      "The horizontal line is the mean of the dense network, the band its range over the seeds (ticks at the left).",
      axisNote(accuracies, hiddenGroups(results, groups, accuracies[0])),
      missingNote(
        results,
        groups.flatMap(({ arms }) => arms),
      ),
    ),
    width: printWidth(results.spec.variants.length),
    table: rows.map((row) => ({ ...row })),
    spec: specOf(rowsAbove(rows, accuracies[0]), {
      variants: results.spec.variants.map(({ label }) => label),
      palette: startPalette(starts),
      sparsities,
      domain,
      accuracies,
    }),
  };
}

function sparsityDomain(sparsities: readonly number[]): [number, number] {
  const [low, high] = [Math.min(...sparsities), Math.max(...sparsities)];
  const room = high > low ? (high - low) * 0.1 : 0.05;
  return [low - room, high + room];
}

/** Starts are set side by side around the true sparsity, all within 4 % of the axis. */
function shiftOf(group: ArmGroup, starts: readonly { readonly name: string }[], [low, high]: [number, number]): number {
  const masked = starts.filter(({ name }) => name !== "dense");
  const place = masked.findIndex(({ name }) => name === group.name);
  return masked.length < 2 ? 0 : (place / (masked.length - 1) - 0.5) * 0.04 * (high - low);
}

function rowsOf(results: Results, group: ArmGroup, shift: number, left: number): readonly Row[] {
  const { final, cell, arms, name } = group;
  if (final === undefined) return [];
  const base = {
    variant: variantLabel(results, group.variant),
    start: name,
    ...(cell === undefined ? { x: left } : { sparsity: cell.sparsity, x: cell.sparsity + shift }),
  };
  const seeds = arms.flatMap(({ seed, finalAccuracy }): Row[] =>
    finalAccuracy === undefined
      ? []
      : [{ kind: cell === undefined ? "dense seed" : "seed", ...base, accuracy: finalAccuracy, seed }],
  );
  const mean: Row =
    cell === undefined
      ? { kind: "dense", ...base, accuracy: final.mean, low: final.min, high: final.max }
      : { kind: "mean", ...base, accuracy: final.mean };
  return [...seeds, mean];
}

/** What lies on the axis, with the lines through the means. */
function rowsAbove(rows: readonly Row[], bottom: number): readonly Row[] {
  const lines = new Map<string, Row[]>();
  for (const row of rows) {
    if (row.kind !== "mean") continue;
    const id = JSON.stringify([row.variant, row.start]);
    lines.set(id, [...(lines.get(id) ?? []), row]);
  }
  const corners = [...lines.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    const { variant, start } = first;
    const means = [first, ...others].map(({ x, accuracy }) => ({ x, y: accuracy })).sort((a, b) => a.x - b.x);
    return partsAbove(means, bottom).flatMap((part, i) =>
      part.map(({ x, y }): Row => ({ kind: "line", variant, start, x, accuracy: y, part: i })),
    );
  });
  const below = rows
    .filter(({ kind, accuracy }) => kind === "mean" && accuracy < bottom)
    .map((row): Row => ({ ...row, kind: "below", accuracy: bottom }));
  return [...rows, ...corners, ...below]
    .filter(({ accuracy }) => accuracy >= bottom)
    .map((row) => (row.low === undefined ? row : { ...row, low: Math.max(row.low, bottom) }));
}

interface Look {
  readonly variants: readonly string[];
  readonly palette: Palette;
  readonly sparsities: readonly number[];
  readonly domain: [number, number];
  readonly accuracies: [number, number];
}

/** `lr 0.01, reinit at 90 % (11.25 %)`: means, and seeds where the mean is on the axis, that are below it. */
function hiddenGroups(results: Results, groups: readonly ArmGroup[], bottom: number): readonly string[] {
  return groups.flatMap(({ variant, name, cell, final }) => {
    if (final === undefined || final.min >= bottom) return [];
    const place = cell === undefined ? "" : ` at ${percent(cell.sparsity)}`;
    const value = final.mean < bottom ? `${accuracyText(final.mean)} %` : `lowest seed ${accuracyText(final.min)} %`;
    return [`${variantLabel(results, variant)}, ${name}${place} (${value})`];
  });
}

function specOf(rows: readonly Row[], { variants, palette, sparsities, domain, accuracies }: Look): TopLevelSpec {
  const { names, colors, shapes } = palette;
  const color = { field: "start", type: "nominal" as const, scale: { domain: [...names], range: [...colors] } };
  const shape = { field: "start", type: "nominal" as const, scale: { domain: [...names], range: [...shapes] } };
  const x = {
    field: "x",
    type: "quantitative" as const,
    scale: { domain, nice: false, zero: false },
    axis: {
      title: "sparsity",
      values: [...sparsities],
      labelExpr: percentLabel,
      grid: false,
      labelOverlap: "greedy" as const,
      labelSeparation: 8,
    },
  };
  const y = {
    field: "accuracy",
    type: "quantitative" as const,
    scale: { domain: accuracies, nice: false, zero: false },
    axis: { title: "test accuracy", labelExpr: "datum.label + ' %'", tickCount: 6 },
  };
  const only = (kind: Row["kind"]) => [{ filter: `datum.kind === '${kind}'` }];
  return {
    ...variantPanels("Test accuracy against sparsity, by start", variants, rows),
    spec: {
      ...panel,
      layer: [
        {
          transform: only("dense"),
          mark: { type: "rect", color: ink.muted, opacity: 0.16 },
          encoding: { y: { field: "low", type: "quantitative" as const }, y2: { field: "high" } },
        },
        {
          transform: only("dense"),
          mark: { type: "rule", color: ink.text, strokeWidth: 1.5 },
          encoding: { y },
        },
        {
          transform: only("dense seed"),
          mark: {
            type: "tick",
            orient: "horizontal",
            color: ink.text,
            thickness: 1.2,
            size: 9,
            xOffset: 5,
          },
          encoding: { x, y },
        },
        {
          transform: only("line"),
          mark: { type: "line", strokeWidth: 1.8 },
          encoding: { x, y, color, detail: { field: "part", type: "nominal" } },
        },
        {
          transform: only("below"),
          mark: { type: "point", filled: true, shape: "triangle-down", size: 60, opacity: 1, yOffset: -5 },
          encoding: { x, y, color },
        },
        ...pointLayers({ x, y, color, shape }),
      ],
    },
  };
}
