import { connectionCells, connectionGroups } from "../analysis/connectivity.ts";
import { variantLabel } from "../analysis/groups.ts";
import type { Results } from "../analysis/types.ts";
import { STABLE_BARRIER } from "../stats/connectivity.ts";
import { html, type Markup, math } from "./html.ts";

/** How stable training is to its noise: the error barriers between copies, in full in connectivity.csv. */
export function connectivitySection(results: Results): Markup | undefined {
  if (results.connections.length === 0) return undefined;
  const note =
    "Two copies of the weights after k epochs are trained to the end with different data orders and augmentations; copy 1 of the " +
    "dense network is the dense run. The barrier is the highest test error on the straight line between them, batch-norm " +
    `statistics interpolated too, less the mean of theirs, in percentage points. Below ${STABLE_BARRIER} points training counts as ` +
    "stable to its noise from k on (Frankle et al. 2020). Under a mask both copies are the sparse network.";
  return html`<section>
<h2>Linear mode connectivity</h2>
<p class="note">${math(note)}</p>
<div class="scroll"><table>
<thead><tr><th class="text">variant</th><th class="text">network</th><th>k</th><th>error of the copies, %</th><th>barrier, points</th><th class="text">stable</th></tr></thead>
<tbody>
${connectionGroups(results).map((group) => {
  const [ends, barrier, stable] = connectionCells(group);
  return html`<tr><th>${variantLabel(results, group.variant)}</th><td class="text">${group.name}</td><td>${group.epoch}</td>
<td>${ends}</td><td>${barrier}</td><td class="text">${stable}</td></tr>\n`;
})}</tbody></table></div>
</section>`;
}
