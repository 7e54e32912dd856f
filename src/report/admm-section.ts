import { admmGroups, admmNote, convergedText, residualText, worstOf } from "../analysis/admm.ts";
import { variantLabel } from "../analysis/groups.ts";
import type { Results } from "../analysis/types.ts";
import { CONVERGED_RESIDUAL } from "../pruners/admm.ts";
import { percent } from "../run/labels.ts";
import { html, type Markup } from "./html.ts";

/** Whether ADMM's masks can be trusted: its residuals at the end, and a warning for each that has not converged. */
export function admmSection(results: Results): Markup | undefined {
  if (results.admm.length === 0) return undefined;
  const note = admmNote(results);
  return html`<section>
<h2>Convergence of ADMM</h2>
${note === undefined ? undefined : html`<p><b>Warning:</b> ${note} Give it more epochsPerStage or stages, or another rho or lrFactor.</p>`}
<p class="note">||W − Z|| / ||W|| after the last epoch, in the layer and seed where it is largest. A pruning has converged when this is at most
${residualText(CONVERGED_RESIDUAL)} in every layer: the mask then removes no larger share of a layer's norm.</p>
<div class="scroll"><table>
<thead><tr><th class="text">variant</th><th class="text">mask</th><th>residual</th><th class="text">layer</th><th class="text">seeds converged</th></tr></thead>
<tbody>
${admmGroups(results).map((group) => {
  const worst = worstOf(group);
  return html`<tr><th>${variantLabel(results, group.variant)}</th><td class="text">${group.cell.pruning} ${percent(group.cell.sparsity)}</td>
<td>${worst === undefined ? "–" : residualText(worst.residual)}</td><td class="text"><code>${worst?.layer}</code></td><td class="text">${convergedText(group)}</td></tr>\n`;
})}</tbody></table></div>
</section>`;
}
