import type { CsvRow } from "../analysis/csv.ts";
import { accuracyText } from "../analysis/format.ts";
import { type ArmGroup, variantLabel } from "../analysis/groups.ts";
import { type PaperNumber, quantityText } from "../analysis/paper-numbers.ts";
import type { ArmResult, Results } from "../analysis/types.ts";
import { percent } from "../run/labels.ts";
import { focusedDomain, partsAbove, reaching } from "./figure.ts";
import type { DrawnMean } from "./means-over.ts";
import { runLink } from "./run-link.ts";

/** One mark of a figure of accuracies against sparsity. Accuracies are percent. */
export interface AccuracyRow {
  /** A corner of the line through the means is `line`, a mean below the axis `below`. */
  readonly kind: "seed" | "mean" | "line" | "below" | "dense" | "dense seed" | "paper" | "paper dense";
  readonly variant: string;
  readonly start: string;
  /** Absent for dense. */
  readonly pruning?: string;
  readonly sparsity?: number;
  /** `sparsity`, shifted by a little so that the starts do not hide one another. */
  readonly x: number;
  readonly accuracy: number;
  readonly seed?: number;
  /** Of a line, when it leaves the axis and comes back. */
  readonly part?: number;
  /** Number of seeds and their range, for means. */
  readonly n?: number;
  readonly low?: number;
  readonly high?: number;
  /** Of the training. */
  readonly key?: string;
  readonly href?: string;
  readonly label?: string;
}

/** Everything that a figure of accuracies against sparsity draws, and its axes. */
export interface AccuracyPlot {
  readonly rows: readonly AccuracyRow[];
  readonly table: readonly CsvRow[];
  readonly sparsities: readonly number[];
  /** Of sparsity. */
  readonly domain: [number, number];
  /** Of accuracy. */
  readonly accuracies: [number, number];
  /** `lr 0.01, reinit at 90 % (11.25 %)`: means, and seeds where the mean is on the axis, that are below it. */
  readonly hidden: readonly string[];
  /** What the paper states and the axes do not reach. */
  readonly outside: readonly string[];
}

/**
 * @param groups  dense and those under masks
 * @param numbers what the paper states for these settings
 * @returns undefined when no run under a mask is done
 */
export function accuracyPlot(
  results: Results,
  groups: readonly ArmGroup[],
  numbers: readonly PaperNumber[],
): AccuracyPlot | undefined {
  const sparsities = [...new Set(groups.flatMap(({ cell }) => (cell === undefined ? [] : [cell.sparsity])))];
  const domain = sparsityDomain(sparsities);
  const lines = [...new Set(groups.flatMap((group) => (group.cell === undefined ? [] : [lineOf(group)])))];
  const own = groups.flatMap((group) =>
    rowsOf(results, group, shiftOf(lines.indexOf(lineOf(group)), lines, domain), domain[0]),
  );
  if (!own.some(({ sparsity }) => sparsity !== undefined)) return undefined;
  const focus = focusedDomain(own.map(({ accuracy }) => accuracy));
  const marks = numbers.flatMap((number) => markOf(results, number, groups, domain));
  const accuracies = reaching(
    focus,
    marks.map(({ accuracy }) => accuracy),
  );
  const isInside = ({ x, accuracy }: AccuracyRow) =>
    accuracy >= accuracies[0] && accuracy <= accuracies[1] && x >= domain[0] && x <= domain[1];
  return {
    rows: [...rowsAbove(own, accuracies[0]), ...marks.filter(isInside)],
    table: [...own, ...marks].map(tableRow),
    sparsities,
    domain,
    accuracies,
    hidden: hiddenGroups(results, groups, accuracies[0]),
    outside: marks.filter((mark) => !isInside(mark)).map(({ label }) => label ?? ""),
  };
}

/** The means of the groups that have one. */
export function armMeans(results: Results, groups: readonly ArmGroup[]): readonly DrawnMean[] {
  return groups.flatMap(({ variant, name, cell, final }) => {
    const mask = cell === undefined ? "" : `, ${cell.pruning} ${percent(cell.sparsity)}`;
    return final === undefined ? [] : [{ n: final.n, at: `${variantLabel(results, variant)}, ${name}${mask}` }];
  });
}

function lineOf({ cell, name }: ArmGroup): string {
  return JSON.stringify([cell?.pruneIndex, name]);
}

function sparsityDomain(sparsities: readonly number[]): [number, number] {
  const [low, high] = [Math.min(...sparsities), Math.max(...sparsities)];
  const room = high > low ? (high - low) * 0.1 : 0.05;
  return [low - room, high + room];
}

/** Lines are set side by side around the true sparsity, all within 4 % of the axis. */
function shiftOf(place: number, lines: readonly string[], [low, high]: [number, number]): number {
  return place < 0 || lines.length < 2 ? 0 : (place / (lines.length - 1) - 0.5) * 0.04 * (high - low);
}

