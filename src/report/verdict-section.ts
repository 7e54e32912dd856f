import type { Verdicts, WinningVerdict } from "../analysis/verdicts.ts";
import { percent } from "../run/labels.ts";
import { html, type Markup, math } from "./html.ts";

/** What came out, in sentences with effect, interval and n; before everything else. */
export function verdictSection({ winning, denseSentence, correlationSentences }: Verdicts): Markup {
  return html`<section>
<h2>Verdicts</h2>
${winning.map(verdictCard)}
${winning.length === 0 ? html`<p>No winning tickets were trained, so there is no verdict on the winning property.</p>` : rules(winning)}
<ul>
<li>${denseSentence}</li>
${correlationSentences.map((sentence) => html`<li>${math(sentence)}</li>\n`)}</ul>
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

function rules([first]: readonly WinningVerdict[]): Markup | undefined {
  if (first === undefined) return undefined;
  const { equivalenceMargin, minDifference, alpha } = first.property;
  return html`<p class="note">The winning property holds where the ticket is at most ${equivalenceMargin} points below dense at the
same learning rate and more than ${minDifference} points above random reinitialisation; it fails where one of the two is
established not to be so. Paired t tests over the seeds, corrected by Holm's method so that a wrong verdict appears with
probability at most ${alpha} over the sparsities. Everything else is undecided. Intervals are not corrected.</p>`;
}
