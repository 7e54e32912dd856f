import { type PaperPruning, type ReportedNumber, type ReportedQuantity, sparsityTolerance } from "../paper/types.ts";
import { percent } from "../run/labels.ts";
import { summarize, tInterval } from "../stats/paired-t.ts";
import { type CorrelationGroup, correlationGroups } from "./correlations.ts";
import { type CsvRow, toCsv } from "./csv.ts";
import { type ArmGroup, armGroups, cellsOf, type GroupCell, sameCell, variantLabel } from "./groups.ts";
import { type Spread, spreadOf } from "./spread.ts";
import type { Results } from "./types.ts";

/** Coverage of the intervals. */
export const PAPER_LEVEL = 0.95;

/** A number of the paper beside ours. Numbers are percent, differences percentage points. */
export interface PaperNumber {
  readonly reported: ReportedNumber;
  /** Our variant of the same model, data and learning rate; absent when the experiment has none. */
  readonly variant?: string;
  /** Our pruning setting of the same kind; absent for dense, and when there is none. */
  readonly pruning?: string;
  /** Our mask nearest to the paper's, within one percentage point of sparsity. */
  readonly cell?: GroupCell;
  /** Absent when nothing of it is done. */
  readonly ours?: OurNumber;
  /** What there is to say where a number, or its interval, is missing. */
  readonly remark?: string;
}

export interface OurNumber {
  readonly spread: Spread;
  /** Of R_p only, which is never shown without it. */
  readonly nullMean?: number;
  /** Ours less the paper's. */
  readonly difference: number;
  /** Of the difference: a t interval over our seeds, the paper's number taken as exact. Absent for one seed. */
  readonly interval?: readonly [number, number];
}

/** Every number that the paper states for this experiment, with ours where the results have it. */
export function paperNumbers(results: Results, reported: readonly ReportedNumber[]): readonly PaperNumber[] {
  const groups = armGroups(results);
  const correlations = correlationGroups(results);
  return reported.flatMap((number) => {
    const variants = results.spec.variants.filter(
      ({ setting: { model, data, train } }) =>
        model.name === number.model && data.name === number.data && train.optimizer.sgd.lr === number.lr,
    );
    if (variants.length === 0) return [{ reported: number, remark: "not part of this experiment" }];
    return variants.map(({ id }) => inVariant(results, number, id, groups, correlations));
  });
}

function inVariant(
  results: Results,
  reported: ReportedNumber,
  variant: string,
  groups: readonly ArmGroup[],
  correlations: readonly CorrelationGroup[],
): PaperNumber {
  const { quantity, value } = reported;
  const masks = cellsOf(groups).filter(
    ({ pruneIndex }) => pruningKind(results, variant, pruneIndex) === maskOf(quantity)?.pruning,
  );
  const cell = nearest(masks, maskOf(quantity)?.sparsity);
  const pruning = cell?.pruning ?? masks[0]?.pruning;
  const base = { reported, variant, ...(pruning === undefined ? {} : { pruning }), ...(cell && { cell }) };
  const mask = maskOf(quantity);
  if (mask !== undefined && cell === undefined)
    return { ...base, remark: `no ${mask.pruning} mask at ${percent(mask.sparsity)}` };
  const found =
    quantity.kind === "accuracy"
      ? accuracy(groups, variant, quantity.start, cell)
      : correlation(correlations, { variant, measure: quantity.measure, p: quantity.p }, cell);
  if (found === undefined) return { ...base, remark: "not measured, or not done yet" };
  const { values, nullMean } = found;
  const spread = spreadOf(values);
  if (spread === undefined) return { ...base, remark: "not done" };
  const interval = tInterval(summarize(values.map((ours) => ours - value)), PAPER_LEVEL);
  return {
    ...base,
    ours: {
      spread,
      ...(nullMean === undefined ? {} : { nullMean }),
      difference: spread.mean - value,
      ...(interval === undefined ? {} : { interval }),
    },
    ...(interval === undefined ? { remark: "one seed: no interval" } : {}),
  };
}

/** The mask that a quantity belongs to; undefined for dense. */
function maskOf(quantity: ReportedQuantity): { pruning: PaperPruning; sparsity: number } | undefined {
  if (quantity.kind === "accuracy" && quantity.start === "dense") return undefined;
  return { pruning: quantity.pruning, sparsity: quantity.sparsity };
}

function pruningKind({ spec }: Results, variant: string, pruneIndex: number): string | undefined {
  return spec.variants.find(({ id }) => id === variant)?.setting.prune[pruneIndex]?.kind;
}

function nearest(cells: readonly GroupCell[], sparsity: number | undefined): GroupCell | undefined {
  if (sparsity === undefined) return undefined;
  const distance = (cell: GroupCell) => Math.abs(cell.sparsity - sparsity);
  const [first] = [...cells].sort((a, b) => distance(a) - distance(b));
  return first !== undefined && distance(first) <= sparsityTolerance ? first : undefined;
}

interface Found {
  /** Percent, one per seed. */
  readonly values: readonly number[];
  readonly nullMean?: number;
}

function accuracy(
  groups: readonly ArmGroup[],
  variant: string,
  start: ArmGroup["start"],
  cell: GroupCell | undefined,
): Found | undefined {
  const group = groups.find(
    (candidate) => candidate.variant === variant && candidate.start === start && sameCell(candidate.cell, cell),
  );
  if (group === undefined) return undefined;
  return { values: group.arms.flatMap((arm) => (arm.status === "done" ? (arm.finalAccuracy ?? []) : [])) };
}

function correlation(
  groups: readonly CorrelationGroup[],
  at: Pick<CorrelationGroup, "variant" | "measure" | "p">,
  cell: GroupCell | undefined,
): Found | undefined {
  const group = groups.find(
    (candidate) =>
      candidate.variant === at.variant &&
      candidate.measure === at.measure &&
      Math.abs(candidate.p - at.p) < 1e-9 &&
      sameCell(candidate.cell, cell),
  );
  return group && { values: group.seeds.map(({ rp }) => 100 * rp), nullMean: 100 * group.nullMean };
}

/** `test accuracy, dense`, `R_0.2 of ticket, iterative 62 %`: what a number of the paper is about. */
export function quantityText(quantity: ReportedQuantity): string {
  const mask = maskOf(quantity);
  const place = mask === undefined ? "" : `, ${mask.pruning} ${percent(mask.sparsity)}`;
  if (quantity.kind === "accuracy") return `test accuracy, ${quantity.start}${place}`;
  return `R_${quantity.p}, ${quantity.measure}${place}`;
}

/** One row per number of the paper. Percent and percentage points. */
export function paperNumbersCsv(results: Results, numbers: readonly PaperNumber[]): string {
  return toCsv(
    numbers.map(
      ({ reported, variant, cell, ours, remark }): CsvRow => ({
        source: reported.source,
        model: reported.model,
        data: reported.data,
        lr: reported.lr,
        quantity: quantityText(reported.quantity),
        paper: reported.value,
        variant: variant === undefined ? undefined : variantLabel(results, variant),
        pruning: cell?.pruning,
        sparsity: cell?.sparsity,
        ours: ours?.spread.mean,
        nullMean: ours?.nullMean,
        n: ours?.spread.n,
        difference: ours?.difference,
        intervalLow: ours?.interval?.[0],
        intervalHigh: ours?.interval?.[1],
        remark,
      }),
    ),
  );
}
