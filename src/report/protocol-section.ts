import type { Results } from "../analysis/types.ts";
import type { Json } from "../core/canonical-json.ts";
import type { Spec } from "../spec/types.ts";
import { html, type Markup, math } from "./html.ts";

/** Choices that the paper leaves open and that are no fields of the spec. */
const conventions: readonly string[] = [
  "Never pruned: biases, batch-norm parameters and the layers named under protect. All other convolutions and linear layers lose the same share of weights each.",
  "R_p is taken over the layers that are pruned. Its top sets hold p·N weights of a layer, rounded to the nearest integer and at least 1.",
  "Images are normalised per channel with mean and standard deviation of the training images.",
  "Accuracies are those after the last epoch; the best epoch is recorded too, but it is chosen by the test set.",
];

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

/** The same for ADMM pruning. */
const admmConventions: readonly string[] = [
  "ADMM starts at W = θT, Z = the projection of θT, U = 0, and trains with the recipe of the experiment, but for its constant learning rate.",
  "Z and U are updated after every epoch. When rho grows, U is divided by the same factor, so that the multiplier rho·U does not jump.",
];

/** Fields with a default because the paper does not state them. */
const unstated: readonly RegExp[] = [
  /^train\.optimizer\.sgd\.(weightDecay|nesterov)$/,
  /^train\.augment\.crop$/,
  /^train\.precision$/,
  /^data\.validation$/,
  /^protect/,
  /^verdict\./,
  /^prune\[\d+\]\.admm\.(?!sparsities)/,
];

/** The whole spec with every default written out. */
export function protocolSection({ spec }: Results): Markup {
  return html`<section>
<h2>Protocol</h2>
<p>Every field of the experiment, defaults included. Those marked * are not stated in the paper.</p>
<div class="scroll"><table>
<thead><tr><th class="text">field</th><th class="text">value</th></tr></thead>
<tbody>
${fields(spec).map(
  ([path, value]) =>
    html`<tr><th><code>${path}</code>${unstated.some((pattern) => pattern.test(path)) ? " *" : ""}</th><td class="text wrap">${value}</td></tr>\n`,
)}</tbody></table></div>
<h3>Also decided here, since the paper leaves it open</h3>
<ul>
${[...conventions, ...startConventions(spec), ...(hasAdmm(spec) ? admmConventions : [])].map((sentence) => html`<li>${math(sentence)}</li>\n`)}</ul>
</section>`;
}

function hasAdmm({ variants }: Spec): boolean {
  return variants.some(({ setting }) => setting.prune.some(({ kind }) => kind === "admm"));
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
