import { type Cost, costText } from "../analysis/cost.ts";
import type { Results, StageResult } from "../analysis/types.ts";
import type { Provenance } from "../store/types.ts";
import { html, type Markup } from "./html.ts";

/** What it cost. */
export function costSection({ trainings, trainingsUnshared, coreHours, gpuHours, ...rest }: Cost): Markup {
  const factor = trainings === 0 ? 1 : trainingsUnshared / trainings;
  const saved =
    factor > 1
      ? `Runs that several masks or starts have in common were done once; one by one it would have been about ${factor.toFixed(1)} times the work.`
      : undefined;
  return html`<section>
<h2>Cost</h2>
<p>${costText({ trainings, trainingsUnshared, coreHours, gpuHours, ...rest })}. ${saved}</p>
<p class="note">Computing time × threads of every finished stage, over all attempts.</p>
</section>`;
}

/** Where every number comes from: software, hardware, data; the runs themselves are in `runsSection`. */
export function provenanceSection(results: Results): Markup {
  return html`<section>
<h2>Provenance</h2>
${environmentTable(results.stages)}
${unfinishedTable(results.stages)}
</section>`;
}

const environmentFields = [
  "sweepstake",
  "node",
  "libtorch",
  "device",
  "threads",
  "precision",
  "engine",
  "hardware",
] as const;

/** One row per way of computing the trainings; a single one when all ran alike. */
function environmentTable(stages: readonly StageResult[]): Markup | undefined {
  const trainings = stages.flatMap(({ kind, provenance }) =>
    kind === "train" && provenance !== undefined ? [provenance] : [],
  );
  if (trainings.length === 0) return undefined;
  const idOf = (provenance: Provenance) =>
    JSON.stringify([...environmentFields.map((name) => provenance[name]), provenance.data]);
  const distinct = new Map(trainings.map((provenance) => [idOf(provenance), provenance]));
  return html`<p class="note">How the finished trainings were computed.</p>
<div class="scroll"><table>
<thead><tr><th>trainings</th>${environmentFields.map((name) => html`<th class="text">${name}</th>`)}<th class="text">SHA-256 of the data</th></tr></thead>
<tbody>
${[...distinct].map(
  ([id, provenance]) => html`<tr><td>${trainings.filter((other) => idOf(other) === id).length}</td>
${environmentFields.map((name) => html`<td class="text">${provenance[name]}</td>`)}<td class="text"><code>${provenance.data}</code></td></tr>\n`,
)}</tbody></table></div>
`;
}

function unfinishedTable(stages: readonly StageResult[]): Markup | undefined {
  const unfinished = stages.filter(({ status }) => status !== "done");
  if (unfinished.length === 0) return undefined;
  return html`<h3>Not done</h3>
<div class="scroll"><table>
<thead><tr><th class="text">stage</th><th class="text">status</th><th class="text">why</th></tr></thead>
<tbody>
${unfinished.map(
  ({ label, status, reason }) =>
    html`<tr><th>${label}</th><td class="text">${status}</td><td class="text wrap">${reason}</td></tr>\n`,
)}</tbody></table></div>
`;
}
