import { InputError } from "../core/errors.ts";
import { formatPath, isInside, type Path } from "../spec/problem.ts";
import { expandShorthands } from "../spec/shorthand.ts";
import { isMapping, type Mapping, valueAt, withValueAt } from "../spec/tree.ts";
import type { ScaleName } from "./types.ts";

/** Everything that counts epochs is divided by this. */
export const scaleDivisors: Readonly<Record<ScaleName, number>> = { full: 1, half: 2, tenth: 10, tiny: 30 };

/** With fewer seeds hardly any verdict can be reached, so a scale never goes below. */
const leastSeeds = 3;

/** What tiny leaves of the images, and of longer lists of masks. */
export const tinyImages = { subset: 6400, testSubset: 2000 };
export const tinySparsities: readonly number[] = [0.3, 0.5, 0.7, 0.9];

/**
 * A spec of the paper's protocol at a smaller scale, as a user would have written it. Epochs, milestones, warm-up, rewinding points
 * and ADMM's stages shrink in proportion, rounded to nearest and at least 1; milestones stay distinct and before the end. Seeds shrink
 * in proportion, but not below three. `tiny` also takes fewer images and, for more than four masks, those of four sparsities.
 * @param tree the spec as read from YAML, before its defaults; what is wrong with it is left for the parser
 * @param file for the messages
 * @throws InputError when the scale leaves too few epochs, or the spec varies a field that the scale sets
 */
export function scaleSpec(tree: unknown, scale: ScaleName, file: string): unknown {
  const expanded = expandShorthands(tree);
  if (!isMapping(expanded)) return tree;
  const named = changed(expanded, ["name"], (name) => (typeof name === "string" ? `${name}-${scale}` : name));
  if (scale === "full") return named;
  const scaling = new Scaling(scale, file);
  scaling.checkVaried(expanded);
  const shorter = changed(scaling.schedule(named), ["seeds"], (seeds) => scaling.seeds(seeds));
  const starts = changedEach(shorter, ["retrain"], (entry, i) =>
    scaling.rewind(entry, i, valueAt(shorter, ["train", "epochs"])),
  );
  const copied = changed(starts, ["measure", "connectivity", "epochs"], (list) => scaling.copyEpochs(list));
  const scaled = changedEach(copied, ["prune"], (entry, i) => scaling.pruning(entry, i));
  if (scale !== "tiny") return scaled;
  return { ...scaled, data: { ...(isMapping(scaled.data) ? scaled.data : {}), ...tinyImages } };
}

class Scaling {
  readonly #scale: ScaleName;
  readonly #divisor: number;
  readonly #file: string;

  constructor(scale: ScaleName, file: string) {
    this.#scale = scale;
    this.#divisor = scaleDivisors[scale];
    this.#file = file;
  }

