import { seedsText } from "../analysis/format.ts";
import type { Diagnosis, DiagnosisOutcome } from "../claims/diagnosis.ts";
import { diagnosisRules, diagnosisSentences, ratesTable } from "../claims/diagnosis-text.ts";
import { type DrawnFigure, figureMarkup } from "./figure-section.ts";
import { html, type Markup, math, raw } from "./html.ts";
import { plainPage } from "./plain-page.ts";

/** Colours of the report's verdicts. */
const badges: Readonly<Record<DiagnosisOutcome, string>> = {
  sufficient: "holds",
  insufficient: "fails",
  "too high": "fails",
  undecided: "undecided",
};

/** The diagnosis of a learning rate as a page: verdict, figure, table, rules. */
export function diagnosisPage(diagnosis: Diagnosis, drawn: readonly DrawnFigure[]): string {
  const { lr, setting, seeds, outcome } = diagnosis;
  const { title, columns, rows } = ratesTable(diagnosis);
  const [verdict = "", ...others] = diagnosisSentences(diagnosis);
  return plainPage(
    `Is lr ${lr} sufficient?`,
    html`<p class="facts">${setting.label} · ${seedsText(seeds.length)}</p>`,
    html`<div class="verdict"><h3><span class="badge ${badges[outcome]}">${outcome}</span> ${math(verdict)}</h3>
${others.map((sentence) => html`<p>${math(sentence.trim())}</p>\n`)}</div>
${drawn.map(linkedFigure)}
<h2>Learning rates</h2>
<p class="note">${math(title)}</p>
<div class="scroll"><table>
<thead><tr>${columns.map((column) => html`<th>${math(column)}</th>`)}</tr></thead>
<tbody>
${rows.map(([rate, ...cells]) => html`<tr><th>${rate}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>\n`)}</tbody></table></div>
<h2>How it is judged</h2>
<p>${math(diagnosisRules)}</p>
<p><a href="report.html">The report of the dense runs</a> has every run with its key and provenance.</p>`,
    "diagnosis.csv, diagnosis.json, report.html with its files, figures",
  );
}

/** The runs are listed in the report, not in this page. */
function linkedFigure(drawn: DrawnFigure): Markup {
  return raw(figureMarkup(drawn).text.replaceAll('href="#run-', 'href="report.html#run-'));
}
