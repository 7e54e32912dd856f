import type { TopLevelSpec } from "vega-lite";
import { type ConnectionGroup, connectionGroups } from "../analysis/connectivity.ts";
import { accuracyText } from "../analysis/format.ts";
import { variantLabel } from "../analysis/groups.ts";
import { spreadOf } from "../analysis/spread.ts";
import type { Results } from "../analysis/types.ts";
import { STABLE_BARRIER } from "../stats/connectivity.ts";
import { captionOf, type Figure, printWidth } from "./figure.ts";
import { legendColumns } from "./legend.ts";
import { pointLayers } from "./marks.ts";
import { type DrawnMean, meansOver } from "./means-over.ts";
import { runLink } from "./run-link.ts";
import { colorOf, dashOf, ink, panel, shapeOf, variantPalette } from "./theme.ts";
import { variantPanels, variantsWithRows } from "./variant-panels.ts";

/** A mark: of the mean over seeds or of one seed, of one line (an epoch or a network). */
interface Row {
  readonly kind: "seed" | "mean";
  readonly variant: string;
  readonly line: string;
  readonly epoch: number;
  readonly seed?: number;
  readonly x: number;
  readonly y: number;
  /** Seeds that a mean is over. */
  readonly n?: number;
  /** Of a seed's connect stage. */
  readonly key?: string;
  /** A seed's run in the report, and what a mark of the barrier is. */
  readonly href?: string;
  readonly label?: string;
}

/** Test error on the line between two copies of the dense network, a line per epoch k; undefined when none is done. */
export function connectivityPath(results: Results): Figure | undefined {
  const groups = connectionGroups(results).filter(({ cell, barrier }) => cell === undefined && barrier !== undefined);
  const rows = groups.flatMap((group) => pathRows(results, group));
  if (rows.length === 0) return undefined;
  const lines = [...new Set(groups.map(({ epoch }) => epoch))].sort((a, b) => a - b).map(lineName);
  return {
    name: "connectivity-path",
    title: "Linear mode connectivity: test error between two copies of the dense network",
    caption: captionOf(
      "Both copies are trained from the weights after k epochs, with different data orders and augmentations; copy 1 is the dense run.",
      `a is the share of copy 1; weights and batch-norm statistics are interpolated. Thick lines are means over ${meansOver(barrierMeans(results, groups))}, thin lines the seeds.`,
      leftOut(results, true),
    ),
    width: printWidth(variantsWithRows(results, rows).length),
    table: rows.map(({ kind, variant, epoch, seed, x, y, n, key }) => {
      return { variant, epoch, row: kind, seed, share: x, error: y, n, key };
    }),
    spec: frame(results, rows, lines, {
      description: "Test error on the straight line between two copies, by the epoch they were copied at",
      x: { title: "a in a·W1 + (1 − a)·W2", domain: [0, 1], step: 0.2 },
      y: { title: "test error", labelExpr: "datum.label + ' %'" },
      layers: ({ shape: _, strokeDash, ...encoding }) => [
        {
          transform: [{ filter: "datum.kind === 'seed'" }],
          mark: { type: "line", strokeWidth: 0.8, opacity: 0.4 },
          encoding: { ...encoding, detail: { field: "seed", type: "nominal" } },
        },
        {
          transform: [{ filter: "datum.kind === 'mean'" }],
          mark: { type: "line", strokeWidth: 2.2 },
          encoding: { ...encoding, strokeDash },
        },
      ],
    }),
  };
}

/** Error barrier against the epoch k of copying, a line for the dense network and one for every mask; undefined when none is done. */
export function connectivityBarrier(results: Results): Figure | undefined {
  const groups = connectionGroups(results).filter(({ barrier }) => barrier !== undefined);
  const rows = groups.flatMap((group) => barrierRows(results, group));
  if (rows.length === 0) return undefined;
  const hasMasks = groups.some(({ cell }) => cell !== undefined);
  return {
    name: "connectivity-barrier",
    title: "Linear mode connectivity: error barrier against the epoch of copying",
    caption: captionOf(
      "The barrier is the highest test error between two copies trained from the weights after k epochs, less the mean of theirs.",
      `Dashed: below ${STABLE_BARRIER} points training is stable to its noise.`,
      `Large marks are means over ${meansOver(barrierMeans(results, groups))}, small marks the seeds.`,
      hasMasks ? "Under a mask both copies are the sparse network." : undefined,
      leftOut(results, false),
    ),
    width: printWidth(variantsWithRows(results, rows).length),
    table: rows.map(({ kind, variant, line, epoch, seed, y, n, key }) => {
      return { variant, network: line, epoch, row: kind, seed, barrier: y, n, key };
    }),
    spec: frame(results, rows, [...new Set(groups.map(({ name }) => name))], {
      description: "Error barrier by the epoch of copying, for the dense network and under masks",
      x: { title: "k (epochs before copying)", domain: [0, Math.max(1, ...rows.map(({ x }) => x))], step: 1 },
      y: { title: "error barrier in percentage points", labelExpr: "datum.label" },
      layers: ({ shape, strokeDash: _, ...encoding }) => [
        {
          mark: { type: "rule", color: ink.muted, strokeDash: [5, 4], strokeWidth: 1.6 },
          encoding: { y: { datum: STABLE_BARRIER, type: "quantitative" } },
        },
        {
          transform: [{ filter: "datum.kind === 'mean'" }],
          mark: { type: "line", strokeWidth: 1.8 },
          encoding,
        },
        ...pointLayers({ ...encoding, shape }),
      ],
    }),
  };
}

