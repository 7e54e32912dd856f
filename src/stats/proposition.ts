import type { PValue, SeedCount } from "./condition.ts";
import { holm } from "./holm.ts";
import { type DifferenceSummary, equivalenceTest, pairedTTest, summarize } from "./paired-t.ts";

/** A sentence about the mean of paired differences, one difference per seed. */
export interface Statement {
  /** `within`: no farther from 0 than the bound, in either direction. */
  readonly relation: "above" | "below" | "within";
  /** In the units of the differences; for `within` the margin, > 0. */
  readonly bound: number;
  /** Empty where nothing was measured; then nothing is known of the statement. */
  readonly differences: readonly number[];
}

/** Statements, joined by "all of these hold" and "at least one of these holds". */
export type Proposition<S extends Statement = Statement> =
  | { readonly kind: "statement"; readonly label: string; readonly statement: S }
  | { readonly kind: "all" | "any"; readonly label: string; readonly of: readonly Proposition<S>[] };

/** p-values for "it holds" and for "the opposite holds"; each is wrongly at most alpha with probability at most alpha. */
export interface Evidence {
  readonly holds: number;
  readonly fails: number;
}

/** A proposition with what the data say of it and of its parts. */
export interface Judged<S extends Statement = Statement> {
  readonly label: string;
  readonly proposition: Proposition<S>;
  /** `fails` means that the opposite is established, not that proof is lacking. */
  readonly outcome: "holds" | "fails" | "undecided";
  /** p of "it holds", corrected by Holm over the parts of the same whole; null where no test applies (as with one seed). */
  readonly pHolds: PValue | null;
  readonly pFails: PValue | null;
  readonly parts: readonly Judged<S>[];
}

const MOST_SEEDS = 1000;

/**
 * Judges a proposition. `all`: it holds when every part does, for which the largest p-value is a valid one without correction
 * (intersection-union test); it fails when any part does, so the smallest p-value counts as often as there are parts (Bonferroni, the
 * first step of Holm). `any` is the mirror image. So a wrong `holds` has probability at most alpha, and a wrong `fails` too, however the
 * parts depend on each other.
 *
 * Parts are judged by p-values corrected over the parts beside them, unless the whole settles them: where all hold, each does.
 * @param alpha in (0, 0.5)
 * @source Berger, Technometrics 24, 1982 (intersection-union); Holm 1979
 */
export function judge<S extends Statement>(proposition: Proposition<S>, alpha: number): Judged<S> {
  const evidence = evidenceOf(proposition);
  const pHolds = evidence && { raw: evidence.holds, adjusted: evidence.holds };
  const pFails = evidence && { raw: evidence.fails, adjusted: evidence.fails };
  return judged(proposition, pHolds ?? null, pFails ?? null, alpha, undefined);
}

function judged<S extends Statement>(
  proposition: Proposition<S>,
  pHolds: PValue | null,
  pFails: PValue | null,
  alpha: number,
  settled: "holds" | "fails" | undefined,
): Judged<S> {
  const outcome = settled ?? outcomeOf(pHolds, pFails, alpha);
  const base = { label: proposition.label, proposition, outcome, pHolds, pFails };
  if (proposition.kind === "statement") return { ...base, parts: [] };
  const { of, kind } = proposition;
  const evidence = of.map((part) => evidenceOf(part));
  const holds = holm(evidence.map((found) => found?.holds ?? 1));
  const fails = holm(evidence.map((found) => found?.fails ?? 1));
  const settling = kind === "all" ? "holds" : "fails";
  const parts = of.map((part, i) => {
    const found = evidence[i];
    const corrected = (raw: number | undefined, adjusted: number | undefined) =>
      raw === undefined || adjusted === undefined ? null : { raw, adjusted };
    return judged(
      part,
      corrected(found?.holds, holds[i]),
      corrected(found?.fails, fails[i]),
      alpha,
      outcome === settling ? settling : undefined,
    );
  });
  return { ...base, parts };
}

function outcomeOf(pHolds: PValue | null, pFails: PValue | null, alpha: number): Judged["outcome"] {
  if (pHolds !== null && pHolds.adjusted <= alpha) return "holds";
  return pFails !== null && pFails.adjusted <= alpha ? "fails" : "undecided";
}

/**
 * The evidence for and against a proposition; what cannot be tested counts as p = 1 both ways.
 * @param seeds as if there were so many, with the means and spreads that were observed
 * @returns undefined when no statement in it can be tested
 */
export function evidenceOf(proposition: Proposition, seeds?: number): Evidence | undefined {
  if (proposition.kind === "statement") return statementEvidence(proposition.statement, seeds);
  const parts = proposition.of.map((part) => evidenceOf(part, seeds));
  if (parts.every((part) => part === undefined)) return undefined;
  const every = (side: keyof Evidence) => Math.max(...parts.map((part) => part?.[side] ?? 1));
  const some = (side: keyof Evidence) =>
    Math.min(1, parts.length * Math.min(...parts.map((part) => part?.[side] ?? 1)));
  return proposition.kind === "all"
    ? { holds: every("holds"), fails: some("fails") }
    : { holds: some("holds"), fails: every("fails") };
}

function statementEvidence({ relation, bound, differences }: Statement, seeds?: number): Evidence | undefined {
  if (differences.length === 0) return undefined;
  const observed = summarize(differences);
  const summary = seeds === undefined || observed.sd === null ? observed : { ...observed, n: seeds };
  if (relation === "within") return withinEvidence(summary, bound);
  const [above, below] = [pairedTTest(summary, bound, "greater"), pairedTTest(summary, bound, "less")];
  if (above === undefined || below === undefined) return undefined;
  return relation === "above" ? { holds: above, fails: below } : { holds: below, fails: above };
}

function withinEvidence(summary: DifferenceSummary, margin: number): Evidence | undefined {
  const inside = equivalenceTest(summary, margin);
  const [above, below] = [pairedTTest(summary, margin, "greater"), pairedTTest(summary, -margin, "less")];
  if (inside === undefined || above === undefined || below === undefined) return undefined;
  // The opposite has two sides, so each may have half of alpha.
  return { holds: inside.pValue, fails: Math.min(1, 2 * Math.min(above, below)) };
}

/**
 * Seeds at which an undecided proposition would be decided if every mean and spread stayed as observed (so an even chance).
 * @returns null when that cannot be said: nothing can be tested, or what is missing must come first
 */
export function seedsToDecide(proposition: Proposition, alpha: number): SeedCount | null {
  if (evidenceOf(proposition) === undefined) return null;
  const isDecided = (seeds: number) => {
    const evidence = evidenceOf(proposition, seeds);
    return evidence !== undefined && Math.min(evidence.holds, evidence.fails) <= alpha;
  };
  if (!isDecided(MOST_SEEDS))
    return statementsOf(proposition).some((statement) => statementEvidence(statement) === undefined)
      ? null
      : "more than 1000";
  // With fixed means, what is decided at some number of seeds stays decided at more, so bisection finds the first.
  let [low, high] = [2, MOST_SEEDS];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isDecided(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** All statements of a proposition, in order. */
export function statementsOf<S extends Statement>(proposition: Proposition<S>): readonly S[] {
  return proposition.kind === "statement" ? [proposition.statement] : proposition.of.flatMap(statementsOf);
}
