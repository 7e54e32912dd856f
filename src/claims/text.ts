import { listText, pointsText, probabilityText, seedsText } from "../analysis/format.ts";
import { renderTable, type TextTable } from "../analysis/text-table.ts";
import { percent } from "../run/labels.ts";
import type { Judged } from "../stats/proposition.ts";
import { effectOf, LEVEL, partRows } from "./rows.ts";
import type { ClaimSetting } from "./setting.ts";
import type { ClaimStatement, ClaimsResult, ClaimVerdict } from "./types.ts";

const WIDTH = 100;

/** What the terminal shows: the settings, a table claims × settings with the deciding numbers, and one line per claim. */
export function claimsText(result: ClaimsResult): string {
  const { alpha, scale, settings, verdicts } = result;
  const isShown = ({ outcome }: ClaimVerdict) => settings.length === 1 || outcome !== "not run";
  return [
    `Claims of Liu et al. 2021. Scale: ${scale}.\nBoth errors of every verdict are at most ${alpha}; seeds are the replicates.\n`,
    `${settings.map(settingText).join("\n")}\n`,
    renderTable(outcomeTable({ ...result, verdicts: verdicts.filter(isShown) }), WIDTH),
    ...verdicts.filter(isShown).map((verdict) => `${claimHead(verdict, settings)}: ${claimLine(verdict)}\n`),
    ...notRunLines(
      verdicts.filter((verdict) => !isShown(verdict)),
      settings,
    ),
  ].join("\n");
}

/** With several settings, those of which nothing is there would hide the others. */
function notRunLines(verdicts: readonly ClaimVerdict[], settings: readonly ClaimSetting[]): readonly string[] {
  return settings.flatMap((setting) => {
    const ids = verdicts.filter((verdict) => verdict.setting === setting).map(({ claim }) => String(claim.id));
    if (ids.length === 0) return [];
    return [`Not run, ${shortLabel(setting, settings)}: ${ids.length === 1 ? "claim" : "claims"} ${listText(ids)}\n`];
  });
}

/** `resnet20 on cifar10 (…): lr 0.01 taken as insufficient, lr 0.1 as desirable; 5 seeds`. */
export function settingText(setting: ClaimSetting): string {
  const { label, low, high, seeds, rates } = setting;
  const between = rates.length > 2 ? ` (run were ${listText(rates.map(String))})` : "";
  const taken =
    low === undefined
      ? `lr ${high ?? ""} taken as desirable, the only one`
      : `lr ${low} taken as insufficient, lr ${high ?? ""} as desirable${between}`;
  return `${label}: ${taken}; ${seedsText(seeds.length)}`;
}

/** Rows: claim and setting. */
export function outcomeTable({ verdicts, settings }: ClaimsResult): TextTable {
  return {
    title: "Verdicts",
    columns: ["claim", "setting", "outcome", "parts that hold", "deciding [95 % CI]", "seeds"],
    rows: verdicts.map((verdict) => [
      String(verdict.claim.id),
      shortLabel(verdict.setting, settings),
      verdict.outcome,
      verdict.outcome === "not run" ? "-" : countText(verdict),
      decidingNumber(verdict),
      verdict.outcome === "undecided" ? seedsNumber(verdict) : "-",
    ]),
    heads: 3,
  };
}

/** The model and data alone where that tells the settings apart. */
export function shortLabel(setting: ClaimSetting, settings: readonly ClaimSetting[]): string {
  const short = ({ model, data }: ClaimSetting) => `${model} on ${data}`;
  const isUnique = settings.filter((other) => short(other) === short(setting)).length === 1;
  return isUnique ? short(setting) : setting.label;
}

function claimHead({ claim, setting }: ClaimVerdict, settings: readonly ClaimSetting[]): string {
  return settings.length === 1 ? `Claim ${claim.id}` : `Claim ${claim.id}, ${shortLabel(setting, settings)}`;
}

/** The verdict in one sentence, with the numbers that decided it or that keep it open. */
export function claimLine(verdict: ClaimVerdict): string {
  const { outcome, judged } = verdict;
  const leaf = decidingLeaf(verdict);
  const number = leaf === undefined ? "" : statementText(leaf, outcome);
  if (outcome === "not run") return `not run: ${listText(missingOf(verdict))}.`;
  if (outcome === "refuted") return `refuted: ${number}.`;
  const isOne = partRows(verdict).filter(({ kind }) => kind === "statement").length === 1;
  if (outcome === "confirmed")
    return isOne
      ? `confirmed: ${number}.`
      : `confirmed, p ${probabilityText(judged.pHolds?.raw ?? 1)}; closest call: ${number}.`;
  const missing = missingOf(verdict);
  const absent = missing.length === 0 ? "" : ` Not run: ${listText(missing)}.`;
  return `undecided (${countText(verdict)} hold), ${seedsWord(verdict)}. Most open: ${number}.${absent}`;
}

