import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { renderTable } from "../analysis/text-table.ts";
import { InputError, RunError } from "../core/errors.ts";
import { SHORT_KEY } from "../export/find-object.ts";
import { finalAccuracy, type StoredRun, storedRuns } from "../export/stored-run.ts";
import { percent } from "../run/labels.ts";
import { loadSpec } from "../spec/load.ts";
import type { Store } from "../store/store.ts";
import { planFor } from "./plan-for.ts";
import { planStatus } from "./plan-status.ts";

/** How far an experiment of a folder is; `problem` when its file cannot be read as one. */
export interface ListedExperiment {
  readonly file: string;
  readonly name?: string;
  readonly trainings?: number;
  readonly done?: number;
  readonly running?: number;
  readonly diverged?: number;
  readonly failed?: number;
  readonly problem?: string;
}

/** A finished training of the store. */
export interface ListedRun {
  readonly key: string;
  readonly status: "done" | "diverged";
  readonly model: string;
  readonly data: string;
  readonly lr: number;
  /** Epochs that were finished. */
  readonly epochs: number;
  readonly seed: number;
  readonly start: string;
  /** Share removed over the masked layers; absent when the mask is gone from the store. */
  readonly sparsity?: number;
  /** After the last epoch, in percent of the test set; absent when it diverged. */
  readonly testAccuracy?: number;
  readonly finishedAt: string;
}

export interface Listing {
  readonly experiments: readonly ListedExperiment[];
  readonly runs: readonly ListedRun[];
  /** What was found damaged on the way, and is not listed. */
  readonly damaged: readonly string[];
}

/**
 * The experiments of a folder (its YAML files, not those of folders in it) and the finished trainings of a store.
 * @throws InputError when the folder is none
 */
export function listAll(folder: string, store: Store): Listing {
  const damaged: string[] = [];
  const experiments = specFiles(folder).map((file) => experiment(file, store));
  const runs = storedRuns(store, (message) => damaged.push(message)).map(listed);
  return { experiments, runs, damaged };
}

/** The YAML files of a folder, not those of folders in it. @throws InputError when it is none */
export function specFiles(folder: string): string[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new InputError({
      where: folder,
      message: "expected a folder with the YAML files of experiments",
      hint: "for a single experiment use sweepstake status SPEC",
    });
  return readdirSync(folder)
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => join(folder, name));
}

function experiment(file: string, store: Store): ListedExperiment {
  try {
    const { name, stages } = planStatus(planFor(loadSpec(file, []), store), store);
    const { done, running, diverged, failed } = stages.train;
    return {
      file,
      name,
      trainings: Object.values(stages.train).reduce((sum, n) => sum + n, 0),
      ...{ done, running, diverged, failed },
    };
  } catch (error) {
    if (error instanceof InputError) return { file, problem: error.issues[0]?.message ?? error.message };
    if (error instanceof RunError) return { file, problem: error.message.split("\n")[0] ?? "" };
    throw error;
  }
}

function listed(run: StoredRun): ListedRun {
  const { record, stage, curve, start, sparsity } = run;
  const { model, data, recipe, seed } = stage.parameters;
  const testAccuracy = finalAccuracy(run);
  return {
    key: record.key,
    status: record.status,
    model: model.name,
    data: data.name,
    lr: recipe.optimizer.sgd.lr,
    epochs: curve.length,
    seed,
    start,
    ...(sparsity === undefined ? {} : { sparsity }),
    ...(testAccuracy === undefined ? {} : { testAccuracy }),
    finishedAt: record.provenance.finishedAt,
  };
}

export function listingText({ experiments, runs }: Listing): string {
  return [experimentsText(experiments), runsText(runs)].join("\n");
}

function experimentsText(experiments: readonly ListedExperiment[]): string {
  if (experiments.length === 0) return "experiments: none (no YAML files here)\n";
  const rows = experiments.map(({ file, name, trainings, done, running, diverged, failed, problem }) =>
    problem === undefined
      ? [file, name ?? "", ...[done, running, diverged, failed, trainings].map((n) => String(n ?? 0))]
      : [file, `no experiment: ${problem}`, "", "", "", "", ""],
  );
  const columns = ["file", "name", "done", "running", "diverged", "failed", "trainings"];
  return renderTable({ title: "experiments", columns, rows, heads: 2 }, Number.MAX_SAFE_INTEGER);
}

function runsText(runs: readonly ListedRun[]): string {
  if (runs.length === 0) return "runs: none finished in the store\n";
  const rows = runs.map(({ key, model, data, lr, epochs, seed, start, sparsity, testAccuracy, status }) => [
    key.slice(0, SHORT_KEY),
    model,
    data,
    start,
    ...[String(lr), String(epochs), String(seed)],
    sparsity === undefined ? "mask gone" : percent(sparsity),
    status === "diverged" ? "diverged" : (testAccuracy?.toFixed(2) ?? ""),
  ]);
  const columns = ["run", "model", "data", "start", "lr", "epochs", "seed", "sparsity", "test acc. %"];
  return renderTable({ title: "finished runs, oldest first", columns, rows, heads: 4 }, Number.MAX_SAFE_INTEGER);
}
