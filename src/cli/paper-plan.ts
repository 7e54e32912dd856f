import { renderTable } from "../analysis/text-table.ts";
import type { PaperFigure } from "../paper/catalog.ts";
import { figureSpec, loadFigure } from "../paper/load-figure.ts";
import type { ScaleName } from "../paper/types.ts";
import type { PlanSummary } from "../plan/estimate.ts";
import type { Plan } from "../plan/types.ts";
import { uniteWork } from "../plan/union.ts";
import { Store } from "../store/store.ts";
import { type SpecOptions, storeFolder } from "./options.ts";
import { TABLE_WIDTH } from "./paper-list.ts";
import { planFor } from "./plan-for.ts";
import { summariseFor } from "./plan-summary.ts";
import { bytes, duration, planText } from "./plan-text.ts";

interface PaperPlanOptions extends SpecOptions {
  readonly scale: ScaleName;
  readonly workers: number;
  readonly json: boolean;
}

/** What one figure takes, as `sweepstake plan` says it. */
export function planFigure(figure: PaperFigure, options: PaperPlanOptions): string {
  const { spec, context } = loadFigure(figure, options.scale, options.set);
  const store = Store.open(storeFolder(options));
  const plan = planFor(spec, store);
  const summary = summariseFor(plan, store, options.workers);
  if (options.json) return `${JSON.stringify({ ...context, ...summary }, null, 2)}\n`;
  return `${context.title}\n${context.scaleNote}\n${planText(plan, summary)}`;
}

/** What every figure takes by itself, what it adds to those above it, and what all of them take together. */
export function planAllFigures(figures: readonly PaperFigure[], options: PaperPlanOptions): string {
  const store = Store.open(storeFolder(options));
  const plans: Plan[] = [];
  const trained = new Set<string>();
  const rows = figures.map(({ id, title }) => {
    const plan = planFor(figureSpec({ id }, options.scale, options.set), store);
    plans.push(plan);
    const before = trained.size;
    for (const { kind, key } of plan.stages.values()) if (kind === "train") trained.add(key);
    const trainingsAdded = trained.size - before;
    return { id, title, ...summariseFor(plan, store, options.workers), trainingsAdded };
  });
  const all: AllFigures = {
    scale: options.scale,
    figures: rows,
    trainingsOneByOne: rows.reduce((sum, { trainings }) => sum + trainings, 0),
    ...summariseFor(uniteWork(plans), store, options.workers),
  };
  return options.json ? `${JSON.stringify(all, null, 2)}\n` : allText(all);
}

/** What all figures take; the counts of the summary are those with sharing. */
interface AllFigures extends PlanSummary {
  readonly scale: ScaleName;
  readonly figures: readonly (PlanSummary & {
    readonly id: string;
    readonly title: string;
    /** That no figure above it needs. */
    readonly trainingsAdded: number;
  })[];
  /** If figures shared nothing with each other. */
  readonly trainingsOneByOne: number;
}

function allText(all: AllFigures): string {
  const table = renderTable(
    {
      title: `Figures and tables of Liu et al. 2021 at ${all.scale} scale`,
      columns: ["id", "trainings", "new", "to do", "ADMM", "time", "disk"],
      rows: all.figures.map((figure) => [
        figure.id,
        number(figure.trainings),
        number(figure.trainingsAdded),
        number(figure.trainingsToDo),
        number(figure.admmRuns),
        ...leftToDo(figure),
      ]),
      heads: 1,
    },
    TABLE_WIDTH,
  );
  const lines = [
    "new: not needed by a figure above; time and disk: estimates of what is to do, of each figure by itself",
    "",
    "all together",
    `  trainings  ${number(all.trainings)} (${number(all.trainingsOneByOne)} figure by figure, ${number(all.trainingsUnshared)} if every mask and start were derived on its own)`,
    `  to do      ${number(all.trainingsToDo)} of them, ${number(all.stagesToDo)} of ${number(all.stages)} stages`,
    `  ADMM       ${number(all.admmRuns)} prunings, not counted as trainings, ${number(all.admmRunsToDo)} of them to do`,
    `  estimate   ${leftToDo(all).join(" of computing, ")} on disk`,
  ];
  return `${table}\n${lines.join("\n")}\n`;
}

function leftToDo({ estimatedSeconds, estimatedBytes }: PlanSummary): readonly [string, string] {
  return [duration(estimatedSeconds), bytes(estimatedBytes)];
}

function number(n: number): string {
  return n.toLocaleString("en-US");
}
