import type { Json } from "../core/canonical-json.ts";
import { percent } from "../run/labels.ts";
import { errorPercent, STABLE_BARRIER } from "../stats/connectivity.ts";
import type { CsvRow } from "./csv.ts";
import { accuracyText, seedsText, spreadText } from "./format.ts";
import { type GroupCell, groupCell, sameCell, variantLabel } from "./groups.ts";
import { type Spread, spreadOf } from "./spread.ts";
import type { TextTable } from "./text-table.ts";
import type { ConnectionResult, PathPoint, Results } from "./types.ts";

/** All seeds of two copies from one epoch, of the dense network or under one mask. */
export interface ConnectionGroup {
  readonly variant: string;
  readonly epoch: number;
  /** Absent for the dense network. */
  readonly cell?: GroupCell;
  /** `dense`, or the mask: `iterative 50 %`. */
  readonly name: string;
  readonly runs: readonly ConnectionResult[];
  /** Error barrier in percentage points over the seeds that are done; undefined when none is. */
  readonly barrier: Spread | undefined;
  /** Mean error of the two copies themselves, in percent. */
  readonly ends: Spread | undefined;
  /** Seeds whose barrier is below STABLE_BARRIER. */
  readonly stable: number;
}

/** The connections by variant, then network, then epoch. */
export function connectionGroups(results: Results): readonly ConnectionGroup[] {
  const groups: ConnectionResult[][] = [];
  for (const connection of results.connections) {
    const { variant, epoch, cell } = connection;
    const group = groups.find(
      ([first]) => first?.variant === variant && first.epoch === epoch && sameCell(first.cell, cell),
    );
    if (group === undefined) groups.push([connection]);
    else group.push(connection);
  }
  const all = groups.flatMap((runs) => (runs[0] === undefined ? [] : [groupOf(runs[0], runs)]));
  return results.spec.variants.flatMap(({ id }) => all.filter(({ variant }) => variant === id));
}

function groupOf({ variant, epoch, cell }: ConnectionResult, runs: readonly ConnectionResult[]): ConnectionGroup {
  const barriers = runs.flatMap(({ barrier }) => (barrier === undefined ? [] : [barrier]));
  const ends = runs.flatMap(({ path }) => {
    const [first, last] = [path[0], path.at(-1)];
    return first === undefined || last === undefined ? [] : [(first.error + last.error) / 2];
  });
  return {
    variant,
    epoch,
    ...(cell === undefined ? {} : { cell: groupCell(cell) }),
    name: cell === undefined ? "dense" : `${cell.pruning} ${percent(cell.sparsity)}`,
    runs,
    barrier: spreadOf(barriers),
    ends: spreadOf(ends),
    stable: barriers.filter((barrier) => barrier < STABLE_BARRIER).length,
  };
}

/** Rows: variant, network and epoch. */
export function connectivityTable(results: Results): TextTable {
  return {
    title: `Linear mode connectivity: error barrier in points between two copies trained from θ_k; stable below ${STABLE_BARRIER}`,
    columns: ["variant", "network", "k", "error of copies", "barrier", "stable"],
    rows: connectionGroups(results).map((group) => [
      variantLabel(results, group.variant),
      group.name,
      String(group.epoch),
      ...connectionCells(group),
    ]),
    heads: 3,
  };
}

/** Error of the copies, barrier, and how many seeds are stable. */
export function connectionCells({ barrier, ends, stable, runs }: ConnectionGroup): readonly [string, string, string] {
  const done = `${stable} of ${seedsText(barrier?.n ?? 0)}`;
  const left = runs.filter(({ status }) => status !== "done").map(({ seed, status }) => `seed ${seed} ${status}`);
  return [
    ends === undefined ? "-" : spreadText(ends, accuracyText, runs.length),
    barrier === undefined ? "-" : spreadText(barrier, accuracyText, runs.length),
    [done, ...left].join(", "),
  ];
}

/** One row per connection and point of its path, and one where nothing was measured. */
export function connectivityRows(results: Results): readonly CsvRow[] {
  return results.connections.flatMap((connection) => {
    const points: readonly (PathPoint | undefined)[] = connection.path.length === 0 ? [undefined] : connection.path;
    return points.map((point) => ({
      variant: connection.variant,
      label: variantLabel(results, connection.variant),
      seed: connection.seed,
      epoch: connection.epoch,
      pruning: connection.cell?.pruning,
      sparsity: connection.cell?.sparsity,
      share: point?.share,
      error: point && rounded(point.error),
      loss: point?.loss ?? undefined,
      barrier: connection.barrier === undefined ? undefined : rounded(connection.barrier),
      status: connection.status,
      reason: connection.reason,
      copy1: connection.copies[0],
      copy2: connection.copies[1],
      key: connection.connect,
    }));
  });
}

/** A point of a stored path, checked; undefined when it is none. */
export function pathPoint(point: Json): PathPoint | undefined {
  if (typeof point !== "object" || point === null || Array.isArray(point)) return undefined;
  const { share, testLoss, testAccuracy } = point as { readonly [name: string]: Json };
  if (typeof share !== "number" || typeof testAccuracy !== "number") return undefined;
  if (testLoss !== null && typeof testLoss !== "number") return undefined;
  return { share, error: errorPercent(testAccuracy), loss: testLoss };
}

/** Without the dust of floating point. */
function rounded(value: number): number {
  return Number(value.toFixed(6));
}
