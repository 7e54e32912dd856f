import { measureFormulas } from "../analysis/correlations.ts";
import { probabilityText, rpText, spreadText, zText } from "../analysis/format.ts";
import { variantLabel } from "../analysis/groups.ts";
import { conditionText } from "../analysis/tables.ts";
import type { Results } from "../analysis/types.ts";
import { NOT_JUDGED, verdicts } from "../analysis/verdicts.ts";
import { judgeClaims } from "../claims/judge.ts";
import { claimLine, outcomeText, seedsWord, settingText } from "../claims/text.ts";
import type { Figure } from "../figures/figure.ts";
import { percent } from "../run/labels.ts";
import type { SeedCount } from "../stats/condition.ts";
import type { SparsityVerdict } from "../stats/verdict.ts";
import type { ClaimView, CorrelationView, VerdictRow, VerdictsView } from "./views.ts";

/** Verdicts, correlations and claims as they stand, in the words of the report. */
export function verdictsView(
  results: Results,
  experiment: string,
  figures: readonly Figure[],
): Omit<VerdictsView, "againInMs"> {
  const judged = verdicts(results);
  const { equivalenceMargin, minDifference, alpha } = results.spec.verdict;
  const done = results.arms.filter(({ status }) => status === "done").length;
  const seeds = results.spec.seeds.length;
  return {
    experiment,
    asOf: new Date().toISOString(),
    done,
    all: results.arms.length,
    margins:
      `Ticket at most ${equivalenceMargin} points below dense and more than ${minDifference} above reinit; ` +
      `errors of at most ${percent(alpha)}, corrected over the sparsities.`,
    notJudged: judged.winning.length === 0 ? NOT_JUDGED : null,
    dense: judged.denseSentence,
    winning: judged.winning.map(({ label, pruning, headline, property }) => ({
      label,
      pruning,
      headline,
      rows: property.sparsities.map((at) => verdictRow(at, seeds)),
    })),
    correlations: correlationsOf(results, judged.correlations),
    ...claimsOf(results),
    figures: figures.map(({ name, title, caption }) => ({ name, title, caption })),
  };
}

function verdictRow(judged: SparsityVerdict, seeds: number): VerdictRow {
  const { sparsity, verdict, closeToDense, betterThanReinit } = judged;
  return {
    sparsity: percent(sparsity),
    verdict,
    toDense: conditionText(closeToDense),
    toReinit: conditionText(betterThanReinit),
    n: Math.min(closeToDense.n, betterThanReinit.n),
    deciding: verdict === "undecided" ? decidingText(judged, seeds) : "",
  };
}

function decidingText({ seedsToDecide, closeToDense, betterThanReinit }: SparsityVerdict, seeds: number): string {
  const reasons = [closeToDense.reason, betterThanReinit.reason];
  if (reasons.includes("no pairs")) return "no seed has both runs yet";
  if (reasons.includes("one seed")) return "one seed so far; at least 2 are needed";
  if (reasons.includes("no spread")) return "the seeds do not differ, so the test does not apply";
  return seedsText(seedsToDecide, seeds);
}

function seedsText(count: SeedCount | null, seeds: number): string {
  if (count === null) return "runs are missing";
  if (typeof count !== "number") return "more than 1000 seeds would be needed";
  const more = count > seeds ? `: ${count - seeds} more than the ${seeds} planned` : ", which are planned";
  return `about ${count} seeds would decide${more}`;
}

function correlationsOf(
  results: Results,
  groups: ReturnType<typeof verdicts>["correlations"],
): readonly CorrelationView[] {
  return groups.map((group) => ({
    label: variantLabel(results, group.variant),
    mask: group.cell === undefined ? "no mask" : `${group.cell.pruning} ${percent(group.cell.sparsity)}`,
    measure: group.measure,
    formula: measureFormulas[group.measure],
    p: percent(group.p),
    rp: spreadText(group.rp, rpText, group.rp.n),
    nullMean: rpText(group.nullMean),
    share: group.rp.mean,
    nullShare: group.nullMean,
    z: group.z === undefined ? "–" : zText(group.z.mean),
    pValue: probabilityText(group.largestP),
    n: group.rp.n,
    word: group.word,
  }));
}

function claimsOf(results: Results): { readonly claims: readonly ClaimView[]; readonly claimNote: string } {
  const result = judgeClaims([results], "the spec's own");
  const claims = result.verdicts.map((verdict) => ({
    id: verdict.claim.id,
    words: verdict.claim.words,
    setting: verdict.setting.label,
    outcome: verdict.outcome,
    line: claimLine(verdict),
    deciding: verdict.outcome === "undecided" ? seedsWord(verdict) : "",
    outOfRegime: outcomeText(verdict) !== verdict.outcome,
    caution: verdict.caution ?? null,
  }));
  return { claims, claimNote: result.settings.map(settingText).join(" ") };
}
