import type { Path } from "../spec/problem.ts";
import { isMapping, type Mapping, valueAt, withValueAt } from "../spec/tree.ts";
import type { DecayRecipe } from "./weight-decay.ts";

/** What the scales with fewer images leave of longer lists of masks. */
export const fewSparsities: readonly number[] = [0.3, 0.5, 0.7, 0.9];

/** What the sum over the steps takes of a tree; undefined when the parser has something to say about it. */
export function decayRecipe(tree: Mapping): DecayRecipe | undefined {
  const number = (path: Path, otherwise?: number) => {
    const value = valueAt(tree, path) ?? otherwise;
    return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
  };
  const milestones = valueAt(tree, ["train", "schedule", "milestones"]) ?? [];
  const epochs = number(["train", "epochs"]);
  const batchSize = number(["train", "batchSize"], 128);
  const factor = number(["train", "schedule", "factor"], 0.1);
  const warmupEpochs = number(["train", "schedule", "warmupEpochs"], 0);
  if (!Array.isArray(milestones) || !milestones.every((at) => typeof at === "number")) return undefined;
  if (epochs === undefined || batchSize === undefined || batchSize < 1) return undefined;
  if (factor === undefined || warmupEpochs === undefined) return undefined;
  return { epochs, batchSize, schedule: { milestones, factor, warmupEpochs } };
}

/** Masks at four sparsities where there were more of them. */
export function fewerMasks(entry: Mapping): Mapping {
  const { rounds } = isMapping(entry.iterative) ? entry.iterative : {};
  const short =
    typeof rounds === "number" && rounds > fewSparsities.length
      ? changed(entry, ["iterative"], (old) => {
          const { rate: _rate, rounds: _rounds, ...rest } = isMapping(old) ? old : {};
          return { ...rest, sparsities: fewSparsities };
        })
      : entry;
  return Object.keys(short).reduce(
    (tree, kind) =>
      changed(tree, [kind, "sparsities"], (list) =>
        Array.isArray(list) && list.length > fewSparsities.length ? fewSparsities : list,
      ),
    short,
  );
}

/** The tree with the value at `path` changed; the same tree when there is none. */
export function changed<T>(tree: T, path: Path, change: (value: unknown) => unknown): T {
  const value = valueAt(tree, path);
  return value === undefined ? tree : ((withValueAt(tree, path, change(value))?.tree ?? tree) as T);
}

export function changedEach(tree: Mapping, path: Path, change: (entry: unknown, index: number) => unknown): Mapping {
  return changed(tree, path, (list) => (Array.isArray(list) ? (list as unknown[]).map(change) : list));
}
