import { listText, probabilityText, seedsText } from "../analysis/format.ts";
import { renderTable, type TextTable } from "../analysis/text-table.ts";
import type { Judged } from "../stats/proposition.ts";
import { regimeOf } from "./regime.ts";
import { partRows } from "./rows.ts";
import type { ClaimSetting } from "./setting.ts";
import { decidingLeaf, effectText, statementText } from "./statement-text.ts";
import type { ClaimStatement, ClaimsResult, ClaimVerdict } from "./types.ts";

const WIDTH = 100;

/** What the terminal shows: the settings, a table claims × settings with the deciding numbers, and one line per claim. */
export function claimsText(result: ClaimsResult): string {
  const { alpha, scale, settings, notes, verdicts } = result;
  const isShown = ({ outcome }: ClaimVerdict) => settings.length === 1 || outcome !== "not run";
  return [
    `Claims of Liu et al. 2021. Scale: ${scale}.\nBoth errors of every verdict are at most ${alpha}; seeds are the replicates.\n`,
    `${[...settings.map(settingText), ...notes].join("\n")}\n`,
    renderTable(outcomeTable({ ...result, verdicts: verdicts.filter(isShown) }), WIDTH),
    ...markTexts(result).map((text) => `${text}\n`),
    ...verdicts.filter(isShown).map((verdict) => {
      const caution = verdict.caution === undefined ? "" : `${verdict.caution}\n`;
      const regime = isOutOfRegime(verdict) ? " †" : "";
      return `${claimHead(verdict, settings)}${regime}: ${claimLine(verdict)}\n${caution}`;
    }),
    ...notRunLines(
      verdicts.filter((verdict) => !isShown(verdict)),
      settings,
    ),
  ].join("\n");
}

/** What the asterisk in the overview says. */
export const cautionMark = "* rests on masks of ADMM prunings that have not converged";

/** What the marks of the overview say that are in it. */
export function markTexts({ verdicts }: ClaimsResult): readonly string[] {
  return [
    ...(verdicts.some(isOutOfRegime) ? ["† out of the paper's regime: why stands at its setting"] : []),
    ...(verdicts.some(({ caution }) => caution !== undefined) ? [cautionMark] : []),
  ];
}

/** With several settings, those of which nothing is there would hide the others. */
function notRunLines(verdicts: readonly ClaimVerdict[], settings: readonly ClaimSetting[]): readonly string[] {
  return settings.flatMap((setting) => {
    const ids = verdicts.filter((verdict) => verdict.setting === setting).map(({ claim }) => String(claim.id));
    if (ids.length === 0) return [];
    return [`Not run, ${shortLabel(setting, settings)}: ${ids.length === 1 ? "claim" : "claims"} ${listText(ids)}\n`];
  });
}

/** `resnet20 on cifar10 (…): lr 0.01 taken as insufficient, lr 0.1 as desirable; 5 seeds; in the paper's regime: …`. */
export function settingText(setting: ClaimSetting): string {
  const { label, low, high, seeds, rates } = setting;
  const between = rates.length > 2 ? ` (run were ${listText(rates.map(String))})` : "";
  const taken =
    low === undefined
      ? `lr ${high ?? ""} taken as desirable, the only one`
      : `lr ${low} taken as insufficient, lr ${high ?? ""} as desirable${between}`;
  return `${label}: ${taken}; ${seedsText(seeds.length)}; ${regimeOf(setting).text}`;
}

/** Rows: claim and setting. */
export function outcomeTable({ verdicts, settings }: ClaimsResult): TextTable {
  return {
    title: "Verdicts",
    columns: ["claim", "setting", "outcome", "parts that hold", "deciding [90 % CI]", "seeds"],
    rows: verdicts.map((verdict) => [
      String(verdict.claim.id),
      shortLabel(verdict.setting, settings),
      `${verdict.outcome}${isOutOfRegime(verdict) ? " †" : ""}${verdict.caution === undefined ? "" : " *"}`,
      verdict.outcome === "not run" ? "-" : countText(verdict),
      decidingNumber(verdict),
      verdict.outcome === "undecided" ? seedsNumber(verdict) : "-",
    ]),
    heads: 3,
  };
}

/** `refuted`, or `refuted, out of regime` where the runs are none that the paper speaks of. */
export function outcomeText(verdict: ClaimVerdict): string {
  return isOutOfRegime(verdict) ? `${verdict.outcome}, out of regime` : verdict.outcome;
}

function isOutOfRegime({ outcome, setting }: ClaimVerdict): boolean {
  return outcome !== "not run" && regimeOf(setting).outcome === "out";
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
  const leaf = leafOf(verdict);
  const number = leaf === undefined ? "" : statementText(leaf, outcome === "refuted" ? "pFails" : "pHolds");
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
  const leaf = leafOf(verdict);
  return leaf?.proposition.kind === "statement" ? effectText(leaf.proposition.statement) : "-";
}

/** The statement that a verdict hangs on; none where nothing was run. */
function leafOf({ judged, outcome }: ClaimVerdict): Judged<ClaimStatement> | undefined {
  return outcome === "not run" ? undefined : decidingLeaf(judged, outcome === "refuted" ? "pFails" : "pHolds");
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
