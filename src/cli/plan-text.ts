import type { PlanSummary } from "../plan/estimate.ts";
import type { Plan } from "../plan/types.ts";

/** The plan in a few lines, for a person. */
export function planText(plan: Plan, summary: PlanSummary): string {
  const { spec } = plan;
  const shared = summary.trainingsUnshared - summary.trainings;
  const lines = [
    `${spec.name}: ${spec.variants.map(({ label }) => label).join(" | ")}, ${count(spec.seeds.length, "seed")}`,
    `  trainings  ${summary.trainings}` +
      (shared > 0 ? ` (${summary.trainingsUnshared} if every mask and start were derived on its own)` : ""),
    `  to do      ${summary.trainingsToDo} of them, ${count(summary.stagesToDo, "stage")} of ${summary.stages} in all`,
  ];
  if (summary.admmRuns > 0) {
    const left = summary.admmRunsToDo === summary.admmRuns ? "" : `, ${summary.admmRunsToDo} of them to do`;
    lines.push(`  ADMM       ${count(summary.admmRuns, "pruning")}, not counted as trainings${left}`);
  }
  if (summary.stagesToDo > 0) {
    lines.push(
      `  estimate   ${duration(summary.estimatedSeconds)} of computing, ${bytes(summary.estimatedBytes)} on disk`,
    );
  }
  return `${lines.join("\n")}\n`;
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

/** `45 s`, `12 min`, `3.4 h`, `12 days`. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 72 * 3600) return `${(seconds / 3600).toFixed(1)} h`;
  return `${Math.round(seconds / 86400)} days`;
}

/** `812 kB`, `1.3 GB` (decimal units). */
export function bytes(n: number): string {
  if (n < 1e6) return `${Math.ceil(n / 1e3)} kB`;
  if (n < 1e9) return `${(n / 1e6).toFixed(1)} MB`;
  return `${(n / 1e9).toFixed(1)} GB`;
}
