import { startName } from "../plan/retraining.ts";
import type { Cell, Start } from "../plan/types.ts";
import { type Spread, spreadOf } from "./spread.ts";
import type { ArmResult, Results } from "./types.ts";

/** The order in which starts are listed and drawn everywhere. */
const order: readonly Start[] = ["dense", "ticket", "reinit", "scratch-b", "rewind", "lr-rewind", "fine-tune"];

/** All seeds of one training of one variant. */
export interface ArmGroup {
  readonly variant: string;
  readonly start: Start;
  readonly name: string;
  /** Absent for dense. */
  readonly cell?: GroupCell;
  readonly arms: readonly ArmResult[];
  /** Final test accuracy in percent over the seeds that are done; undefined when none is. */
  readonly final: Spread | undefined;
  readonly best: Spread | undefined;
}

/** A pruning setting at one sparsity, whatever the seed. */
export type GroupCell = Pick<Cell, "pruning" | "pruneIndex" | "step" | "sparsity">;

/** The arms by variant, cell and start, in the order of the spec; within a cell in the order of `order`. */
export function armGroups(results: Results): readonly ArmGroup[] {
  const groups = new Map<string, ArmResult[]>();
  for (const arm of results.arms) {
    const { variant, cell } = arm;
    const id = JSON.stringify([variant, cell?.pruneIndex, cell?.step, startName(arm)]);
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [arm]);
    else group.push(arm);
  }
  return [...groups.values()].flatMap((arms) => {
    const [first] = arms;
    return first === undefined ? [] : [groupOf(first, arms)];
  });
}

function groupOf(first: ArmResult, arms: readonly ArmResult[]): ArmGroup {
  const { variant, start, cell } = first;
  const values = (of: (arm: ArmResult) => number | undefined) =>
    arms.flatMap((arm) => {
      const value = arm.status === "done" ? of(arm) : undefined;
      return value === undefined ? [] : [value];
    });
  return {
    variant,
    start,
    name: startName(first),
    ...(cell === undefined ? {} : { cell: groupCell(cell) }),
    arms,
    final: spreadOf(values((arm) => arm.finalAccuracy)),
    best: spreadOf(values((arm) => arm.bestAccuracy)),
  };
}

/** A cell without its mask, which differs by seed. */
export function groupCell({ pruning, pruneIndex, step, sparsity }: Cell): GroupCell {
  return { pruning, pruneIndex, step, sparsity };
}

/** Whether two cells are the same setting at the same step. */
export function sameCell(a: GroupCell | undefined, b: GroupCell | undefined): boolean {
  return a?.pruneIndex === b?.pruneIndex && a?.step === b?.step;
}

/** The cells of a spec, each once, by pruning setting and then by step. */
export function cellsOf(groups: readonly { readonly cell?: GroupCell }[]): readonly GroupCell[] {
  const cells = groups.flatMap(({ cell }) => (cell === undefined ? [] : [cell]));
  return cells
    .filter((cell, i) => cells.findIndex((other) => sameCell(other, cell)) === i)
    .sort((a, b) => a.pruneIndex - b.pruneIndex || a.step - b.step);
}

/** Names of the pruning settings, each once. */
export function pruningsOf(groups: readonly { readonly cell?: GroupCell }[]): readonly string[] {
  return [...new Set(cellsOf(groups).map(({ pruning }) => pruning))];
}

/** Names of the starts that occur, each once, in the order of `order`; rewinding points by epoch, learning-rate rewinding by length. */
export function startsOf(groups: readonly ArmGroup[]): readonly { readonly start: Start; readonly name: string }[] {
  const found = new Map(groups.map((group) => [group.name, group]));
  return [...found.values()]
    .sort((a, b) => order.indexOf(a.start) - order.indexOf(b.start) || epochOf(a) - epochOf(b))
    .map(({ start, name }) => ({ start, name }));
}

function epochOf({ arms: [first] }: ArmGroup): number {
  return first?.rewindEpoch ?? first?.retrainEpochs ?? 0;
}

/** The variant's label for people. */
export function variantLabel({ spec }: Results, id: string): string {
  return spec.variants.find((variant) => variant.id === id)?.label ?? id;
}
