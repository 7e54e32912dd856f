import { percent } from "../run/labels.ts";
import type { Variant } from "../spec/types.ts";
import type { Condition } from "../stats/condition.ts";
import type { SparsityVerdict } from "../stats/verdict.ts";
import { admmTable, admmWarnings } from "./admm.ts";
import { connectivityTable } from "./connectivity.ts";
import { type CorrelationGroup, findCorrelation, statedP } from "./correlations.ts";
import { costText } from "./cost.ts";
import { accuracyText, pointsText, probabilityText, rpText, seedsText, spreadText, zText } from "./format.ts";
import { givenWeightsSentences } from "./given-weights.ts";
import { type ArmGroup, armGroups, cellsOf, sameCell, startsOf } from "./groups.ts";
import { missingNote } from "./missing.ts";
import { mixedNotes } from "./mixed.ts";
import { renderTable, type TextTable } from "./text-table.ts";
import type { Results } from "./types.ts";
import { unevenNotes } from "./uneven.ts";
import { NOT_JUDGED, type Verdicts, verdicts, type WinningVerdict } from "./verdicts.ts";

/** Fits an 100-column terminal. */
const WIDTH = 100;

/** Accuracy of every variant, R_p against its null, and the verdicts, as text for the terminal. */
export function summaryTables(results: Results): string {
  const judged = verdicts(results);
  const tables = [
    ...results.spec.variants.map(({ id }) => accuracyTable(results, id)),
    ...correlationTables(results, judged),
    ...(judged.winning.length === 0 ? [] : [verdictTable(judged.winning)]),
    admmTable(results),
    connectivityTable(results),
  ];
  const note = missingNote(results, results.arms);
  return [
    ...tables.filter(({ rows }) => rows.length > 0).map((table) => renderTable(table, WIDTH)),
    ...(note === undefined ? [] : [`${wrap(note, WIDTH)}\n`]),
    ...[...unevenNotes(results), ...mixedNotes([results])].map((sentence) => `${wrap(sentence, WIDTH)}\n`),
    ...admmWarnings(results).map((warning) => `${wrap(`Warning: ${warning}`, WIDTH)}\n`),
    ...givenWeightsSentences(results.spec).map((sentence) => `${wrap(sentence, WIDTH)}\n`),
    ...(judged.winning.length === 0 ? [`${wrap(NOT_JUDGED, WIDTH)}\n`] : []),
    ...judged.winning.map(
      (verdict) =>
        `${wrap(`${verdict.label}, ${verdict.pruning}: the winning property ${verdict.headline}.`, WIDTH)}\n`,
    ),
    `${wrap(costText(judged.cost), WIDTH)}\n`,
  ].join("\n");
}

/** Rows: pruning setting and sparsity; columns: starts. */
export function accuracyTable(results: Results, variant: string): TextTable {
  const groups = armGroups(results).filter((group) => group.variant === variant);
  const starts = startsOf(groups);
  const label = results.spec.variants.find(({ id }) => id === variant)?.label ?? variant;
  const at = (name: string, cell?: ArmGroup["cell"]) =>
    groups.find((group) => group.name === name && sameCell(group.cell, name === "dense" ? undefined : cell));
  const cells = cellsOf(groups);
  const rows = cells.map((cell) => [
    `${cell.pruning} ${percent(cell.sparsity)}`,
    ...starts.map(({ name }) => groupText(at(name, cell))),
  ]);
  return {
    title: `Test accuracy in %, ${label}: mean ± sd over ${seedsText(results.spec.seeds.length)}`,
    columns: ["mask", ...starts.map(({ name }) => name)],
    rows: cells.length === 0 ? [["no mask", ...starts.map(({ name }) => groupText(at(name)))]] : rows,
    heads: 1,
  };
}

/** `88.12 ± 0.31`, or why there is no number. */
export function groupText(group: ArmGroup | undefined): string {
  if (group === undefined) return "-";
  if (group.final !== undefined) return spreadText(group.final, accuracyText, group.arms.length);
  return group.arms[0]?.status ?? "-";
}

