import type { Json } from "../core/canonical-json.ts";
import { InputError } from "../core/errors.ts";
import { experimentId } from "../plan/experiment-id.ts";
import { makePlan } from "../plan/plan.ts";
import type { Plan } from "../plan/types.ts";
import type { Spec } from "../spec/types.ts";
import type { Store } from "../store/store.ts";
import { runRow } from "./run-rows.ts";
import { type RunUse, runUses } from "./run-uses.ts";
import type { StageStates } from "./stage-states.ts";
import type { ExperimentView, RunRow, VariantView } from "./views.ts";

/** An experiment of the store, with its plan. */
export class WatchedExperiment {
  readonly id: string;
  readonly plan: Plan;
  readonly #uses: readonly RunUse[];
  readonly #variants: readonly VariantView[];

  /** @throws InputError when the store's file does not give the plan that it is named by (damaged, or of another version) */
  constructor(store: Store, id: string) {
    this.id = id;
    this.plan = planOf(store, id);
    this.#uses = runUses(this.plan);
    this.#variants = this.plan.spec.variants.map((variant) => ({
      id: variant.id,
      label: variant.label,
      fields: leaves(variant.setting as unknown as Json), // plain data; only its interfaces lack an index signature
    }));
  }

  rows(states: StageStates, isStopped: boolean): readonly RunRow[] {
    const head = this.id.slice(0, 8);
    return this.#uses.map((use, i) => runRow(use, `${head}-${i}`, this.id, states.get(use.key), isStopped));
  }

  view(states: StageStates, rows: readonly RunRow[], isStopped: boolean): ExperimentView {
    const { spec, stages } = this.plan;
    const done = [...stages.keys()].filter((key) => states.get(key).state === "done").length;
    return {
      id: this.id,
      name: spec.name,
      question: spec.question,
      seeds: spec.seeds,
      variants: this.#variants,
      stages: { done, all: stages.size },
      secondsLeft: secondsLeft(rows),
      stopped: isStopped,
    };
  }
}

function planOf(store: Store, id: string): Plan {
  const spec = store.experiments.read(id) as unknown as Spec | undefined;
  let plan: Plan | undefined;
  try {
    plan = spec && makePlan(spec, ({ content }) => content ?? "");
  } catch (error) {
    // A damaged spec can fail anywhere; what only a file of the user's is missing for says so itself.
    if (error instanceof InputError) throw error;
  }
  if (plan !== undefined && experimentId(plan) === id) return plan;
  throw new InputError({
    where: `experiment ${id.slice(0, 10)}`,
    message: "expected the spec that it is named by, got a damaged one or one of another version",
    hint: "run the experiment again: what is done is reused, and its spec is noted anew",
  });
}

/**
 * About how long the workers of now still take: what is left of running trainings, and of those not begun as many epochs at the mean time
 * of an epoch, shared among the workers.
 */
function secondsLeft(rows: readonly RunRow[]): number | null {
  const each = [...new Map(rows.map((row) => [row.key, row])).values()];
  const workers = each.filter(({ state }) => state === "running").length;
  const timed = each.filter(({ seconds, epoch }) => seconds !== null && epoch > 0);
  const epochs = timed.reduce((sum, { epoch }) => sum + epoch, 0);
  if (workers === 0 || epochs === 0) return null;
  const perEpoch = timed.reduce((sum, { seconds }) => sum + (seconds ?? 0), 0) / epochs;
  const left = each
    .filter(({ state }) => state === "running" || state === "waiting")
    .reduce((sum, row) => sum + (row.secondsLeft ?? (row.epochs - row.epoch) * perEpoch), 0);
  return left / workers;
}

/** Every value of a tree by its path; lists of plain values are one text. */
function leaves(value: Json, path = ""): Record<string, string | number | boolean | null> {
  if (value === null || typeof value !== "object") return { [path]: value };
  if (Array.isArray(value)) {
    const isPlain = value.every((entry) => typeof entry !== "object");
    if (isPlain) return { [path]: value.join(", ") };
  }
  const entries = Object.entries(value as Record<string, Json>);
  return Object.assign(
    {},
    ...entries.map(([name, inner]) => leaves(inner, path === "" ? name : `${path}.${name}`)),
  ) as Record<string, string | number | boolean | null>;
}
