import type { Condition } from "./condition.ts";
import type { SparsityVerdict, WinningOptions } from "./verdict.ts";

type Judged = Omit<SparsityVerdict, "sentence">;

/** What was found at one sparsity, with the numbers behind it. */
export function sparsitySentence(judged: Judged): string {
  const { sparsity, verdict, closeToDense, betterThanReinit } = judged;
  const word = verdict === "undecided" ? `undecided${outlook(judged)}` : `${verdict}${failure(judged)}`;
  return (
    `Sparsity ${percent(sparsity)}: ${word}. ` +
    `Ticket − dense ${numbers(closeToDense)}; ticket − reinit ${numbers(betterThanReinit)}.`
  );
}

/** One sentence over all sparsities of a setting. */
export function overallSentence(sparsities: readonly Judged[], options: Required<WinningOptions>): string {
  const parts = (["holds", "fails", "undecided"] as const).flatMap((verdict) => {
    const those = sparsities.filter((judged) => judged.verdict === verdict);
    const list = those.map((judged) => `${percent(judged.sparsity)}${failure(judged)}${outlook(judged)}`).join(", ");
    return those.length === 0 ? [] : [`${verdict === "undecided" ? "is undecided" : verdict} at sparsity ${list}`];
  });
  if (parts.length === 0) return "The winning property was tested at no sparsity.";
  return (
    `The winning property ${parts.join("; ")}. Close to dense: at most ${options.equivalenceMargin} points below; ` +
    `better than reinit: by more than ${options.minDifference} points; family-wise error ${options.alpha}.`
  );
}

/** What it would take to decide where the t test applies; where each condition is met, but `holds` is not established, also that. */
export function seedsOutlook({ seedsToDecide, closeToDense, betterThanReinit }: Judged): string {
  const isMetApart = closeToDense.state === "met" && betterThanReinit.state === "met";
  const needed =
    typeof seedsToDecide === "number"
      ? `about ${seedsToDecide} seeds would decide`
      : "more than 1000 seeds would be needed";
  return isMetApart ? `each condition is met by itself, but not both together after Holm; ${needed}` : needed;
}

function failure({ verdict, closeToDense, betterThanReinit }: Judged): string {
  if (verdict !== "fails") return "";
  const failed = [
    ...(closeToDense.state === "not met" ? ["condition 1: the ticket does not come close to dense"] : []),
    ...(betterThanReinit.state === "not met" ? ["condition 2: the ticket is not notably better than reinit"] : []),
  ];
  return ` (${failed.join(", ")})`;
}

function outlook(judged: Judged): string {
  const { verdict, closeToDense, betterThanReinit } = judged;
  if (verdict !== "undecided") return "";
  const reasons = [closeToDense.reason, betterThanReinit.reason];
  if (reasons.includes("no pairs")) return " (no seed has both runs)";
  if (reasons.includes("one seed")) return " (one seed; at least 2 are needed)";
  if (reasons.includes("no spread")) return " (the seeds do not differ, so the t test does not apply)";
  return ` (${seedsOutlook(judged)})`;
}

function numbers({ effect, interval, level, pMet, pNotMet, n, dropped, state }: Condition): string {
  if (effect === null) return `unknown (${seeds(n, dropped)})`;
  const p = state === "not met" ? pNotMet : pMet;
  const claim = state === "not met" ? "p of not met" : "p of met";
  const details = [
    ...(interval === null ? [] : [`${percent(level)} CI ${points(interval[0])} to ${points(interval[1])}`]),
    ...(p === null ? ["no p-value"] : [`${claim} ${probability(p.raw)}, after Holm ${probability(p.adjusted)}`]),
    seeds(n, dropped),
  ];
  return `${points(effect)} points (${details.join("; ")})`;
}

function seeds(n: number, dropped: number): string {
  return `${n} ${n === 1 ? "seed" : "seeds"}${dropped === 0 ? "" : `, ${dropped} left out because a run diverged or is missing`}`;
}

function percent(share: number): string {
  return `${Number((100 * share).toFixed(2))} %`;
}

function points(difference: number): string {
  const text = difference.toFixed(2).replace("-", "−");
  return text === "−0.00" ? "0.00" : text;
}

function probability(p: number): string {
  return p < 0.0001 ? "< 0.0001" : p.toPrecision(2);
}