/** One per line of paths and per mark of barriers: both need the same runs. */
function barrierMeans(results: Results, groups: readonly ConnectionGroup[]): readonly DrawnMean[] {
  return groups.flatMap(({ variant, name, epoch, barrier }) => {
    const at = `${variantLabel(results, variant)}, ${name}, ${lineName(epoch)}`;
    return barrier === undefined ? [] : [{ n: barrier.n, at }];
  });
}

function pathRows(results: Results, { variant, epoch, runs }: ConnectionGroup): readonly Row[] {
  const base = { variant: variantLabel(results, variant), line: lineName(epoch), epoch };
  const done = runs.filter(({ path }) => path.length > 0);
  const seeds = done.flatMap(({ seed, path, connect: key }) =>
    path.map(({ share, error }): Row => ({ kind: "seed", ...base, seed, x: share, y: error, key })),
  );
  const means = (done[0]?.path ?? []).map(({ share }, i): Row => {
    const mean = spreadOf(done.flatMap(({ path }) => path[i]?.error ?? []))?.mean ?? 0;
    return { kind: "mean", ...base, x: share, y: mean, n: done.length };
  });
  return [...seeds, ...means];
}

function barrierRows(results: Results, { variant, epoch, name, runs, barrier }: ConnectionGroup): readonly Row[] {
  const base = { variant: variantLabel(results, variant), line: name, epoch, x: epoch };
  const label = (of: string, y: number) => `${name}, k = ${epoch}, ${of}: ${accuracyText(y)} points`;
  const seeds = runs.flatMap(({ seed, barrier: y, connect: key }): Row[] =>
    y === undefined
      ? []
      : [{ kind: "seed", ...base, seed, y, key, href: runLink(key), label: label(`seed ${seed}`, y) }],
  );
  if (barrier === undefined) return seeds;
  const { mean: y, n } = barrier;
  return [...seeds, { kind: "mean", ...base, y, n, label: label(`mean of ${n}`, y) }];
}

function lineName(epoch: number): string {
  return `k = ${epoch}`;
}

function encodingOf(rows: readonly Row[], lines: readonly string[], panels: number, { x, y }: Pick<Look, "x" | "y">) {
  const palette = variantPalette(lines);
  const lowest = Math.min(0, ...rows.map((row) => row.y));
  const highest = Math.max(STABLE_BARRIER, ...rows.map((row) => row.y));
  return {
    x: {
      field: "x",
      type: "quantitative" as const,
      scale: { domain: [...x.domain], nice: false, padding: 10 },
      axis: { title: x.title, grid: false, tickCount: 6, tickMinStep: x.step },
    },
    y: {
      field: "y",
      type: "quantitative" as const,
      scale: { domain: [lowest, 1.06 * highest], nice: true },
      axis: { title: y.title, labelExpr: y.labelExpr, tickCount: 6 },
    },
    color: { ...colorOf("line", palette), legend: { columns: legendColumns(lines, panels) } },
    shape: shapeOf("line", palette),
    strokeDash: dashOf("line", palette),
  };
}

type Encoding = ReturnType<typeof encodingOf>;
type Layers = Extract<TopLevelSpec, { readonly layer: unknown }>["layer"];

interface Look {
  readonly description: string;
  readonly x: { readonly title: string; readonly domain: readonly [number, number]; readonly step: number };
  readonly y: { readonly title: string; readonly labelExpr: string };
  readonly layers: (encoding: Encoding) => Layers;
}

/** Panels of the variants that have something to show. */
function frame(results: Results, rows: readonly Row[], lines: readonly string[], look: Look): TopLevelSpec {
  const variants = variantsWithRows(results, rows);
  return {
    ...variantPanels(look.description, variants, rows),
    spec: { ...panel, layer: look.layers(encodingOf(rows, lines, variants.length, look)) },
  };
}

function leftOut(results: Results, isDenseOnly: boolean): string | undefined {
  const missing = results.connections.filter(
    ({ status, cell }) => status !== "done" && !(isDenseOnly && cell !== undefined),
  ).length;
  return missing === 0 ? undefined : `Left out: ${missing} ${missing === 1 ? "pair" : "pairs"} of copies not finished.`;
}