function rowsOf(results: Results, group: ArmGroup, shift: number, left: number): readonly AccuracyRow[] {
  const { final, cell, arms, name } = group;
  if (final === undefined) return [];
  const base = {
    variant: variantLabel(results, group.variant),
    start: name,
    ...(cell === undefined
      ? { x: left }
      : { pruning: cell.pruning, sparsity: cell.sparsity, x: cell.sparsity + shift }),
  };
  const isDense = cell === undefined;
  const seeds = arms.flatMap((arm): AccuracyRow[] =>
    arm.finalAccuracy === undefined
      ? []
      : [{ kind: isDense ? "dense seed" : "seed", ...base, accuracy: arm.finalAccuracy, ...runOf(arm, name) }],
  );
  const { n, mean, min, max } = final;
  const label = `${name}${cell === undefined ? "" : `, ${percent(cell.sparsity)}`}, mean of ${n}: ${accuracyText(mean)} %`;
  return [...seeds, { kind: isDense ? "dense" : "mean", ...base, accuracy: mean, n, low: min, high: max, label }];
}

function runOf({ seed, train, cell, finalAccuracy = 0 }: ArmResult, name: string) {
  const place = cell === undefined ? "" : `, ${cell.pruning} ${percent(cell.sparsity)}`;
  const label = `${name}${place}, seed ${seed}: ${accuracyText(finalAccuracy)} %`;
  return { seed, key: train, href: runLink(train), label };
}

/** A number of the paper at its own sparsity. */
function markOf(
  results: Results,
  number: PaperNumber,
  groups: readonly ArmGroup[],
  domain: [number, number],
): readonly AccuracyRow[] {
  const { reported, variant, pruning } = number;
  const { quantity, value } = reported;
  if (variant === undefined || quantity.kind !== "accuracy") return [];
  const start = groups.find((group) => group.start === quantity.start)?.name ?? quantity.start;
  const base = { variant: variantLabel(results, variant), start, accuracy: value };
  const label = `${base.variant}, ${quantityText(quantity).replace("test accuracy, ", "")} (${accuracyText(value)} %)`;
  if (quantity.start === "dense") return [{ kind: "paper dense", ...base, x: domain[0], label }];
  const at = { sparsity: quantity.sparsity, x: quantity.sparsity };
  return [{ kind: "paper", ...base, ...(pruning === undefined ? {} : { pruning }), ...at, label }];
}

/** What lies on the axis, with the lines through the means. */
function rowsAbove(rows: readonly AccuracyRow[], bottom: number): readonly AccuracyRow[] {
  const lines = new Map<string, AccuracyRow[]>();
  for (const row of rows) {
    if (row.kind !== "mean") continue;
    const id = JSON.stringify([row.variant, row.start, row.pruning]);
    lines.set(id, [...(lines.get(id) ?? []), row]);
  }
  const corners = [...lines.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    const { variant, start, pruning } = first;
    const means = [first, ...others].map(({ x, accuracy }) => ({ x, y: accuracy })).sort((a, b) => a.x - b.x);
    return partsAbove(means, bottom).flatMap((part, i) =>
      part.map(
        ({ x, y }): AccuracyRow => ({
          kind: "line",
          variant,
          start,
          ...(pruning === undefined ? {} : { pruning }),
          x,
          accuracy: y,
          part: i,
        }),
      ),
    );
  });
  const below = rows
    .filter(({ kind, accuracy }) => kind === "mean" && accuracy < bottom)
    .map((row): AccuracyRow => ({ ...row, kind: "below", accuracy: bottom }));
  return [...rows, ...corners, ...below]
    .filter(({ accuracy }) => accuracy >= bottom)
    .map((row) => (row.low === undefined ? row : { ...row, low: Math.max(row.low, bottom) }));
}

function hiddenGroups(results: Results, groups: readonly ArmGroup[], bottom: number): readonly string[] {
  return groups.flatMap(({ variant, name, cell, final }) => {
    if (final === undefined || final.min >= bottom) return [];
    const place = cell === undefined ? "" : ` at ${percent(cell.sparsity)}`;
    const value = final.mean < bottom ? `${accuracyText(final.mean)} %` : `lowest seed ${accuracyText(final.min)} %`;
    return [`${variantLabel(results, variant)}, ${name}${place} (${value})`];
  });
}

function tableRow({ kind, variant, start, pruning, sparsity, seed, accuracy, n, low, high, key }: AccuracyRow): CsvRow {
  const row = kind.startsWith("paper") ? "paper" : kind.endsWith("seed") ? "seed" : "mean";
  return { variant, start, pruning, sparsity, row, seed, accuracy, n, lowest: low, highest: high, key };
}
