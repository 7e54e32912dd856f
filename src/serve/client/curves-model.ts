import type { CurveView } from "../views.ts";
import type { Selection } from "./address.ts";
import type { Group, Run } from "./runs-model.ts";
import { runTitle } from "./runs-model.ts";

/** A line of the chart: one run, or the mean of several with the band of all of them. */
export interface ChartLine {
  readonly id: string;
  readonly title: string;
  readonly runs: readonly Run[];
}

export interface Drawn extends ChartLine {
  /** How many of the runs have a curve yet; at an epoch, the mean is that of the runs that have come so far. */
  readonly n: number;
  /** By position in `epochs` of the chart; null where nothing is. */
  readonly mean: readonly (number | null)[];
  /** Lowest and highest; absent for one run. */
  readonly band?: readonly [readonly (number | null)[], readonly (number | null)[]];
}

export interface ChartData {
  readonly epochs: readonly number[];
  readonly lines: readonly Drawn[];
}

/** More lines than this cannot be told apart. */
export const MOST_LINES = 8;

/** Which lines are drawn: of the chosen runs, else of those that are running, else of the first ones shown. */
export function chartLines(
  shown: readonly Run[],
  groups: readonly Group[],
  chosen: readonly string[],
): readonly ChartLine[] {
  const isChosen = (run: Run) => chosen.includes(run.id);
  const has = {
    chosen: shown.some(isChosen),
    running: shown.some(({ state }) => state === "running"),
  };
  const isWanted = (run: Run) => (has.chosen ? isChosen(run) : has.running ? run.state === "running" : run.epoch > 0);
  const lines =
    groups.length === 0
      ? shown
          .filter(isWanted)
          .map((run) => ({ id: run.id, title: `${runTitle(run)}, ${run.variantLabel}, seed ${run.seed}`, runs: [run] }))
      : groups.flatMap(({ id, title, runs }) => {
          // A running seed is seen among its finished ones.
          const wanted = has.chosen
            ? runs.filter(isWanted)
            : runs.some(isWanted)
              ? runs.filter(({ epoch }) => epoch > 0)
              : [];
          const variants = [...new Set(wanted.map(({ variantLabel }) => variantLabel))];
          const place = variants.length === 1 && !title.includes(variants[0] ?? "") ? `, ${variants[0] ?? ""}` : "";
          return wanted.length === 0 ? [] : [{ id, title: `${title}${place}`, runs: wanted }];
        });
  return lines.slice(0, MOST_LINES);
}

/** Means and bands of the lines over all epochs that any of them has. */
export function chartData(
  lines: readonly ChartLine[],
  curves: ReadonlyMap<string, CurveView>,
  quantity: Selection["curve"],
): ChartData {
  const found = (line: ChartLine) => line.runs.flatMap(({ id }) => curves.get(id) ?? []);
  const epochs = [...new Set(lines.flatMap((line) => found(line).flatMap((curve) => curve.epochs)))].sort(
    (a, b) => a - b,
  );
  return {
    epochs,
    lines: lines.map((line) => {
      const byEpoch = new Map<number, number[]>();
      for (const curve of found(line)) {
        for (const [i, epoch] of curve.epochs.entries()) {
          const value = curve[quantity][i];
          if (typeof value !== "number" || !Number.isFinite(value)) continue;
          const known = byEpoch.get(epoch);
          if (known === undefined) byEpoch.set(epoch, [value]);
          else known.push(value);
        }
      }
      const column = (of: (values: readonly number[]) => number) =>
        epochs.map((epoch) => {
          const values = byEpoch.get(epoch);
          return values === undefined ? null : of(values);
        });
      const mean = column((values) => values.reduce((sum, value) => sum + value, 0) / values.length);
      const n = found(line).filter((curve) => curve.epochs.length > 0).length;
      if (n < 2) return { ...line, n, mean };
      const band = [column((values) => Math.min(...values)), column((values) => Math.max(...values))] as const;
      return { ...line, n, mean, band };
    }),
  };
}
