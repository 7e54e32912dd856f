import { InputError, type Issue } from "../core/errors.ts";
import {
  adjust,
  type Condition,
  claimP,
  conclude,
  type Sample,
  type SeedCount,
  seedsToMeet,
  summaryOf,
} from "./condition.ts";
import { equivalenceTest } from "./paired-t.ts";
import type { PairedRun, RunsAtSparsity, SparsityVerdict, WinningOptions, WinningProperty } from "./verdict.ts";
import { overallSentence, sparsitySentence } from "./verdict-text.ts";

/**
 * Judges the winning property at every sparsity of one (model, data, recipe, pruner): it `holds` where both conditions are met,
 * `fails` where one is established not to be, and is `undecided` otherwise. Seeds are the replicates, comparisons are paired by seed.
 *
 * `met`: one-sided paired t test, Holm over the sparsities of that condition, so a wrong `met` of it appears anywhere with
 * probability at most alpha. `holds`: the larger p of the two conditions (intersection-union: both must be true), Holm over the
 * sparsities, so a wrong `holds` appears anywhere with probability at most alpha; it implies that both are met, while both may be met
 * without it. `not met`: the opposite test, Holm over sparsities and both conditions, since one condition is enough to fail, so a
 * wrong `fails` appears anywhere with probability at most alpha. One seed never decides, nor do differences without spread (see
 * `pairedTTest`).
 * @throws InputError for accuracies outside [0, 100], repeated seeds and impossible options
 * @source Liu et al., ICML 2021, winning property; the tests are ours
 */
export function winningProperty(
  data: readonly RunsAtSparsity[],
  { equivalenceMargin = 0.5, minDifference = 0.5, alpha = 0.05 }: WinningOptions = {},
): WinningProperty {
  const options = { equivalenceMargin, minDifference, alpha };
  const issues = [...optionIssues(options), ...data.flatMap(runIssues)];
  if (issues.length > 0) throw new InputError(issues);

  const dense = data.map(({ runs }) => sampleOf(runs, "dense", -equivalenceMargin));
  const reinit = data.map(({ runs }) => sampleOf(runs, "reinit", minDifference));
  const met = [dense, reinit].flatMap((samples) => adjust(samples.map((sample) => claimP(sample, "greater"))));
  const notMet = adjust([...dense, ...reinit].map((sample) => claimP(sample, "less")));
  const conditions = [...dense, ...reinit].map((sample, i) =>
    conclude(sample, met[i] ?? null, notMet[i] ?? null, { alpha, metFamily: data.length, notMetFamily: notMet.length }),
  );
  const both = adjust(dense.map((sample, i) => largerP(sample, reinit[i] as Sample)));
  const equivalence = adjust(dense.map((sample) => equivalenceP(sample, equivalenceMargin)));

  const sparsities = data.map(({ sparsity }, i) => {
    const closeToDense = conditions[i] as Condition;
    const betterThanReinit = conditions[data.length + i] as Condition;
    const conditionsHere = [closeToDense, betterThanReinit];
    const verdict = verdictOf(conditionsHere, both[i] ?? null, alpha);
    const seedsToDecide = verdict === "undecided" ? seedsForVerdict(conditionsHere, alpha / data.length) : null;
    const judged = {
      sparsity,
      verdict,
      closeToDense,
      equivalence: equivalence[i] ?? null,
      betterThanReinit,
      both: both[i] ?? null,
      seedsToDecide,
    };
    return { ...judged, sentence: sparsitySentence(judged) };
  });
  return { ...options, sparsities, sentence: overallSentence(sparsities, options) };
}

/** Differences ticket - other of the seeds that have both. */
function sampleOf(runs: readonly PairedRun[], other: "dense" | "reinit", threshold: number): Sample {
  const differences = runs.flatMap((run) => {
    const reference = run[other];
    return run.ticket === null || reference === null ? [] : [run.ticket - reference];
  });
  return { differences, dropped: runs.length - differences.length, threshold };
}

function equivalenceP(sample: Sample, margin: number): number | undefined {
  const summary = summaryOf(sample);
  return summary && equivalenceTest(summary, margin)?.pValue;
}

/** p of "both claims are true": the larger one; undefined where the t test does not apply to both. */
function largerP(one: Sample, other: Sample): number | undefined {
  const [p, q] = [claimP(one, "greater"), claimP(other, "greater")];
  return p === undefined || q === undefined ? undefined : Math.max(p, q);
}

function verdictOf(
  conditions: readonly Condition[],
  both: SparsityVerdict["both"],
  alpha: number,
): SparsityVerdict["verdict"] {
  if (conditions.some(({ state }) => state === "not met")) return "fails";
  return both !== null && both.adjusted <= alpha ? "holds" : "undecided";
}

/**
 * One condition below its threshold is enough to fail; else both must be met at `level`, the strictest that Holm may ask for, also
 * one that is met by itself already.
 */
function seedsForVerdict(conditions: readonly Condition[], level: number): SeedCount | null {
  const open = conditions.filter(({ state }) => state === "undecided");
  if (open.some(({ seedsToDecide }) => seedsToDecide === null)) return null;
  const failing = open.filter(({ effect, threshold }) => effect !== null && effect < threshold);
  const needed =
    failing.length > 0
      ? Math.min(...failing.map(({ seedsToDecide }) => asNumber(seedsToDecide)))
      : Math.max(...conditions.map((condition) => asNumber(seedsToMeet(condition, level))));
  return Number.isFinite(needed) ? needed : "more than 1000";
}

function asNumber(seeds: SeedCount | null): number {
  return typeof seeds === "number" ? seeds : Number.POSITIVE_INFINITY;
}

function optionIssues({ equivalenceMargin, minDifference, alpha }: Required<WinningOptions>): Issue[] {
  const issues: Issue[] = [];
  if (!(equivalenceMargin > 0 && equivalenceMargin <= 100))
    issues.push({
      where: "equivalenceMargin",
      message: `expected accuracy points in (0, 100], got ${equivalenceMargin}`,
    });
  if (!(minDifference >= 0 && minDifference <= 100))
    issues.push({ where: "minDifference", message: `expected accuracy points in [0, 100], got ${minDifference}` });
  if (!(alpha > 0 && alpha < 0.5))
    issues.push({ where: "alpha", message: `expected a level in (0, 0.5), got ${alpha}` });
  return issues;
}

function runIssues({ sparsity, runs }: RunsAtSparsity): Issue[] {
  const issues: Issue[] = [];
  const seen = new Set<number>();
  for (const run of runs) {
    const where = `sparsity ${sparsity}, seed ${run.seed}`;
    if (seen.has(run.seed)) issues.push({ where, message: "expected every seed once, got it again" });
    seen.add(run.seed);
    for (const arm of ["dense", "ticket", "reinit"] as const) {
      const accuracy = run[arm];
      if (accuracy !== null && !(accuracy >= 0 && accuracy <= 100))
        issues.push({ where, message: `expected a ${arm} accuracy in percent (0 to 100), got ${accuracy}` });
    }
  }
  return issues;
}
