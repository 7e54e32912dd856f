import { type CsvRow, toCsv } from "../analysis/csv.ts";
import { summarize, tInterval } from "../stats/paired-t.ts";
import type { Judged } from "../stats/proposition.ts";
import { ALPHA } from "./margins.ts";
import { regimeOf } from "./regime.ts";
import type { ClaimStatement, ClaimsResult, ClaimVerdict } from "./types.ts";

/**
 * Coverage of every interval that is shown beside an effect: that of the one-sided tests at ALPHA, and of equivalence by two of them. So a
 * part that is established has its interval wholly on the side that was asked for. It is not corrected for the other parts.
 */
export const LEVEL = 1 - 2 * ALPHA;

/** One part of a judged claim: a statement with its numbers, or several joined by "all of" or "any of". */
export interface PartRow {
  /** 0 for the claim's own parts, 1 for their parts, … */
  readonly depth: number;
  readonly label: string;
  readonly kind: "statement" | "all of" | "any of";
  readonly outcome: "holds" | "fails" | "undecided" | "not run";
  readonly pHolds: Judged["pHolds"];
  readonly pFails: Judged["pFails"];
  /** For a statement. */
  readonly statement?: ClaimStatement;
  readonly effect?: Effect;
}

/** Mean paired difference in points, with its spread over the seeds. */
export interface Effect {
  readonly n: number;
  readonly mean: number;
  /** Null for one seed. */
  readonly sd: number | null;
  readonly interval: readonly [number, number] | null;
}

/** The parts of a claim, each before its own parts. */
export function partRows({ judged }: ClaimVerdict): readonly PartRow[] {
  const walk = (parts: readonly Judged<ClaimStatement>[], depth: number): PartRow[] =>
    parts.flatMap((part) => [rowOf(part, depth), ...walk(part.parts, depth + 1)]);
  return walk(judged.parts, 0);
}

function rowOf({ label, proposition, outcome, pHolds, pFails, parts }: Judged<ClaimStatement>, depth: number): PartRow {
  const base = { depth, label, pHolds, pFails };
  if (proposition.kind !== "statement") {
    const kind = proposition.kind === "all" ? "all of" : "any of";
    const rows = parts.map((part) => rowOf(part, depth + 1));
    const isRun = rows.some((row) => row.outcome !== "not run");
    return { ...base, kind, outcome: isRun ? outcome : "not run" };
  }
  const { statement } = proposition;
  const effect = effectOf(statement);
  const found = effect === undefined ? {} : { effect };
  return { ...base, kind: "statement", outcome: effect === undefined ? "not run" : outcome, statement, ...found };
}

/** Undefined without any seed. */
export function effectOf({ differences }: ClaimStatement): Effect | undefined {
  if (differences.length === 0) return undefined;
  const summary = summarize(differences);
  return { ...summary, interval: tInterval(summary, LEVEL) ?? null };
}

/** One row per part, with effect, interval, p-values and n. */
export function claimsCsv({ scale, verdicts }: ClaimsResult): string {
  const rows = verdicts.flatMap((verdict) =>
    partRows(verdict).map(
      (row): CsvRow => ({
        scale,
        claim: verdict.claim.id,
        setting: verdict.setting.label,
        claimOutcome: verdict.outcome,
        regime: regimeOf(verdict.setting).outcome,
        seedsToDecide: verdict.seedsToDecide ?? undefined,
        depth: row.depth,
        part: row.label,
        kind: row.kind,
        outcome: row.outcome,
        relation: row.statement?.relation,
        bound: row.statement?.bound,
        unit: row.statement?.unit,
        effect: rounded(row.effect?.mean),
        low: rounded(row.effect?.interval?.[0]),
        high: rounded(row.effect?.interval?.[1]),
        sd: rounded(row.effect?.sd),
        n: row.statement?.differences.length,
        dropped: row.statement?.dropped,
        admmNotConverged: row.statement?.admm?.filter(({ converged }) => !converged).length,
        a: rounded(row.statement?.sides?.[0]),
        b: rounded(row.statement?.sides?.[1]),
        pHolds: row.pHolds?.raw,
        pHoldsHolm: row.pHolds?.adjusted,
        pFails: row.pFails?.raw,
        pFailsHolm: row.pFails?.adjusted,
      }),
    ),
  );
  return toCsv(rows);
}

/** Everything, as JSON: the hypotheses as they were stated, settings, verdicts and all parts. */
export function claimsJson({ alpha, scale, settings, notes, verdicts }: ClaimsResult): string {
  const content = {
    format: 1,
    alpha,
    scale,
    settings: settings.map((setting) => {
      const { label, model, data, rates, low, high, seeds } = setting;
      const { outcome, text } = regimeOf(setting);
      return {
        ...{ label, model, data, rates, insufficient: low ?? null, desirable: high ?? null, seeds },
        regime: outcome,
        regimeText: text,
      };
    }),
    notes,
    claims: verdicts.map((verdict) => {
      const { id, words, formula, source, rule, margin } = verdict.claim;
      return {
        ...{ id, words, formula, source, rule, margin },
        setting: verdict.setting.label,
        outcome: verdict.outcome,
        regime: regimeOf(verdict.setting).outcome,
        pConfirmed: verdict.judged.pHolds?.raw ?? null,
        pRefuted: verdict.judged.pFails?.raw ?? null,
        seedsToDecide: verdict.seedsToDecide,
        note: verdict.note ?? null,
        caution: verdict.caution ?? null,
        parts: partRows(verdict),
      };
    }),
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

/** Without the dust of floating point. */
export function rounded(value: number | null | undefined): number | undefined {
  return value === null || value === undefined ? undefined : Number(value.toFixed(6));
}
