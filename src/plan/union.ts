import type { Plan, Stage } from "./types.ts";

/** What there is to run, and how much of it is training. */
export type Work = Pick<Plan, "stages" | "trainings" | "trainingsUnshared" | "admmRuns">;

/**
 * Several plans as one piece of work, each stage once with the outputs that any of them needs. Stages stay after their inputs.
 * The trainings without sharing are those of the plans, added up.
 */
export function uniteWork(plans: readonly Work[]): Work {
  const stages = new Map<string, Stage>();
  for (const stage of plans.flatMap((plan) => [...plan.stages.values()])) {
    const outputs = new Set([...(stages.get(stage.key)?.outputs ?? []), ...stage.outputs]);
    stages.set(stage.key, { ...stage, outputs: [...outputs].sort() });
  }
  const count = (kind: Stage["kind"]) => [...stages.values()].filter((stage) => stage.kind === kind).length;
  return {
    stages,
    trainings: count("train"),
    admmRuns: count("admm"),
    trainingsUnshared: plans.reduce((sum, plan) => sum + plan.trainingsUnshared, 0),
  };
}
