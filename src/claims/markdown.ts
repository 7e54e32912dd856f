import { pointsText, probabilityText } from "../analysis/format.ts";
import { claims } from "./judge.ts";
import { LEVEL, type PartRow, partRows } from "./rows.ts";
import { askedText, intervalText } from "./statement-text.ts";
import { claimLine, markTexts, outcomeTable, outcomeText, settingText } from "./text.ts";
import type { ClaimsResult, ClaimVerdict } from "./types.ts";

/** Columns of the table of all parts of one claim in one setting. */
export const partColumns = [
  "part",
  "asked",
  "effect",
  `${100 * LEVEL} % CI`,
  "n",
  "p holds",
  "p fails",
  "outcome",
] as const;

/** One row of that table: p-values are those after Holm, the raw ones are in the CSV and JSON files. */
export function partCells({ label, kind, outcome, statement, effect, pHolds, pFails }: PartRow): readonly string[] {
  const p = (value: PartRow["pHolds"]) => (value === null ? "–" : probabilityText(value.adjusted));
  const dropped = statement === undefined || statement.dropped === 0 ? "" : `, ${statement.dropped} left out`;
  return [
    kind === "statement" ? label : `${label} (${kind})`,
    statement === undefined || outcome === "not run" ? "" : askedText(statement),
    effect === undefined ? "" : pointsText(effect.mean),
    effect?.interval ? intervalText(effect.interval) : "",
    statement === undefined ? "" : `${statement.differences.length}${dropped}`,
    p(pHolds),
    p(pFails),
    outcome,
  ];
}

/** How the tables are to be read; stands above them in every form. */
export function readingText({ alpha }: ClaimsResult): string {
  return (
    `Every hypothesis, margin and correction was fixed before the results. A claim is confirmed when all its parts are established, each ` +
    `at ${alpha}; it is refuted when the opposite of one part is established after correction over the parts. Both errors are at most ` +
    `${alpha} per claim and setting. Effects are means of paired differences over seeds, in accuracy points or in percent points of R_p ` +
    `above its null, with uncorrected ${100 * LEVEL} % intervals; p-values of parts are corrected by Holm over the parts beside them.`
  );
}

/** The whole as Markdown. */
export function claimsMarkdown(result: ClaimsResult): string {
  const { scale, settings, notes, verdicts } = result;
  const overview = outcomeTable(result);
  const sections = claims.map((claim) => {
    const { id, words, formula, margin, rule, source } = claim;
    const own = verdicts.filter((verdict) => verdict.claim.id === id);
    return [
      `## Claim ${id}: ${own.map(outcomeText).join("; ")}`,
      words,
      [`- Tested: ${formula}.`, `- Margin: ${margin}`, `- ${rule}`, `- In the paper: ${source}.`].join("\n"),
      ...own.map(verdictMarkdown),
    ].join("\n\n");
  });
  return `${[
    "# Claims of Liu et al. 2021",
    `Scale: ${scale}.`,
    readingText(result),
    [...settings.map(settingText), ...notes].map((text) => `- ${text}`).join("\n"),
    markdownTable(overview.columns, overview.rows),
    ...markTexts(result).map((text) => text.replace(/^\*/, "\\*")),
    ...sections,
  ].join("\n\n")}\n`;
}

function verdictMarkdown(verdict: ClaimVerdict): string {
  const rows = partRows(verdict).map((row) => {
    const [label = "", ...cells] = partCells(row);
    return [`${"· ".repeat(row.depth)}${label}`, ...cells];
  });
  return [
    `**${verdict.setting.label}**: ${claimLine(verdict)}`,
    ...(verdict.caution === undefined ? [] : [`**${verdict.caution}**`]),
    ...(verdict.note === undefined ? [] : [verdict.note]),
    markdownTable(partColumns, rows),
  ].join("\n\n");
}

function markdownTable(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(columns), line(columns.map(() => "---")), ...rows.map(line)].join("\n");
}
