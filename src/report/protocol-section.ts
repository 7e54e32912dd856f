import type { Results } from "../analysis/types.ts";
import type { Json } from "../core/canonical-json.ts";
import type { Spec } from "../spec/types.ts";
import { html, type Markup, math } from "./html.ts";
import { paperSays, unstatedChoices } from "./paper-protocol.ts";

const sameBudget = "train for the same epochs with the schedule from its beginning, with the mask held fixed.";

/** How the starts are trained. */
function startConventions({ variants }: Spec): readonly string[] {
  const kinds = new Set(variants.flatMap(({ setting }) => setting.retrain.map(({ kind }) => kind)));
  const own = [
    ...(kinds.has("lr-rewind")
      ? [
          "lr-rewind trains θT⊙m for the last epochs of the schedule, with their learning rates, and with momentum from 0.",
        ]
      : []),
    ...(kinds.has("scratch-b")
      ? [
          "scratch-b trains θ0'⊙m with epochs and milestones times min(2, 1/(1 − sparsity)), rounded; reinit is scratch-E.",
        ]
      : []),
  ];
  return [`All ${own.length > 0 ? "other " : ""}starts ${sameBudget}`, ...own];
}

/** The whole spec with every default written out, what the paper says of it, and what it leaves open. */
export function protocolSection({ spec }: Results): Markup {
  return html`<section>
<h2>Protocol</h2>
<p>Every field of the experiment, defaults included, beside what the paper says of it.</p>
<div class="scroll"><table>
<thead><tr><th class="text">field</th><th class="text">here</th><th class="text">the paper</th></tr></thead>
<tbody>
${fields(spec).map(
  ([path, value]) =>
    html`<tr><th><code>${path}</code></th><td class="text wrap">${value}</td><td class="text wrap">${paperSays(path) ?? "–"}</td></tr>\n`,
)}</tbody></table></div>
<ul>
${startConventions(spec).map((sentence) => html`<li>${math(sentence)}</li>\n`)}<li>All convolutions and linear layers that are not protected lose the same share of weights each.</li>
</ul>
<h3>What the paper leaves unstated</h3>
<p>None of these is in the paper’s text, and no code of it is public. The choices in force:</p>
<div class="scroll"><table>
<thead><tr><th class="text">choice</th><th class="text">here</th><th class="text">the paper</th></tr></thead>
<tbody>
${unstatedChoices(spec).map(({ topic, here }) => html`<tr><th class="wrap">${math(topic)}</th><td class="text wrap">${math(here)}</td><td class="text">does not say</td></tr>\n`)}</tbody></table></div>
</section>`;
}

/** Leaves of the resolved spec; a field that differs between the variants has all its values, since the resolved spec shows the first. */
function fields(spec: Spec): readonly (readonly [string, string])[] {
  const swept = Object.keys(spec.variants[0]?.values ?? {});
  const rows = flatten(spec.resolved)
    .filter(([path]) => !path.startsWith("sweep.") && !path.startsWith("cases["))
    .map(([path, value]) => {
      const key = swept.find((name) => path === name || path.startsWith(`${name}.`));
      if (key === undefined) return [path, value] as const;
      const values = spec.variants.flatMap((variant) =>
        variant.values[key] === undefined ? [] : [plain(variant.values[key])],
      );
      return [key, `${[...new Set(values)].join(", ")} (swept)`] as const;
    });
  // A swept model or data set stands for all its fields.
  return [...new Map(rows)];
}

/** Leaves of a JSON value with their paths; lists of plain values stay together. */
export function flatten(value: Json, path = ""): readonly (readonly [string, string])[] {
  if (Array.isArray(value)) {
    const items = value as readonly Json[];
    if (items.every((item) => typeof item !== "object" || item === null)) return [[path, items.map(plain).join(", ")]];
    return items.flatMap((item, i) => flatten(item, `${path}[${i}]`));
  }
  if (typeof value !== "object" || value === null) return [[path, plain(value)]];
  const fields = Object.entries(value as Readonly<Record<string, Json>>);
  return fields.flatMap(([key, field]) => flatten(field, path === "" ? key : `${path}.${key}`));
}

function plain(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
