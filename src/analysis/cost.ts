import type { Results } from "./types.ts";

/** What the experiment cost, from the recorded times. */
export interface Cost {
  /** After sharing, whether done or not. */
  readonly trainings: number;
  readonly trainingsUnshared: number;
  readonly trainingsDone: number;
  /** ADMM prunings, done or not. */
  readonly admmRuns: number;
  /** Computing time × threads of all finished stages on CPUs, in hours. */
  readonly coreHours: number;
  /** Computing time of all finished stages on GPUs, in hours. */
  readonly gpuHours: number;
}

/** Divergence is a result too, so a diverged training counts as done. */
export function costOf({ stages, trainings, trainingsUnshared, admmRuns }: Results): Cost {
  let [coreHours, gpuHours] = [0, 0];
  for (const { provenance } of stages) {
    if (provenance === undefined) continue;
    const hours = provenance.durationMs / 3_600_000;
    if (provenance.device === "cpu") coreHours += hours * provenance.threads;
    else gpuHours += hours;
  }
  const trainingsDone = stages.filter(
    ({ kind, status }) => kind === "train" && (status === "done" || status === "diverged"),
  ).length;
  return { trainings, trainingsUnshared, trainingsDone, admmRuns, coreHours, gpuHours };
}

/** `37 trainings (114 without sharing), all done; 3 ADMM prunings; 1.2 core-hours`. */
export function costText({ trainings, trainingsUnshared, trainingsDone, admmRuns, coreHours, gpuHours }: Cost): string {
  const done = trainingsDone === trainings ? "all finished" : `${trainingsDone} finished`;
  const rest = [
    ...(admmRuns > 0 ? [`${admmRuns} ADMM ${admmRuns === 1 ? "pruning" : "prunings"}`] : []),
    ...(coreHours > 0 ? [`${hoursText(coreHours)} core-hours`] : []),
    ...(gpuHours > 0 ? [`${hoursText(gpuHours)} GPU-hours`] : []),
  ];
  return [`${trainings} trainings (${trainingsUnshared} without sharing), ${done}`, ...rest].join("; ");
}

function hoursText(hours: number): string {
  return hours < 10 ? hours.toPrecision(2) : hours.toFixed(0);
}
