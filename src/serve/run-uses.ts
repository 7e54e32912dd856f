import { startName } from "../plan/retraining.ts";
import { inputsOf } from "../plan/stage-table.ts";
import type { AdmmStage, Cell, LoadStage, Plan, Stage, TrainStage } from "../plan/types.ts";
import { stageLabels } from "../run/labels.ts";

/** What a training is in an experiment; one that several starts share is there once for each. */
export interface RunUse {
  readonly key: string;
  readonly label: string;
  readonly variant: string;
  readonly seed: number;
  readonly start: string;
  readonly pruning: string | null;
  readonly sparsity: number | null;
  /** Epochs that it trains, and those of the schedule that lie behind its start. */
  readonly epochs: number;
  readonly from: number;
}

/** Every training of a plan, and every network that is given instead of trained, with what it is for: those of the report, then ADMM prunings, copies, and those that only masks need. */
export function runUses(plan: Plan): readonly RunUse[] {
  const labels = stageLabels(plan);
  const uses: RunUse[] = [];
  const seen = new Set<string>();
  const add = (key: string, use: Pick<RunUse, "variant" | "seed" | "start">, cell?: Cell) => {
    const stage = plan.stages.get(key);
    if (stage === undefined || !hasCurve(stage)) return;
    seen.add(key);
    // Given weights are evaluated, not trained.
    const { epochs, from } = stage.kind === "load" ? { epochs: 0, from: 0 } : epochsOf(stage);
    const place = { pruning: cell?.pruning ?? null, sparsity: cell?.sparsity ?? null };
    uses.push({ key, label: labels.get(key) ?? stage.kind, ...use, ...place, epochs, from });
  };
  for (const arm of plan.arms)
    add(arm.train, { variant: arm.variant, seed: arm.seed, start: startName(arm) }, arm.cell);
  const addNew = (key: string, use: Pick<RunUse, "variant" | "seed" | "start">, cell?: Cell) => {
    if (!seen.has(key)) add(key, use, cell);
  };
  for (const { variant, seed, cell } of plan.arms)
    if (cell !== undefined) addNew(cell.mask.key, { variant, seed, start: "ADMM" }, cell);
  for (const { variant, seed, copies, cell } of plan.connections)
    for (const key of copies) addNew(key, { variant, seed, start: "copy" }, cell);
  for (const { variant, seed, train } of plan.arms)
    for (const key of inputsBehind(train, plan)) addNew(key, { variant, seed, start: "for a mask" });
  return uses;
}

function hasCurve(stage: Stage): stage is TrainStage | AdmmStage | LoadStage {
  return stage.kind === "train" || stage.kind === "admm" || stage.kind === "load";
}

function epochsOf({ parameters: { recipe, from = 0 } }: TrainStage | AdmmStage): Pick<RunUse, "epochs" | "from"> {
  return { epochs: recipe.epochs, from };
}

/** Everything that a stage needs, each once. */
function inputsBehind(key: string, { stages }: Plan): readonly string[] {
  const found = new Set<string>();
  const open = [key];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const stage = stages.get(next);
    for (const input of stage === undefined ? [] : inputsOf(stage)) {
      if (found.has(input.key)) continue;
      found.add(input.key);
      open.push(input.key);
    }
  }
  return [...found];
}
