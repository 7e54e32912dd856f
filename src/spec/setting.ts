import type { Json } from "../core/canonical-json.ts";
import { crossChecks } from "./checks.ts";
import { readPruneEntry, readRetrainEntry } from "./entries.ts";
import { describeValue, type Path, type Problem, problem } from "./problem.ts";
import { type Reading, read, readFields } from "./read.ts";
import { readAllocation, readData, readModel, readPruner } from "./registries.ts";
import { generalFields, type PruneEntry, type RetrainEntry, trainFields } from "./schema.ts";
import { isMapping, type Mapping } from "./tree.ts";
import type { PrunerChoice, PruneSpec, RetrainSpec, Setting } from "./types.ts";
import { readWeights } from "./weights.ts";
import { weightsChecks } from "./weights-checks.ts";

/** A setting, and the same as a user would write it with every default. */
export interface ReadSetting {
  readonly setting: Setting;
  readonly written: Readonly<Record<string, Json>>;
}

/** Reads and checks one point of the sweep. @param folder of the spec */
export function readSetting(tree: Mapping, folder: string): Reading<ReadSetting> {
  const data = readData(tree.data, folder);
  const model = readModel(tree.model, folder);
  const weights = readWeights(tree.weights, folder, data.value?.spec, model.value?.spec);
  const train = readFields(trainFields, tree.train, ["train"], "a mapping with epochs and optimizer");
  const prune = readList(tree.prune, ["prune"], "pruning settings", readPruneEntry);
  const choices = prune.entries.map((entry, i) => readChoice(entry, ["prune", i]));
  const retrain = readList(
    tree.retrain ?? defaultRetrain(prune.entries, tree.weights),
    ["retrain"],
    "starts",
    readRetrainEntry,
  );
  const protect = read(generalFields.protect, tree.protect, ["protect"]);
  const measure = read(generalFields.measure, tree.measure, ["measure"]);
  const { epochs, optimizer, batchSize, precision, engine, schedule, augment } = train.value;
  const problems = [
    ...[data, model, weights, train, prune, ...choices, retrain, protect, measure].flatMap((part) => part.problems),
    ...crossChecks({
      tree,
      data: data.value?.spec,
      model: model.value?.spec,
      train: train.value,
      prune: prune.entries,
      retrain: retrain.entries,
      protect: protect.value,
      connectivity: measure.value?.connectivity,
    }),
    ...weightsChecks(weights.value?.spec, prune.entries, retrain.entries, measure.value?.connectivity),
  ];
  if (
    problems.length > 0 ||
    !data.value ||
    !model.value ||
    !protect.value ||
    !measure.value ||
    epochs === undefined ||
    !optimizer ||
    batchSize === undefined ||
    !precision ||
    !schedule ||
    !augment
  ) {
    return { value: undefined, problems };
  }
  const setting: Setting = {
    data: data.value.spec,
    model: model.value.spec,
    ...(weights.value === undefined ? {} : { weights: weights.value.spec }),
    train: {
      epochs,
      batchSize,
      precision,
      ...(engine === "winograd" ? { engine } : {}),
      optimizer,
      schedule,
      augment,
    },
    prune: choices.flatMap(({ value }) => (value === undefined ? [] : [value.spec])),
    protect: protect.value,
    retrain: retrain.entries.flatMap((entry) => (entry === undefined ? [] : [toRetrainSpec(entry)])),
    correlation: measure.value.correlation,
    ...(measure.value.connectivity === undefined ? {} : { connectivity: measure.value.connectivity }),
  };
  const written = {
    data: data.value.written,
    model: { ...model.value.written },
    ...(weights.value === undefined ? {} : { weights: { ...weights.value.written } }),
    train: toJson(setting.train),
    prune: choices.flatMap(({ value }) => (value === undefined ? [] : [value.written])),
    protect: setting.protect,
    retrain: toJson(retrain.entries),
    measure: toJson(measure.value),
  };
  return { value: { setting, written }, problems };
}

/** The paper's three starts, when there are masks to start from; without θ0 there is no ticket. */
function defaultRetrain(prune: readonly unknown[], weights: unknown): readonly RetrainEntry[] {
  if (prune.length === 0) return [];
  const lacksTheta0 = isMapping(weights) && weights.trained !== undefined && weights.initial === undefined;
  return lacksTheta0 ? ["reinit", "fine-tune"] : ["ticket", "reinit", "fine-tune"];
}

function readList<T>(
  raw: unknown,
  path: Path,
  what: string,
  readEntry: (raw: unknown, path: Path) => Reading<T>,
): { readonly entries: readonly (T | undefined)[]; readonly problems: readonly Problem[] } {
  if (raw === undefined) return { entries: [], problems: [] };
  if (!Array.isArray(raw)) {
    return { entries: [], problems: [problem(path, `expected a list of ${what}, got ${describeValue(raw)}`)] };
  }
  const readings = raw.map((entry, i) => readEntry(entry, [...path, i]));
  return { entries: readings.map(({ value }) => value), problems: readings.flatMap(({ problems }) => problems) };
}

function readChoice(
  entry: PruneEntry | undefined,
  path: Path,
): Reading<{ readonly spec: PruneSpec; readonly written: Json }> {
  if (entry?.admm !== undefined) {
    return { value: { spec: { kind: "admm", ...entry.admm }, written: toJson({ admm: entry.admm }) }, problems: [] };
  }
  const kind = entry?.iterative === undefined ? "one-shot" : "iterative";
  const options = entry?.[kind];
  if (options === undefined) return { value: undefined, problems: [] };
  const { value: pruner, problems } = readPruner(options.pruner, [...path, kind, "pruner"]);
  if (pruner === undefined) return { value: undefined, problems };
  const allocated = readAllocation(options.allocation, pruner, [...path, kind, "allocation"]);
  if (allocated.problems.length > 0) return { value: undefined, problems: allocated.problems };
  const { value: allocation } = allocated;
  const chosen = { pruner, ...(allocation === undefined ? {} : { allocation }) };
  const flat = ({ name, options: own }: PrunerChoice) => ({ name, ...own });
  const { allocation: _, ...others } = options;
  const written = toJson({
    [kind]: {
      ...others,
      pruner: flat(pruner),
      ...(allocation === undefined ? {} : { allocation: flat(allocation) }),
    },
  });
  if (entry?.iterative === undefined) {
    return {
      value: { spec: { kind: "one-shot", ...chosen, sparsities: options.sparsities ?? [] }, written },
      problems,
    };
  }
  const { rate, rounds, sparsities } = entry.iterative;
  const targets =
    sparsities?.map((sparsity) => ({ sparsity })) ??
    Array.from({ length: rounds ?? 0 }, () => ({ removeFraction: rate ?? 0 }));
  return { value: { spec: { kind: "iterative", ...chosen, rounds: targets }, written }, problems };
}

function toRetrainSpec(entry: RetrainEntry): RetrainSpec {
  if (typeof entry === "string") return { kind: entry };
  if ("lr-rewind" in entry) return { kind: "lr-rewind", epochs: entry["lr-rewind"].epochs };
  return { kind: "rewind", epoch: entry.rewind.epoch };
}

/** Plain data without undefined fields. */
function toJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}
