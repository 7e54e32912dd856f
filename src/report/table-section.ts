import { type CorrelationGroup, statedP } from "../analysis/correlations.ts";
import { accuracyText, probabilityText, rpText, spreadText, zText } from "../analysis/format.ts";
import { type ArmGroup, armGroups, cellsOf, sameCell, startsOf, variantLabel } from "../analysis/groups.ts";
import { mixedNotes } from "../analysis/mixed.ts";
import { spreadOf } from "../analysis/spread.ts";
import { conditionText } from "../analysis/tables.ts";
import type { Results } from "../analysis/types.ts";
import { unevenNotes } from "../analysis/uneven.ts";
import type { Verdicts, WinningVerdict } from "../analysis/verdicts.ts";
import { percent } from "../run/labels.ts";
import type { Condition } from "../stats/condition.ts";
import { html, type Markup, math } from "./html.ts";

/** Every number behind the figures, with n and spread. */
export function tableSection(results: Results, { winning, correlations }: Verdicts): Markup {
  const groups = armGroups(results);
  const p = statedP(correlations);
  const shown = correlations.filter(({ cell, p: at }) => cell === undefined || at === p);
  return html`<section>
<h2>Tables</h2>
${results.spec.variants.map(({ id }) =>
  accuracyTable(
    results,
    groups.filter(({ variant }) => variant === id),
  ),
)}
${winning.length === 0 ? undefined : verdictTable(winning)}
${shown.length === 0 ? undefined : correlationTable(results, shown)}
${[...unevenNotes(results), ...mixedNotes([results])].map((sentence) => html`<p class="note">${sentence}</p>\n`)}
</section>`;
}

function accuracyTable(results: Results, groups: readonly ArmGroup[]): Markup | undefined {
  const [first] = groups;
  if (first === undefined) return undefined;
  const starts = startsOf(groups);
  const at = (name: string, cell: ArmGroup["cell"]) =>
    groups.find((group) => group.name === name && sameCell(group.cell, group.start === "dense" ? undefined : cell));
  const cells = cellsOf(groups);
  return html`<h3>Test accuracy, ${variantLabel(results, first.variant)}</h3>
<p class="note">Percent of the test set after the last epoch: mean ± standard deviation, n seeds, range. Best epochs are in results.csv.</p>
<div class="scroll"><table>
<thead><tr><th class="text">mask</th>${starts.map(({ name }) => html`<th>${name}</th>`)}</tr></thead>
<tbody>
${(cells.length === 0 ? [undefined] : cells).map(
  (cell) => html`<tr>${maskHead(cell, groups)}${starts.map(({ name }) => accuracyCell(at(name, cell)))}</tr>\n`,
)}</tbody></table></div>
`;
}

function maskHead(cell: ArmGroup["cell"], groups: readonly ArmGroup[]): Markup {
  if (cell === undefined) return html`<th>no mask</th>`;
  const arms = groups.filter((group) => sameCell(group.cell, cell)).flatMap((group) => group.arms);
  const achieved = spreadOf(
    arms.flatMap(({ achievedSparsity }) => (achievedSparsity === undefined ? [] : [achievedSparsity])),
  );
  const detail = achieved === undefined ? undefined : html`<small>${percent(achieved.mean)} removed</small>`;
  return html`<th>${cell.pruning} ${percent(cell.sparsity)}${detail}</th>`;
}

function accuracyCell(group: ArmGroup | undefined): Markup {
  if (group === undefined) return html`<td>–</td>`;
  const { final, arms } = group;
  const left = arms.filter(({ status }) => status !== "done");
  const why =
    left.length === 0
      ? undefined
      : html`<small>${left.map(({ status, seed }) => `seed ${seed} ${status}`).join(", ")}</small>`;
  if (final === undefined) return html`<td>–${why}</td>`;
  const range = final.n === 1 ? "" : `, ${accuracyText(final.min)} to ${accuracyText(final.max)}`;
  return html`<td>${spreadText(final, accuracyText, final.n)}<small>n ${final.n}${range}</small>${why}</td>`;
}

function verdictTable(winning: readonly WinningVerdict[]): Markup {
  const level = winning[0]?.property.sparsities[0]?.closeToDense.level;
  const interval = level === undefined ? "" : `${percent(level)} confidence intervals`;
  return html`<h3>Winning property</h3>
<p class="note">Differences in percentage points, paired by seed, with ${interval}; p-values are one-sided and corrected by Holm's method.</p>
<div class="scroll"><table>
<thead><tr><th class="text">variant</th><th class="text">mask</th><th class="text">verdict</th><th>ticket − dense</th><th class="text">close to dense</th>
<th>ticket − reinit</th><th class="text">better than reinit</th><th>n</th></tr></thead>
<tbody>
${winning.flatMap(({ label, pruning, property }) =>
  property.sparsities.map(
    ({
      sparsity,
      verdict,
      closeToDense,
      betterThanReinit,
    }) => html`<tr><th>${label}</th><td class="text">${pruning} ${percent(sparsity)}</td>
<td class="text"><span class="badge ${verdict}">${verdict}</span></td><td>${conditionText(closeToDense)}</td><td class="text">${stateText(closeToDense)}</td>
<td>${conditionText(betterThanReinit)}</td><td class="text">${stateText(betterThanReinit)}</td><td>${seedCounts(closeToDense, betterThanReinit)}</td></tr>\n`,
  ),
)}</tbody></table></div>
`;
}

/** `met, p 0.012`; no p where no test applies, as with one seed. */
function stateText({ state, pMet, pNotMet }: Condition): string {
  const p = state === "not met" ? pNotMet : pMet;
  return p === null ? state : `${state}, p ${probabilityText(p.adjusted)}`;
}

function seedCounts(a: Condition, b: Condition): string {
  return a.n === b.n ? String(a.n) : `${a.n}, ${b.n}`;
}

function correlationTable(results: Results, groups: readonly CorrelationGroup[]): Markup {
  return html`<h3>${math("Correlation: R_p against its null")}</h3>
<p class="note">Mean ± standard deviation over the seeds. The p-value is the largest of the seeds' own, each from its exact null. Under masks at one p;
all are in correlations.csv.</p>
<div class="scroll"><table>
<thead><tr><th class="text">variant</th><th class="text">mask</th><th class="text">compared</th><th>p</th><th>${math("R_p")}</th><th>its null</th><th>mean z</th><th>p-value</th>
<th>n</th><th class="text">reading</th></tr></thead>
<tbody>
${groups.map(
  (group) => html`<tr><th>${variantLabel(results, group.variant)}</th>
<td class="text">${group.cell === undefined ? "none" : `${group.cell.pruning} ${percent(group.cell.sparsity)}`}</td>
<td class="text">${group.measure}</td><td>${percent(group.p)}</td>
<td>${spreadText(group.rp, rpText, group.rp.n)}</td><td>${rpText(group.nullMean)}</td><td>${group.z === undefined ? "–" : zText(group.z.mean)}</td>
<td>${probabilityText(group.largestP)}</td><td>${group.rp.n}</td><td class="text">${group.word}</td></tr>\n`,
)}</tbody></table></div>
`;
}