/** `lr 0.1, iterative 50 %, ticket − dense: −1.80 points (95 % CI −2.30 to −1.30, 3 seeds, asked below −0.50, p 0.012)`. */
export function statementText(leaf: Judged<ClaimStatement>, outcome: ClaimVerdict["outcome"]): string {
  if (leaf.proposition.kind !== "statement") return leaf.label;
  const { statement } = leaf.proposition;
  const effect = effectOf(statement);
  if (effect === undefined) return leaf.label;
  const p = outcome === "refuted" ? leaf.pFails : leaf.pHolds;
  const what = outcome === "refuted" ? "p of the opposite" : "p";
  const details = [
    ...(effect.interval === null ? [] : [`${percent(LEVEL)} CI ${intervalText(effect.interval)}`]),
    `${seedsText(effect.n)}${statement.dropped === 0 ? "" : `, ${statement.dropped} left out`}`,
    `asked: ${askedText(statement)}`,
    p === null ? "no p-value" : `${what} ${probabilityText(p.raw)}`,
  ];
  const sides = statement.unit === "R_p points" ? sidesText(statement) : "";
  return `${leaf.label}: ${pointsText(effect.mean)} points${sides} (${details.join("; ")})`;
}

export function intervalText([low, high]: readonly [number, number]): string {
  return `${pointsText(low)} to ${pointsText(high)}`;
}

/** `above +0.50`, `within ±3.00`. */
export function askedText({ relation, bound }: Pick<ClaimStatement, "relation" | "bound">): string {
  return relation === "within" ? `within ±${bound.toFixed(2)}` : `${relation} ${pointsText(bound)}`;
}

/** R_p is never shown without its null. */
function sidesText({ sides }: ClaimStatement): string {
  return sides === undefined ? "" : `, ${sides[0].toFixed(1)} % against a null of ${sides[1].toFixed(1)} %`;
}

/**
 * The statement that a verdict hangs on: the strongest one that refutes, the weakest one that had to hold, or what is most open. Under
 * "any of" the mirror image.
 */
export function decidingLeaf({ judged, outcome }: ClaimVerdict): Judged<ClaimStatement> | undefined {
  if (outcome === "not run") return undefined;
  const side = outcome === "refuted" ? "pFails" : "pHolds";
  const p = (part: Judged<ClaimStatement>) => part[side]?.raw ?? 1;
  let node = judged;
  while (node.parts.length > 0) {
    const isLargest = (node.proposition.kind === "all") === (side === "pHolds");
    // What was never run has no numbers to show.
    const tested = node.parts.filter((part) => hasNumbers(part));
    const sorted = [...tested].sort((a, b) => p(a) - p(b));
    const next = isLargest ? sorted.at(-1) : sorted[0];
    if (next === undefined) return undefined;
    node = next;
  }
  return node;
}

function hasNumbers({ proposition, parts }: Judged<ClaimStatement>): boolean {
  return proposition.kind === "statement" ? proposition.statement.differences.length > 0 : parts.some(hasNumbers);
}

/** `14 of 24`: statements, not parts joined by all or any. */
function countText(verdict: ClaimVerdict): string {
  const rows = partRows(verdict).filter(({ kind }) => kind === "statement");
  return `${rows.filter(({ outcome }) => outcome === "holds").length} of ${rows.length}`;
}

/** `~7`: seeds that would decide, for a table. */
function seedsNumber({ seedsToDecide }: ClaimVerdict): string {
  if (seedsToDecide === null) return "?";
  return typeof seedsToDecide === "number" ? `~${seedsToDecide}` : "> 1000";
}

function decidingNumber(verdict: ClaimVerdict): string {
  const leaf = decidingLeaf(verdict);
  if (leaf?.proposition.kind !== "statement") return "-";
  const effect = effectOf(leaf.proposition.statement);
  if (effect === undefined) return "-";
  return `${pointsText(effect.mean)}${effect.interval === null ? "" : ` [${intervalText(effect.interval).replace(" to ", ", ")}]`}`;
}

/** What would decide an undecided claim. */
export function seedsWord(verdict: ClaimVerdict): string {
  const { seedsToDecide } = verdict;
  if (typeof seedsToDecide === "number") return `about ${seedsToDecide} seeds would decide`;
  if (seedsToDecide !== null) return "more than 1000 seeds would be needed";
  const statements = partRows(verdict).flatMap(({ statement }) => (statement === undefined ? [] : [statement]));
  if (statements.some(({ differences }) => differences.length === 0)) return "runs are missing";
  if (statements.some(({ differences }) => differences.length === 1)) return "one seed cannot decide";
  return "the seeds do not differ";
}

/** Statements without any seed. */
function missingOf(verdict: ClaimVerdict): readonly string[] {
  const rows = partRows(verdict).filter(({ kind, outcome }) => kind === "statement" && outcome === "not run");
  return [...new Set(rows.map(({ label }) => label.replace(/: not run$/, "")))];
}
