import { type ContentOf, dataContent } from "../data/content.ts";
import type { Spec } from "../spec/types.ts";
import { type Replicate, ReplicatePlan } from "./replicate.ts";
import { inputsOf, StageTable } from "./stage-table.ts";
import type { Plan, Stage } from "./types.ts";

/**
 * All stages of a spec, each once, with what each means to the report. Nothing is run. Data files are hashed once, for their content is
 * part of the keys; where there are none, one can plan all the same.
 * @param original  as parseSpec returns it; that of the plan has the content of its data
 * @param contentOf says which content a data spec means
 */
export function makePlan(original: Spec, contentOf: ContentOf = dataContent): Plan {
  const spec = withContents(original, contentOf);
  const table = new StageTable();
  const replicates = spec.variants.flatMap((variant) =>
    spec.seeds.map((seed) => new ReplicatePlan(table, variant, seed).plan()),
  );
  const stages = table.stages();
  return {
    spec,
    stages,
    arms: replicates.flatMap(({ arms }) => arms),
    comparisons: replicates.flatMap(({ comparisons }) => comparisons),
    connections: replicates.flatMap(({ connections }) => connections),
    trainings: countTrainings(stages.values()),
    admmRuns: [...stages.values()].filter(({ kind }) => kind === "admm").length,
    trainingsUnshared: replicates.reduce((sum, replicate) => sum + unsharedTrainings(replicate, stages), 0),
  };
}

/** The spec with the content of its data in every variant. */
function withContents(spec: Spec, contentOf: ContentOf): Spec {
  const variants = spec.variants.map((variant) => {
    const { setting } = variant;
    return { ...variant, setting: { ...setting, data: { ...setting.data, content: contentOf(setting.data) } } };
  });
  return { ...spec, variants };
}

/** Trainings if every cell derived its mask and its starts on its own; sharing within a cell is not counted away. */
function unsharedTrainings({ cells, dense }: Replicate, stages: ReadonlyMap<string, Stage>): number {
  const groups = cells.length === 0 ? [[dense]] : cells;
  return groups.reduce((sum, keys) => sum + countTrainings(withInputs(keys, stages)), 0);
}

function countTrainings(stages: Iterable<Stage>): number {
  return [...stages].filter(({ kind }) => kind === "train").length;
}

/** The stages of these keys with everything they depend on, each once. */
export function withInputs(keys: readonly string[], stages: ReadonlyMap<string, Stage>): readonly Stage[] {
  const found = new Map<string, Stage>();
  const open = [...keys];
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    const stage = stages.get(key);
    if (stage === undefined || found.has(key)) continue;
    found.set(key, stage);
    open.push(...inputsOf(stage).map((ref) => ref.key));
  }
  return [...found.values()];
}
