import { claims } from "../claims/judge.ts";
import { partCells, partColumns, readingText } from "../claims/markdown.ts";
import { partRows } from "../claims/rows.ts";
import { cautionMark, claimLine, outcomeText, settingText, shortLabel } from "../claims/text.ts";
import type { Claim, ClaimOutcome, ClaimsResult, ClaimVerdict } from "../claims/types.ts";
import { html, type Markup, math, raw } from "./html.ts";
import { plainPage } from "./plain-page.ts";

/** Colours of the report's verdicts. */
const badges: Readonly<Record<ClaimOutcome, string>> = {
  confirmed: "holds",
  refuted: "fails",
  undecided: "undecided",
  "not run": "undecided",
};

/** All claims in all settings as one HTML page without scripts or outside resources. */
export function claimsPage(result: ClaimsResult): string {
  const { scale, settings, notes, verdicts } = result;
  return plainPage(
    "The claims of Liu et al. 2021",
    html`<p class="facts">Scale: ${scale}.</p>`,
    html`${overview(result)}
<ul>${[...settings.map(settingText), ...notes].map((text) => html`<li>${text}</li>\n`)}</ul>
<p class="note">${math(readingText(result))}</p>
${claims.map((claim) =>
  claimSection(
    claim,
    verdicts.filter((verdict) => verdict.claim === claim),
  ),
)}`,
    "claims.md, claims.csv, claims.json",
  );
}

/** Claims × settings. */
function overview({ settings, verdicts }: ClaimsResult): Markup {
  return html`<section><h2>Verdicts</h2>
<div class="scroll"><table>
<thead><tr><th class="text">claim</th>${settings.map((setting) => html`<th class="text wrap">${shortLabel(setting, settings)}</th>`)}<th></th></tr></thead>
<tbody>
${claims.map(
  (claim) =>
    html`<tr><th class="id"><a href="#claim-${claim.id}">${claim.id}</a></th>${settings.map((setting) =>
      verdicts
        .filter((verdict) => verdict.claim === claim && verdict.setting === setting)
        .map((verdict) => html`<td class="text">${badge(verdict)}${verdict.caution === undefined ? "" : " *"}</td>`),
    )}<td class="text wrap${settings.length > 1 ? " words" : ""}">${math(claim.words)}</td></tr>\n`,
)}</tbody></table></div>
${verdicts.some(({ caution }) => caution !== undefined) ? html`<p class="note">${cautionMark}</p>` : undefined}</section>`;
}

function badge(verdict: ClaimVerdict): Markup {
  return html`<span class="badge ${badges[verdict.outcome]}">${outcomeText(verdict)}</span>`;
}

function claimSection(claim: Claim, verdicts: readonly ClaimVerdict[]): Markup {
  return html`<section id="claim-${claim.id}">
<h2>Claim ${claim.id}</h2>
<p>${math(claim.words)}</p>
<ul>
<li>Tested: ${math(claim.formula)}.</li>
<li>Margin: ${math(claim.margin)}</li>
<li>${math(claim.rule)}</li>
<li>In the paper: ${claim.source}.</li>
</ul>
${verdicts.map(verdictBlock)}</section>
`;
}

function verdictBlock(verdict: ClaimVerdict): Markup {
  const { setting, note, caution } = verdict;
  return html`<div class="verdict">
<h3>${badge(verdict)} ${setting.label}</h3>
<p>${math(claimLine(verdict))}</p>
${caution === undefined ? undefined : html`<p><b>${math(caution)}</b></p>`}
${note === undefined ? undefined : html`<p class="note">${math(note)}</p>`}
<details><summary>All parts</summary>
<div class="scroll"><table>
<thead><tr>${partColumns.map((column, i) => html`<th${raw(i === 0 ? ' class="text"' : "")}>${column}</th>`)}</tr></thead>
<tbody>
${partRows(verdict).map((row) => {
  const [label = "", ...cells] = partCells(row);
  return html`<tr><th>${"\u2003".repeat(row.depth)}${math(label)}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>\n`;
})}</tbody></table></div></details>
</div>
`;
}
