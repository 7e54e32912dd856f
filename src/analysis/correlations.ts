import type { Measure } from "../plan/types.ts";
import { percent } from "../run/labels.ts";
import { listText, rpText, seedsText, zText } from "./format.ts";
import { type GroupCell, groupCell, sameCell, variantLabel } from "./groups.ts";
import { type Spread, spreadOf } from "./spread.ts";
import type { ComparisonResult, Results } from "./types.ts";

/** How far R_p is from its null, in words; see `correlationWord`. */
export type CorrelationWord = "well above its null" | "above its null" | "near its null" | "below its null";

export interface CorrelationSeed {
  readonly seed: number;
  readonly rp: number;
  readonly nullMean: number;
  readonly key: string;
}

/** R_p of one measure at one p over the seeds of a variant, never without its null. */
export interface CorrelationGroup {
  readonly variant: string;
  readonly measure: Measure;
  /** Absent for pre-training. */
  readonly cell?: GroupCell;
  readonly p: number;
  /** R_p of every seed that is done, with the key of its compare stage. */
  readonly seeds: readonly CorrelationSeed[];
  readonly rp: Spread;
  /** Mean over the seeds of the null's mean. */
  readonly nullMean: number;
  /** Undefined when the null allows a single value. */
  readonly z: Spread | undefined;
  /** Largest over the seeds of the upper-tail p-values, each exact for its own run. */
  readonly largestP: number;
  readonly word: CorrelationWord;
}

/** What a measure compares, in the paper's notation. */
export const measureFormulas: Readonly<Record<Measure, string>> = {
  "pre-training": "θ0 and θT",
  ticket: "θ0⊙m and (θT⊙m)T",
  reinit: "θ0'⊙m and (θT⊙m)T",
  "fine-tune to initial": "(θT⊙m)T and θ0",
  "fine-tune to pre-trained": "(θT⊙m)T and θT",
};

/**
 * The size of a correlation, not its significance: with many weights even a tiny excess has a large z. The excess over the
 * null is taken relative to the largest possible one, 1 - null: from 0.2 on "well above", below 0.05 (either way) "near".
 */
export function correlationWord(rp: number, nullMean: number): CorrelationWord {
  const excess = nullMean < 1 ? (rp - nullMean) / (1 - nullMean) : 0;
  if (excess >= 0.2) return "well above its null";
  if (excess >= 0.05) return "above its null";
  return excess > -0.05 ? "near its null" : "below its null";
}

/** All R_p by variant, measure, cell and p; comparisons without results are left out. */
export function correlationGroups(results: Results): readonly CorrelationGroup[] {
  const comparisons = new Map<string, ComparisonResult[]>();
  for (const comparison of results.comparisons) {
    const { variant, measure, cell } = comparison;
    const id = JSON.stringify([variant, measure, cell?.pruneIndex, cell?.step]);
    const group = comparisons.get(id);
    if (group === undefined) comparisons.set(id, [comparison]);
    else group.push(comparison);
  }
  return [...comparisons.values()].flatMap((group) => {
    const shares = [...new Set(group.flatMap(({ points }) => points.map(({ p }) => p)))].sort((a, b) => a - b);
    return shares.flatMap((p) => groupAt(p, group));
  });
}

function groupAt(p: number, comparisons: readonly ComparisonResult[]): readonly CorrelationGroup[] {
  const found = comparisons.flatMap(({ seed, compare, points }) =>
    points.filter((point) => point.p === p).map((point) => ({ seed, key: compare, ...point })),
  );
  const [first] = comparisons;
  const rp = spreadOf(found.map((point) => point.rp));
  const nullMean = spreadOf(found.map((point) => point.nullMean))?.mean;
  if (first === undefined || rp === undefined || nullMean === undefined) return [];
  const { variant, measure, cell } = first;
  return [
    {
      variant,
      measure,
      ...(cell === undefined ? {} : { cell: groupCell(cell) }),
      p,
      seeds: found.map(({ seed, rp: value, nullMean: mean, key }) => ({ seed, rp: value, nullMean: mean, key })),
      rp,
      nullMean,
      z: spreadOf(found.flatMap(({ z }) => (z === null ? [] : [z]))),
      largestP: Math.max(...found.map(({ pValue }) => pValue)),
      word: correlationWord(rp.mean, nullMean),
    },
  ];
}

