import { totalCount } from "../allocations/total.ts";
import { uniform } from "../allocations/uniform.ts";
import { elementCount } from "../core/array.ts";
import { suggest } from "../core/nearest.ts";
import { describeData } from "../data/check.ts";
import type { DataSpec } from "../data/types.ts";
import { keptAfterRemoving, targetIssue } from "../masks/counts.ts";
import type { LayerSummary, ModelSpec } from "../models/types.ts";
import { describeModelOnce } from "./describe.ts";
import { layerRoles, unprotectedLayers } from "./layers.ts";
import { describeValue, type Path, type Problem, problem } from "./problem.ts";
import type { Fields } from "./read.ts";
import { look } from "./registries.ts";
import type { PruneEntry, RetrainEntry, trainFields } from "./schema.ts";
import { valueAt } from "./tree.ts";
import type { ConnectivitySpec, MaskTarget } from "./types.ts";

/** A setting as far as it could be read: what is wrong by itself is absent here, and has been reported. */
export interface Draft {
  /** All of it as written. */
  readonly tree: unknown;
  readonly data: DataSpec | undefined;
  readonly model: ModelSpec | undefined;
  readonly train: Fields<typeof trainFields>;
  /** By position in the list. */
  readonly prune: readonly (PruneEntry | undefined)[];
  readonly retrain: readonly (RetrainEntry | undefined)[];
  readonly protect: readonly string[] | undefined;
  readonly connectivity: ConnectivitySpec | undefined;
}

/** What is wrong between fields that are right by themselves. */
export function crossChecks(draft: Draft): readonly Problem[] {
  return [
    ...scheduleProblems(draft),
    ...optimizerProblems(draft.train),
    ...engineProblems(draft.train),
    ...retrainProblems(draft),
    ...repetitions(draft.prune, ["prune"], "pruning setting"),
    ...layerProblems(draft),
    ...connectivityProblems(draft),
  ];
}

/** Looks at the list as written, so that a wrong entry does not hide one past the end. */
function scheduleProblems({ train: { epochs }, tree }: Draft): Problem[] {
  if (epochs === undefined) return [];
  const path = ["train", "schedule"];
  const milestones = valueAt(tree, [...path, "milestones"]);
  const late = (Array.isArray(milestones) ? (milestones as unknown[]) : []).flatMap((epoch, i) => {
    if (!Number.isInteger(epoch) || Number(epoch) < epochs) return [];
    const message = `expected an epoch before the end (train.epochs is ${epochs}), got ${describeValue(epoch)}`;
    return [problem([...path, "milestones", i], message, "the learning rate is lowered after this epoch")];
  });
  const warmup = valueAt(tree, [...path, "warmupEpochs"]);
  if (!Number.isInteger(warmup) || Number(warmup) < epochs) return late;
  const message = `expected fewer warm-up epochs than train.epochs (${epochs}), got ${describeValue(warmup)}`;
  return [...late, problem([...path, "warmupEpochs"], message)];
}

function optimizerProblems({ optimizer }: Draft["train"]): Problem[] {
  if (optimizer === undefined || !optimizer.sgd.nesterov || optimizer.sgd.momentum > 0) return [];
  const message = "expected momentum above 0 with nesterov, got 0";
  return [problem(["train", "optimizer", "sgd", "momentum"], message, "leave nesterov out, or set momentum")];
}

function engineProblems({ engine, precision }: Draft["train"]): Problem[] {
  if (engine !== "winograd" || precision !== "float64") return [];
  const message = "expected onednn with precision: float64, got winograd, which computes in float32";
  return [problem(["train", "engine"], message, "leave engine out, or set precision: float32 or bfloat16")];
}

function retrainProblems({ retrain, prune, train }: Draft): Problem[] {
  const { epochs } = train;
  const late = retrain.flatMap((entry, i) => {
    if (epochs === undefined || entry === undefined || typeof entry === "string") return [];
    if ("lr-rewind" in entry) {
      const t = entry["lr-rewind"].epochs;
      if (t <= epochs) return [];
      const message = `expected at most train.epochs (${epochs}), of which they are the last, got ${t}`;
      return [problem(["retrain", i, "lr-rewind", "epochs"], message)];
    }
    if (entry.rewind.epoch < epochs) return [];
    const message = `expected an epoch before the end (train.epochs is ${epochs}), got ${entry.rewind.epoch}`;
    const hint = entry.rewind.epoch === epochs ? "rewinding to the last epoch is fine-tune" : undefined;
    return [problem(["retrain", i, "rewind", "epoch"], message, hint)];
  });
  const repeated = repetitions(retrain, ["retrain"], "start");
  if (retrain.length === 0 || prune.length > 0) return [...late, ...repeated];
  const message = "expected prune, since retraining starts from a mask, got nothing to prune";
  return [...late, ...repeated, problem(["retrain"], message, "add prune, or leave retrain out")];
}

