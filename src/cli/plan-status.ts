import { admmSummary, notConverged } from "../analysis/admm.ts";
import type { Plan, Stage } from "../plan/types.ts";
import { storedStages } from "../run/execute.ts";
import { stageLabels } from "../run/labels.ts";
import { stagesToDo } from "../run/stages-to-do.ts";
import type { Store } from "../store/store.ts";

/** States of one stage, as the store shows them now. */
export type StageState = "done" | "running" | "diverged" | "failed" | "to do";

export interface PlanStatus {
  readonly name: string;
  /** Numbers of stages by kind, then by state. */
  readonly stages: Readonly<Record<Stage["kind"], Readonly<Record<StageState, number>>>>;
  /** Every stage that is running, diverged or failed. */
  readonly notable: readonly {
    readonly key: string;
    readonly label: string;
    readonly state: StageState;
    readonly reason?: string;
  }[];
  /** ADMM prunings that ended without having converged. */
  readonly warnings: readonly string[];
}

/** How far a plan is, from the store alone; runs in other processes and on other hosts are seen by their leases. */
export function planStatus(plan: Plan, store: Store): PlanStatus {
  const labels = stageLabels(plan);
  const none = () => ({ done: 0, running: 0, diverged: 0, failed: 0, "to do": 0 });
  const stages = {
    init: none(),
    load: none(),
    train: none(),
    mask: none(),
    admm: none(),
    compare: none(),
    connect: none(),
  };
  const toDo = stagesToDo(plan.stages, storedStages(store));
  const notable = [...plan.stages.values()].flatMap((stage) => {
    const state = stateOf(stage, store, toDo);
    stages[stage.kind][state]++;
    if (state === "done" || state === "to do") return [];
    const reason = store.failure(stage.key)?.message;
    const label = labels.get(stage.key) ?? stage.key;
    return [{ key: stage.key, label, state, ...(state === "failed" && reason !== undefined ? { reason } : {}) }];
  });
  const warnings = [...plan.stages.values()].flatMap((stage) => {
    const ended = stage.kind === "admm" ? admmSummary(store.record(stage.key)?.summary) : undefined;
    return ended === undefined || ended.converged ? [] : [notConverged(labels.get(stage.key) ?? stage.key, ended)];
  });
  return { name: plan.spec.name, stages, notable, warnings };
}

function stateOf(stage: Stage, store: Store, toDo: ReadonlySet<string>): StageState {
  if (!toDo.has(stage.key)) return "done";
  if (store.record(stage.key)?.status === "diverged") return "diverged";
  if (store.isClaimed(stage.key)) return "running";
  return store.failure(stage.key) === undefined ? "to do" : "failed";
}

export function statusText(status: PlanStatus): string {
  const states: readonly StageState[] = ["done", "running", "diverged", "failed", "to do"];
  // Few specs have weights of files, ADMM or connectivity, so their rows are shown only for those.
  const kinds = Object.entries(status.stages).filter(
    ([kind, counts]) => !["load", "admm", "connect"].includes(kind) || Object.values(counts).some((n) => n > 0),
  );
  const rows = kinds.map(([kind, counts]) => [kind, ...states.map((state) => String(counts[state]))]);
  const lines = [["", ...states], ...rows].map(([head, ...cells]) =>
    [(head ?? "").padEnd(9), ...cells.map((cell) => cell.padStart(9))].join(""),
  );
  const notes = status.notable.map(
    ({ label, state, reason }) => `${state}: ${label}${reason === undefined ? "" : `: ${reason}`}`,
  );
  const warnings = status.warnings.map((warning) => `warning: ${warning}`);
  return `${[status.name, ...lines, ...notes, ...warnings].join("\n")}\n`;
}