/** The p at which sparse comparisons are shown: the paper's 0.2 where it was measured, else the first one. */
export function statedP(groups: readonly CorrelationGroup[]): number | undefined {
  const shares = groups.map(({ p }) => p);
  return shares.includes(0.2) ? 0.2 : shares[0];
}

/** One sentence per variant, at the stated p. */
export function preTrainingSentences(results: Results, groups: readonly CorrelationGroup[]): readonly string[] {
  const p = statedP(groups);
  return groups
    .filter((group) => group.measure === "pre-training" && group.p === p)
    .map((group) => preTrainingSentence(variantLabel(results, group.variant), group));
}

function preTrainingSentence(label: string, { p, rp, nullMean, z, word }: CorrelationGroup): string {
  const details = [...(z === undefined ? [] : [`mean z ${zText(z.mean)}`]), seedsText(rp.n)].join(", ");
  return (
    `${label}: pre-training leaves R_${p} of θ0 and θT at ${rpText(rp.mean)} against a null of ${rpText(nullMean)} ` +
    `(${details}), ${word}.`
  );
}

/** What one measure shows under the masks of one variant and pruning setting, at the stated p. */
export interface MaskReading {
  readonly variant: string;
  readonly label: string;
  readonly pruning: string;
  readonly measure: Measure;
  readonly p: number;
  /** `near its null at 50 % and 70 % (20.5 to 20.7 % against 20.0 %)`. */
  readonly reading: string;
}

export function maskReadings(results: Results, groups: readonly CorrelationGroup[]): readonly MaskReading[] {
  const p = statedP(groups);
  if (p === undefined) return [];
  return results.spec.variants.flatMap(({ id, label }) => {
    const shown = groups.filter((group) => group.p === p && group.variant === id);
    const pairs = new Map(
      shown.flatMap(({ cell, measure }) =>
        cell === undefined ? [] : [[`${cell.pruneIndex} ${measure}`, { pruning: cell.pruning, measure }]],
      ),
    );
    return [...pairs.values()].map(({ pruning, measure }) => {
      const those = shown.filter((group) => group.cell?.pruning === pruning && group.measure === measure);
      const words = [...new Set(those.map(({ word }) => word))];
      const reading = listText(words.map((word) => wordAt(word, those)));
      return { variant: id, label, pruning, measure, p, reading };
    });
  });
}

function wordAt(word: CorrelationWord, groups: readonly CorrelationGroup[]): string {
  const those = groups.filter((group) => group.word === word);
  const places = listText(those.map(({ cell }) => percent(cell?.sparsity ?? 0)));
  const rp = rangeText(those.map((group) => group.rp.mean));
  return `${word} at ${places} (${rp} against ${rangeText(those.map(({ nullMean }) => nullMean))})`;
}

/** `20.3 to 20.6 %`, or one number when all read the same. */
function rangeText(shares: readonly number[]): string {
  const [low, high] = [rpText(Math.min(...shares)), rpText(Math.max(...shares))];
  return low === high ? low : `${low.replace(" %", "")} to ${high}`;
}

/** The group of a measure in a cell at one p. */
export function findCorrelation(
  groups: readonly CorrelationGroup[],
  at: Pick<CorrelationGroup, "variant" | "measure" | "p" | "cell">,
): CorrelationGroup | undefined {
  return groups.find(
    (group) =>
      group.variant === at.variant && group.measure === at.measure && group.p === at.p && sameCell(group.cell, at.cell),
  );
}