function correlationTables(results: Results, { correlations }: Verdicts): readonly TextTable[] {
  const preTraining = correlations.filter(({ measure }) => measure === "pre-training");
  const seeds = results.spec.seeds.length;
  return [
    {
      title: `Correlation of θ0 and θT (pre-training): R_p against its null, mean z, largest p-value of ${seedsText(seeds)}`,
      columns: ["variant", "p", "R_p", "null", "z", "p-value"],
      rows: preTraining.map((group) => [labelOf(results, group), percent(group.p), ...correlationCells(group, seeds)]),
      heads: 1,
    },
    ...results.spec.variants.map((variant) => maskCorrelationTable(results, variant, correlations)),
  ];
}

/** Rows: masks; columns: what is compared with the fine-tuned weights or, for these, with θ0 and θT. */
function maskCorrelationTable(
  { spec }: Results,
  { id, label }: Variant,
  correlations: readonly CorrelationGroup[],
): TextTable {
  const p = statedP(correlations);
  const shown = correlations.filter((group) => group.variant === id && group.cell !== undefined && group.p === p);
  const measures = [...new Set(shown.map(({ measure }) => measure))];
  return {
    title: `Correlation under a mask, ${label}: R_${p ?? ""} | its null in % | mean z | largest p of ${seedsText(spec.seeds.length)}`,
    columns: [
      "mask",
      ...measures.map((measure) => measure.replace("to initial", "~ θ0").replace("to pre-trained", "~ θT")),
    ],
    rows: cellsOf(shown).map((cell) => [
      `${cell.pruning} ${percent(cell.sparsity)}`,
      ...measures.map((measure) => {
        const group = findCorrelation(shown, { variant: id, measure, p: p ?? 0, cell });
        return group === undefined ? "-" : meanCells(group).join(" | ").replaceAll(" %", "");
      }),
    ]),
    heads: 1,
  };
}

/** R_p, its null, z and p-value; they never go apart. */
function correlationCells(group: CorrelationGroup, seeds: number): readonly string[] {
  return [spreadText(group.rp, rpText, seeds), ...meanCells(group).slice(1)];
}

function meanCells({ rp, nullMean, z, largestP }: CorrelationGroup): readonly string[] {
  return [rpText(rp.mean), rpText(nullMean), z === undefined ? "-" : zText(z.mean), probabilityText(largestP)];
}

function labelOf(results: Results, { variant }: CorrelationGroup): string {
  return results.spec.variants.find(({ id }) => id === variant)?.label ?? variant;
}

function verdictTable(winning: readonly WinningVerdict[]): TextTable {
  const [first] = winning;
  const margins = first?.property;
  return {
    title:
      `Winning property (ticket at most ${margins?.equivalenceMargin ?? ""} points below dense, more than ` +
      `${margins?.minDifference ?? ""} above reinit)`,
    columns: ["variant", "mask", "ticket−dense", "ticket−reinit", "n", "verdict"],
    rows: winning.flatMap(({ label, pruning, property }) =>
      property.sparsities.map((judged) => [
        label,
        `${pruning} ${percent(judged.sparsity)}`,
        conditionText(judged.closeToDense),
        conditionText(judged.betterThanReinit),
        String(Math.min(judged.closeToDense.n, judged.betterThanReinit.n)),
        verdictText(judged),
      ]),
    ),
    heads: 2,
  };
}

/** `−1.80 [−2.30, −1.30]`: mean difference and its confidence interval, in accuracy points. */
export function conditionText({ effect, interval }: Condition): string {
  if (effect === null) return "-";
  if (interval === null) return pointsText(effect);
  return `${pointsText(effect)} [${pointsText(interval[0])}, ${pointsText(interval[1])}]`;
}

function verdictText(judged: SparsityVerdict): string {
  if (judged.verdict !== "undecided") return judged.verdict;
  return typeof judged.seedsToDecide === "number" ? `undecided (~${judged.seedsToDecide} seeds)` : "undecided";
}

/** Breaks lines at spaces, but not before a percent sign, so that none is longer than `width`, where words allow it. */
function wrap(text: string, width: number): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/ (?!%)/)) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = `  ${word}`;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join("\n");
}
