import { percent } from "../run/labels.ts";
import type { Condition } from "../stats/condition.ts";
import type { PairedRun, SparsityVerdict, WinningProperty } from "../stats/verdict.ts";
import { seedsOutlook } from "../stats/verdict-text.ts";
import { winningProperty } from "../stats/winning-property.ts";
import {
  type CorrelationGroup,
  correlationGroups,
  type MaskReading,
  maskReadings,
  preTrainingSentences,
} from "./correlations.ts";
import { type Cost, costOf } from "./cost.ts";
import { denseDifferenceSentence } from "./dense-differences.ts";
import { accuracyText, listText, pointsText, seedsText, spreadText } from "./format.ts";
import { givenWeightsSentences } from "./given-weights.ts";
import { type ArmGroup, armGroups, cellsOf, pruningsOf, sameCell } from "./groups.ts";
import { countsText } from "./missing.ts";
import type { ArmResult, Results } from "./types.ts";

/** The winning property of one variant and pruning setting, over its sparsities. */
export interface WinningVerdict {
  readonly variant: string;
  /** The variant's label for people. */
  readonly label: string;
  readonly pruning: string;
  readonly property: WinningProperty;
  /** `holds at 50 %, fails at 70 % and 90 %`. */
  readonly headline: string;
  /** One per sparsity, with effect, interval and n: `fails at 50 % (ticket 1.80 points below dense, …)`. */
  readonly clauses: readonly string[];
  /** All of it: `lr 0.1, iterative: fails at 50 % (…); …`. */
  readonly sentence: string;
}

/** Said where there is no verdict at all. */
export const NOT_JUDGED =
  "The winning property is not judged: that needs the starts ticket and reinit, and this spec does not train both.";

/** What came out, judged. */
export interface Verdicts {
  /** The dense baseline of every variant. */
  readonly dense: readonly ArmGroup[];
  readonly denseSentence: string;
  readonly winning: readonly WinningVerdict[];
  readonly correlations: readonly CorrelationGroup[];
  /** A sentence per variant on R_p(θ0, θT). */
  readonly preTraining: readonly string[];
  readonly masks: readonly MaskReading[];
  readonly cost: Cost;
}

/** Judges the results with the margins of the spec. Seeds are the replicates and are paired. */
export function verdicts(results: Results): Verdicts {
  const groups = armGroups(results);
  const correlations = correlationGroups(results);
  const dense = groups.filter(({ start }) => start === "dense");
  return {
    dense,
    denseSentence: denseSentence(results, dense),
    winning: results.spec.variants.flatMap(({ id, label }) => {
      const ofVariant = groups.filter(({ variant }) => variant === id);
      // The property compares with both, so without reinitialised runs there is nothing to judge.
      if (!ofVariant.some(({ start }) => start === "reinit")) return [];
      return pruningsOf(ofVariant.filter(({ start }) => start === "ticket")).map((pruning) =>
        winningVerdict(results, { variant: id, label, pruning }, ofVariant),
      );
    }),
    correlations,
    preTraining: preTrainingSentences(results, correlations),
    masks: maskReadings(results, correlations),
    cost: costOf(results),
  };
}

function winningVerdict(
  { spec }: Results,
  at: Pick<WinningVerdict, "variant" | "label" | "pruning">,
  groups: readonly ArmGroup[],
): WinningVerdict {
  const cells = cellsOf(groups).filter(({ pruning }) => pruning === at.pruning);
  const arms = (start: string, cell?: (typeof cells)[number]) =>
    groups.find((group) => group.start === start && sameCell(group.cell, cell))?.arms ?? [];
  const runs = cells.map((cell) => ({
    sparsity: cell.sparsity,
    runs: spec.seeds.map(
      (seed): PairedRun => ({
        seed,
        dense: accuracyOf(arms("dense"), seed),
        ticket: accuracyOf(arms("ticket", cell), seed),
        reinit: accuracyOf(arms("reinit", cell), seed),
      }),
    ),
  }));
  const property = winningProperty(runs, spec.verdict);
  const clauses = property.sparsities.map((judged, i) =>
    clause(judged, countsText([...arms("dense"), ...arms("ticket", cells[i]), ...arms("reinit", cells[i])])),
  );
  return {
    ...at,
    property,
    headline: headline(property.sparsities),
    clauses,
    sentence: `${at.label}, ${at.pruning}: ${clauses.join("; ")}.`,
  };
}