  /** A field that the sweep or the cases set would undo what the scale does to it. */
  checkVaried({ sweep, cases }: Mapping): void {
    const set = [
      ["train", "epochs"],
      ["train", "schedule"],
      ...(this.#scale === "tiny"
        ? [
            ["data", "subset"],
            ["data", "testSubset"],
          ]
        : []),
    ];
    const varied = [
      ...(isMapping(sweep) ? Object.keys(sweep).map((key) => ({ key, place: ["sweep", key] })) : []),
      ...(Array.isArray(cases) ? (cases as unknown[]) : []).flatMap((one, i) =>
        isMapping(one) ? Object.keys(one).map((key) => ({ key, place: ["cases", i, key] })) : [],
      ),
    ];
    for (const { key, place } of varied) {
      const path = key.split(".");
      if (!set.some((field) => isInside(path, field) || isInside(field, path))) continue;
      throw this.#misfit(
        place,
        "expected a field that the scale leaves alone, got one that it sets",
        "run it at full scale",
      );
    }
  }

  /** Epochs, milestones and warm-up. */
  schedule(tree: Mapping): Mapping {
    const shorter = changed(tree, ["train", "epochs"], (epochs) => this.#epochs(epochs));
    const epochs = valueAt(shorter, ["train", "epochs"]);
    const milestones = changed(shorter, ["train", "schedule", "milestones"], (list) => this.#milestones(list, epochs));
    return changed(milestones, ["train", "schedule", "warmupEpochs"], (warmup) => {
      const scaled = warmup === 0 ? 0 : this.#epochs(warmup);
      return this.#beforeEnd(scaled, epochs, ["train", "schedule", "warmupEpochs"]);
    });
  }

  /** A count, or a list of which the first ones stay. */
  seeds(seeds: unknown): unknown {
    if (typeof seeds === "number") return this.#seedCount(seeds);
    return Array.isArray(seeds) ? (seeds as unknown[]).slice(0, this.#seedCount(seeds.length)) : seeds;
  }

  /** An entry of `retrain`; only the two kinds of rewinding have epochs of their own. */
  rewind(entry: unknown, index: number, epochs: unknown): unknown {
    const earlier = changed(entry, ["rewind", "epoch"], (epoch) =>
      this.#beforeEnd(this.#epochs(epoch), epochs, ["retrain", index, "rewind", "epoch"]),
    );
    return changed(earlier, ["lr-rewind", "epochs"], (last) => this.#epochs(last));
  }

  /** The epochs at which connectivity copies the network: 0 stays, and those that meet are one. */
  copyEpochs(list: unknown): unknown {
    if (!Array.isArray(list)) return list;
    return [...new Set((list as unknown[]).map((epoch) => (epoch === 0 ? 0 : this.#epochs(epoch))))];
  }

  /** An entry of `prune`. */
  pruning(entry: unknown, index: number): unknown {
    if (!isMapping(entry)) return entry;
    if (isMapping(entry.admm) && entry.admm.epochsPerStage === undefined) {
      const message = "expected epochsPerStage to be written out, so that it can be scaled, got nothing";
      throw this.#misfit(["prune", index, "admm"], message, "write epochsPerStage: 10, the default");
    }
    const shorter = changed(entry, ["admm", "epochsPerStage"], (epochs) => this.#epochs(epochs));
    return this.#scale === "tiny" ? fewerMasks(shorter) : shorter;
  }

  #seedCount(n: number): number {
    return Math.max(Math.min(n, leastSeeds), Math.round(n / this.#divisor));
  }

  #epochs(value: unknown): unknown {
    return typeof value === "number" ? Math.max(1, Math.round(value / this.#divisor)) : value;
  }

  /** Rounded milestones, moved apart and before the end where rounding made them meet. */
  #milestones(list: unknown, epochs: unknown): unknown {
    if (!Array.isArray(list) || typeof epochs !== "number") return list;
    if (epochs <= list.length) {
      const message = `expected more epochs than the ${list.length} milestones, got ${epochs}`;
      throw this.#misfit(["train", "schedule", "milestones"], message, "choose a larger scale");
    }
    const apart: number[] = [];
    for (const milestone of list as unknown[]) {
      apart.push(Math.max(Number(this.#epochs(milestone)), (apart.at(-1) ?? 0) + 1));
    }
    return apart.map((at, i) => Math.min(at, epochs - (list.length - i)));
  }

  #beforeEnd(epoch: unknown, epochs: unknown, place: Path): unknown {
    if (typeof epoch !== "number" || typeof epochs !== "number" || epoch < epochs) return epoch;
    const message = `expected an epoch before the end, got ${epoch} of ${epochs}`;
    throw this.#misfit(place, message, "choose a larger scale");
  }

  #misfit(place: Path, message: string, hint: string): InputError {
    return new InputError({ where: `${this.#file} at scale ${this.#scale}: ${formatPath(place)}`, message, hint });
  }
}

/** Masks at four sparsities where there were more of them. */
function fewerMasks(entry: Mapping): Mapping {
  const { rounds } = isMapping(entry.iterative) ? entry.iterative : {};
  const short =
    typeof rounds === "number" && rounds > tinySparsities.length
      ? changed(entry, ["iterative"], (old) => {
          const { rate: _rate, rounds: _rounds, ...rest } = isMapping(old) ? old : {};
          return { ...rest, sparsities: tinySparsities };
        })
      : entry;
  return Object.keys(short).reduce(
    (tree, kind) =>
      changed(tree, [kind, "sparsities"], (list) =>
        Array.isArray(list) && list.length > tinySparsities.length ? tinySparsities : list,
      ),
    short,
  );
}

/** The tree with the value at `path` changed; the same tree when there is none. */
function changed<T>(tree: T, path: Path, change: (value: unknown) => unknown): T {
  const value = valueAt(tree, path);
  return value === undefined ? tree : ((withValueAt(tree, path, change(value))?.tree ?? tree) as T);
}

function changedEach(tree: Mapping, path: Path, change: (entry: unknown, index: number) => unknown): Mapping {
  return changed(tree, path, (list) => (Array.isArray(list) ? (list as unknown[]).map(change) : list));
}