function connectivityProblems({ connectivity, prune, train: { epochs } }: Draft): Problem[] {
  if (connectivity === undefined) return [];
  const path = ["measure", "connectivity"];
  const late = connectivity.epochs.flatMap((epoch, i) => {
    if (epochs === undefined || epoch < epochs) return [];
    const message = `expected an epoch before the end (train.epochs is ${epochs}), got ${epoch}`;
    const hint = epoch === epochs ? "two copies of the trained network are the same" : undefined;
    return [problem([...path, "epochs", i], message, hint)];
  });
  if (!connectivity.masks || prune.length > 0) return late;
  const message = "expected prune, since masks are to be measured too, got nothing to prune";
  return [...late, problem([...path, "masks"], message, "add prune, or leave masks out")];
}

function repetitions(entries: readonly unknown[], path: Path, what: string): Problem[] {
  const seen = entries.map((entry) => JSON.stringify(entry));
  return entries.flatMap((entry, i) =>
    entry !== undefined && seen.indexOf(JSON.stringify(entry)) < i
      ? [problem([...path, i], `expected each ${what} once, got the same one again`)]
      : [],
  );
}

function layerProblems({ data, model, protect, prune }: Draft): readonly Problem[] {
  if (data === undefined || model === undefined) return [];
  const described = look(() => describeModelOnce(model, describeData(data)), ["model"]);
  if ("problems" in described) return described.problems;
  const { prunable } = described.found;
  if (protect === undefined) return [];
  const names = prunable.map(({ name }) => name);
  const unknown = protect.flatMap((name, i) => {
    if (names.includes(name) || layerRoles.some((role) => role === name)) return [];
    const message = `expected first-conv, last-linear or the name of a prunable layer of ${model.name}, got "${name}"`;
    return [problem(["protect", i], message, suggest(name, [...layerRoles, ...names]))];
  });
  const layers = unprotectedLayers(prunable, protect);
  if (layers.length === 0) {
    const message = `expected at least one layer of ${model.name} to stay prunable, got all ${names.length} protected`;
    return [...unknown, problem(["protect"], message)];
  }
  return [
    ...unknown,
    ...prune.flatMap((entry, i) => (entry === undefined ? [] : emptyMasks(entry, layers, ["prune", i]))),
  ];
}

/** Masks that keep no weight of some layer: the first one of every list, for its smallest layer. */
function emptyMasks(entry: PruneEntry, layers: readonly LayerSummary[], path: Path): readonly Problem[] {
  const sizes = layers.map(({ name, shape }) => ({ name, size: elementCount(shape) }));
  const smallest = sizes.reduce((least, layer) => (layer.size < least.size ? layer : least));
  const { iterative, "one-shot": oneShot, admm } = entry;
  const shared = oneShot ?? iterative;
  if (shared !== undefined && shared.allocation.name !== uniform.name) {
    const place = [...path, oneShot === undefined ? "iterative" : "one-shot", "sparsities"];
    return (shared.sparsities ?? []).flatMap((sparsity, i) => tooFewInAll(layers, sparsity, [...place, i]));
  }
  if (admm !== undefined) return emptyAtSparsity(admm.sparsities, smallest, [...path, "admm", "sparsities"]);
  if (oneShot !== undefined) return emptyAtSparsity(oneShot.sparsities, smallest, [...path, "one-shot", "sparsities"]);
  if (iterative?.sparsities !== undefined) {
    return emptyAtSparsity(iterative.sparsities, smallest, [...path, "iterative", "sparsities"]);
  }
  const { rate, rounds } = iterative ?? {};
  if (rate === undefined || rounds === undefined) return [];
  const round = firstEmptyRound(smallest, rate, rounds);
  if (round === undefined) return [];
  const message = `expected rounds that keep a weight in every layer, got ${rounds} at rate ${rate}: round ${round} keeps none of the ${smallest.size} weights of ${smallest.name}`;
  return [problem([...path, "iterative", "rounds"], message, mend)];
}

/** What is wrong with a sparsity of all layers together. */
function tooFewInAll(layers: readonly LayerSummary[], sparsity: number, path: Path): readonly Problem[] {
  const allocated = layers.map(({ name, shape }) => {
    const size = elementCount(shape);
    return { name, shape, size, remaining: size };
  });
  const total = look(() => totalCount(allocated, { sparsity }, 0), path);
  return "problems" in total ? total.problems : [];
}

const mend = "prune less, or protect this layer";

function emptyAtSparsity(sparsities: readonly number[], layer: SizedLayer, path: Path): Problem[] {
  return sparsities.flatMap((sparsity, i) => {
    if (targetIssue(layer.name, layer.size, layer.size, { sparsity }) === undefined) return [];
    const message = `expected a sparsity that keeps a weight in every layer, got ${sparsity}: it keeps none of the ${layer.size} weights of ${layer.name}`;
    return [problem([...path, i], message, mend)];
  });
}

interface SizedLayer {
  readonly name: string;
  readonly size: number;
}

/** The first round, from 1, after which nothing of the layer is left. */
function firstEmptyRound(layer: SizedLayer, rate: number, rounds: number): number | undefined {
  const target: MaskTarget = { removeFraction: rate };
  let remaining = layer.size;
  for (let round = 1; round <= rounds; round++) {
    if (targetIssue(layer.name, layer.size, remaining, target) !== undefined) return round;
    remaining = keptAfterRemoving(remaining, rate);
  }
  return undefined;
}