function accuracyOf(arms: readonly ArmResult[], seed: number): number | null {
  const arm = arms.find((candidate) => candidate.seed === seed);
  return arm?.status === "done" ? (arm.finalAccuracy ?? null) : null;
}

function headline(sparsities: readonly SparsityVerdict[]): string {
  const words = [...new Set(sparsities.map(({ verdict }) => verdict))];
  const parts = words.map((word) => {
    const places = sparsities.filter(({ verdict }) => verdict === word).map(({ sparsity }) => percent(sparsity));
    return `${word === "undecided" ? "is undecided" : word} at ${listText(places)}`;
  });
  return listText(parts);
}

/** @param leftOut what became of the trainings that are not done, for people */
function clause(judged: SparsityVerdict, leftOut: string): string {
  const { sparsity, verdict, closeToDense, betterThanReinit } = judged;
  const conditions = [
    { name: "dense", condition: closeToDense },
    { name: "reinit", condition: betterThanReinit },
  ];
  // A failure is explained by the condition that failed, everything else by both.
  const shown = verdict === "fails" ? conditions.filter(({ condition }) => condition.state === "not met") : conditions;
  const numbers = shown.map(({ name, condition }) => effectText(name, condition));
  const outlook = verdict === "undecided" ? `; ${outlookText(judged, leftOut)}` : "";
  return `${verdict} at ${percent(sparsity)} (${numbers.join("; ")}${outlook})`;
}

/** `ticket 1.80 points below dense, 90 % CI −2.30 to −1.30, 3 seeds`. */
function effectText(other: string, { effect, interval, level, n, dropped }: Condition): string {
  const left = dropped === 0 ? "" : `, ${dropped} left out`;
  if (effect === null) return `no seed has both ticket and ${other}`;
  const size = pointsText(Math.abs(effect)).replace("+", "");
  const distance =
    size === "0.00" ? `level with ${other}` : `${size} points ${effect < 0 ? "below" : "above"} ${other}`;
  const ci = interval === null ? "" : `, ${percent(level)} CI ${pointsText(interval[0])} to ${pointsText(interval[1])}`;
  return `ticket ${distance}${ci}, ${seedsText(n)}${left}`;
}

/** What it would take to decide an undecided verdict. */
function outlookText(judged: SparsityVerdict, leftOut: string): string {
  const { closeToDense, betterThanReinit } = judged;
  const reasons = [closeToDense.reason, betterThanReinit.reason];
  if (reasons.includes("no pairs")) return `trainings left out: ${leftOut}`;
  if (reasons.includes("one seed")) return "one seed cannot decide, at least 2 are needed";
  if (reasons.includes("no spread")) return "the seeds do not differ, so there is no spread to judge by";
  return seedsOutlook(judged);
}

function denseSentence(results: Results, dense: readonly ArmGroup[]): string {
  const labelled = dense.map((group) => ({
    ...group,
    label: results.spec.variants.find(({ id }) => id === group.variant)?.label ?? group.variant,
  }));
  const parts = labelled.map(({ label, final, arms }) =>
    final === undefined ? `${label}: none is done` : `${label}: ${spreadText(final, accuracyText, arms.length)} %`,
  );
  const levels = `Dense test accuracy over ${seedsText(results.spec.seeds.length)}: ${parts.join("; ")}.`;
  return [levels, denseDifferenceSentence(labelled, results.spec.verdict.alpha), ...givenWeightsSentences(results.spec)]
    .filter((sentence) => sentence !== undefined)
    .join(" ");
}
