import { accuracyText, pointsText, spreadText } from "../analysis/format.ts";
import { variantLabel } from "../analysis/groups.ts";
import { PAPER_LEVEL, type PaperNumber, quantityText } from "../analysis/paper-numbers.ts";
import type { Results } from "../analysis/types.ts";
import type { PaperContext } from "../paper/types.ts";
import { percent } from "../run/labels.ts";
import { html, type Markup, math } from "./html.ts";

/** `Figure 5c`, `Table 1`: a figure or table as the paper calls it. */
export function paperName({ id }: PaperContext): string {
  return id.startsWith("T") ? `Table ${id.slice(1)}` : `Figure ${id}`;
}

/** What of the paper this is, and at which scale; for the page's head. */
export function paperHead(paper: PaperContext): Markup {
  const note = paper.note === undefined ? undefined : html` <br>${math(paper.note)}`;
  return html`<p class="scale"><b>${paperName(paper)} of the paper</b>: ${paper.title}. <br>In the paper: ${math(paper.shows)}${note} <br>${paper.scaleNote}</p>`;
}

/** The paper's numbers beside ours. */
export function paperSection(results: Results, paper: PaperContext, numbers: readonly PaperNumber[]): Markup {
  if (numbers.length === 0)
    return html`<section>
<h2>The paper’s numbers</h2>
<p>The paper states no number for ${paperName(paper)}; it only draws them.</p>
</section>`;
  return html`<section>
<h2>The paper’s numbers</h2>
<p class="note">${paper.scaleNote}</p>
<p class="note">${math(
    `Test accuracies and R_p in percent, differences (ours − paper) in percentage points. The interval is the ${percent(PAPER_LEVEL)} t interval of the ` +
      "difference over our seeds; the paper’s number is taken as exact. Under our R_p stands its null, against which it must be read.",
  )}</p>
<div class="scroll"><table>
<thead><tr><th class="text">quantity</th><th>paper</th><th>ours</th><th>difference</th><th>interval</th></tr></thead>
<tbody>
${numbers.map((number) => numberRow(results, number))}</tbody></table></div>
</section>`;
}

function numberRow(results: Results, { reported, variant, ours, cell, remark }: PaperNumber): Markup {
  const { model, data, lr, source, quantity, value } = reported;
  const setting = [`${model}, ${data}, lr ${lr}`, ...(variant === undefined ? [] : [variantLabel(results, variant)])];
  const mask =
    cell === undefined ? undefined : html`<small>our mask: ${cell.pruning} ${percent(cell.sparsity)}</small>`;
  const head = html`<tr><th class="wrap">${math(quantityText(quantity))}<small>${[...new Set(setting)].join("; ")}</small>${mask}<small>${source}</small></th>
<td>${accuracyText(value)}</td>`;
  if (ours === undefined) return html`${head}<td>–</td><td>–</td><td class="wrap">${remark}</td></tr>\n`;
  const { spread, nullMean, difference, interval } = ours;
  const detail = [...(nullMean === undefined ? [] : [`null ${accuracyText(nullMean)}`]), `n ${spread.n}`].join(", ");
  return html`${head}<td>${spreadText(spread, accuracyText, spread.n)}<small>${detail}</small></td><td>${pointsText(difference)}</td>
<td class="wrap">${interval === undefined ? remark : `${pointsText(interval[0])} to ${pointsText(interval[1])}`}</td></tr>\n`;
}
