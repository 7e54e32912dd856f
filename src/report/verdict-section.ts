import { type MaskReading, measureFormulas } from "../analysis/correlations.ts";
import { NOT_JUDGED, type Verdicts, type WinningVerdict } from "../analysis/verdicts.ts";
import { percent } from "../run/labels.ts";
import { html, type Markup, math } from "./html.ts";

/** What came out, in sentences with effect, interval and n; before everything else. */
export function verdictSection({ winning, denseSentence, preTraining, masks }: Verdicts): Markup {
  return html`<section>
<h2>Verdicts</h2>
${winning.map(verdictCard)}
${winning.length === 0 ? html`<p>${NOT_JUDGED}</p>` : rules(winning)}
<ul>
<li>${denseSentence}</li>
${preTraining.map((sentence) => html`<li>${math(sentence)}</li>\n`)}</ul>
${masks.length === 0 ? undefined : maskTable(masks)}
<p class="note">${math(
    "R_p counts as near its null when the excess is below 5 % of the largest possible one, and as well above it from 20 % on. " +
      "This is about the size of the correlation; whether it can be told from chance is what z and the p-value say.",
  )}</p>
</section>`;
}

function verdictCard({ label, pruning, headline, property, clauses }: WinningVerdict): Markup {
  return html`<div class="verdict">
<h3>${label}, ${pruning}: the winning property ${headline}</h3>
<ol>
${property.sparsities.map(
  ({ verdict, sparsity }, i) =>
    html`<li><span class="badge ${verdict}">${verdict}</span><b>${percent(sparsity)}</b><span>${numbersOf(clauses[i])}</span></li>\n`,
)}</ol>
</div>
`;
}

/** The part of a clause in brackets: verdict and sparsity stand beside it already. */
function numbersOf(clause: string | undefined): string {
  return clause?.slice(clause.indexOf("(") + 1, -1) ?? "";
}

/** Rows: variant and pruning; columns: measures. */
function maskTable(masks: readonly MaskReading[]): Markup {
  const measures = [...new Set(masks.map(({ measure }) => measure))];
  const rows = new Map(masks.map((reading) => [`${reading.variant} ${reading.pruning}`, reading]));
  return html`<p class="note">${math(`Under the masks: R_${masks[0]?.p ?? ""} against its null`)}</p>
<div class="scroll"><table>
<thead><tr><th class="text">variant</th>${measures.map((measure) => html`<th class="text">${measure}<small>${math(measureFormulas[measure])}</small></th>`)}</tr></thead>
<tbody>
${[...rows.values()].map(
  ({ variant, label, pruning }) =>
    html`<tr><th>${label}<small>${pruning}</small></th>${measures.map((measure) => {
      const found = masks.find(
        (mask) => mask.variant === variant && mask.pruning === pruning && mask.measure === measure,
      );
      return html`<td class="text wrap">${found?.reading ?? "–"}</td>`;
    })}</tr>\n`,
)}</tbody></table></div>`;
}

function rules([first]: readonly WinningVerdict[]): Markup | undefined {
  if (first === undefined) return undefined;
  const { equivalenceMargin, minDifference, alpha } = first.property;
  return html`<p class="note">The winning property holds where the ticket is at most ${equivalenceMargin} points below dense at the
same learning rate and more than ${minDifference} points above random reinitialisation; it fails where one of the two is
established not to be so. Paired t tests over the seeds, corrected by Holm's method: over the
sparsities, the probability of any wrong "holds" is at most ${alpha}, and that of any wrong "fails" at most ${alpha} too. "Holds" rests on
the larger p-value of the two conditions, so each may be met by itself where both together are not established. Everything else is undecided. Intervals are not corrected.</p>`;
}
