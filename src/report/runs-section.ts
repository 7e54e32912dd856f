import type { Results, StageResult } from "../analysis/types.ts";
import { runAnchor } from "../figures/run-link.ts";
import { Layout } from "../store/layout.ts";
import { html, type Markup } from "./html.ts";

/** From the folder of a report to the store, as the commands lay them out. */
const store = new Layout("../../store");

/** Every stage with the place of its result, so that any point of a figure can be followed to the run behind it. */
export function runsSection({ stages }: Results): Markup {
  const example = stages.find(({ kind, status }) => kind === "train" && status === "done");
  return html`<section class="runs">
<h2>Runs</h2>
<p class="note print-only">The ${stages.length} stages with their keys are in results.json.</p>
<div class="screen-only">
<p>Each of the ${stages.length} stages with its key, which is also in the CSV files. The same key gives the same bits on the same machine.
${example === undefined ? undefined : lookAt(example)}</p>
<div class="scroll tall" tabindex="0" role="group" aria-label="All stages"><table>
<thead><tr><th class="text">stage</th><th class="text">kind</th><th class="text">status</th><th>seconds</th><th class="text">finished</th><th class="text">in the store</th></tr></thead>
<tbody>
${stages.map(stageRow)}</tbody></table></div>
</div>
</section>`;
}

function lookAt({ key }: StageResult): Markup {
  return html`From this page’s folder, a run’s epochs and its record (files, software, hardware, times) are shown by</p>
<pre><code>cat ${store.object(key)}/metrics.jsonl
cat ${store.record(key)}</code></pre>
<p>The folder also has its weights or mask as safetensors.`;
}

function stageRow({ label, kind, status, key, provenance }: StageResult): Markup {
  const seconds = provenance === undefined ? "" : (provenance.durationMs / 1000).toFixed(1);
  return html`<tr id="${runAnchor(key)}"><th>${label}</th><td class="text">${kind}</td><td class="text">${status}</td>
<td>${seconds}</td><td class="text">${provenance?.finishedAt}</td><td class="text"><code>${new Layout("").object(key)}</code></td></tr>\n`;
}
