import { connectivityRows } from "./connectivity.ts";
import { type CsvRow, toCsv } from "./csv.ts";
import { variantLabel } from "./groups.ts";
import type { ArmResult, Results } from "./types.ts";
import { verdicts } from "./verdicts.ts";

/** One row per training: variant, seed, pruning setting, sparsity, start, accuracies in percent, status, keys. */
export function resultsCsv(results: Results): string {
  return toCsv(armRows(results));
}

/** One row per comparison and p: R_p with its null, z and p-value. */
export function correlationsCsv(results: Results): string {
  return toCsv(correlationRows(results));
}

/** One row per pair of copies and point between them: test error, and the barrier. */
export function connectivityCsv(results: Results): string {
  return toCsv(connectivityRows(results));
}

/** Everything in one JSON text: the resolved spec, the rows of all CSV files with learning curves, verdicts and cost. */
export function resultsJson(results: Results): string {
  const { spec } = results;
  const { winning, cost, denseSentence, preTraining, masks } = verdicts(results);
  const curves = results.arms.map(({ curve }) => curve);
  const content = {
    format: 1,
    name: spec.name,
    question: spec.question,
    spec: spec.resolved,
    runs: armRows(results).map((row, i) => ({ ...row, curve: curves[i] ?? [] })),
    correlations: correlationRows(results),
    connectivity: connectivityRows(results),
    verdicts: winning.map(({ variant, label, pruning, sentence, property }) => ({
      ...property,
      variant,
      label,
      pruning,
      sentence,
    })),
    denseSentence,
    preTraining,
    masks,
    cost,
    stages: results.stages,
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

/** The tables of a report by name, as rows: those of the CSV files, and the learning curves, a row per training and epoch. */
export function resultTables(results: Results): ReadonlyMap<string, readonly CsvRow[]> {
  return new Map([
    ["results", armRows(results)],
    ["correlations", correlationRows(results)],
    ["connectivity", connectivityRows(results)],
    ["curves", curveRows(results)],
  ]);
}

/** Losses in nats, accuracies in percent, as in the other tables. */
function curveRows(results: Results): readonly CsvRow[] {
  return results.arms.flatMap((arm) =>
    arm.curve.map((at) => ({
      variant: arm.variant,
      label: variantLabel(results, arm.variant),
      seed: arm.seed,
      pruning: arm.cell?.pruning,
      sparsity: arm.cell?.sparsity,
      start: arm.start,
      epoch: at.epoch,
      lr: at.lr,
      trainLoss: at.trainLoss,
      trainAccuracy: rounded(100 * at.trainAccuracy),
      testLoss: at.testLoss,
      testAccuracy: rounded(100 * at.testAccuracy),
      validationLoss: at.validationLoss,
      validationAccuracy: rounded(at.validationAccuracy === undefined ? undefined : 100 * at.validationAccuracy),
      key: arm.train,
    })),
  );
}

function armRows(results: Results): readonly CsvRow[] {
  return results.arms.map((arm) => ({
    variant: arm.variant,
    label: variantLabel(results, arm.variant),
    seed: arm.seed,
    pruning: arm.cell?.pruning,
    sparsity: arm.cell?.sparsity,
    achievedSparsity: arm.achievedSparsity,
    start: arm.start,
    rewindEpoch: arm.rewindEpoch,
    retrainEpochs: arm.retrainEpochs,
    finalAccuracy: rounded(arm.finalAccuracy),
    bestAccuracy: rounded(arm.bestAccuracy),
    bestEpoch: arm.bestEpoch,
    epochs: arm.curve.at(-1)?.epoch,
    ...statusFields(arm),
    key: arm.train,
    maskKey: arm.cell?.mask.key,
  }));
}

function correlationRows(results: Results): readonly CsvRow[] {
  return results.comparisons.flatMap((comparison) => {
    const points = comparison.points.length === 0 ? [undefined] : comparison.points;
    return points.map((point) => ({
      variant: comparison.variant,
      label: variantLabel(results, comparison.variant),
      seed: comparison.seed,
      measure: comparison.measure,
      pruning: comparison.cell?.pruning,
      sparsity: comparison.cell?.sparsity,
      p: point?.p,
      rp: point?.rp,
      nullMean: point?.nullMean,
      z: point?.z ?? undefined,
      pValue: point?.pValue,
      ...statusFields(comparison),
      key: comparison.compare,
    }));
  });
}

function statusFields({ status, reason }: Pick<ArmResult, "status" | "reason">): CsvRow {
  return { status, reason };
}

/** Percent from a fraction, without the dust of floating point: 88.12, not 88.12000000000001. */
function rounded(accuracy: number | undefined): number | undefined {
  return accuracy === undefined ? undefined : Number(accuracy.toFixed(6));
}
