import { InputError } from "../core/errors.ts";
import { dataSets } from "../data/catalog.ts";
import { formatPath, isInside, type Path } from "../spec/problem.ts";
import { expandShorthands } from "../spec/shorthand.ts";
import { isMapping, type Mapping, valueAt } from "../spec/tree.ts";
import { changed, changedEach, decayRecipe, fewerMasks } from "./scale-tree.ts";
import type { ScaleName } from "./types.ts";
import { allImages, scaledWeightDecay } from "./weight-decay.ts";

/** Everything that counts epochs is divided by this. */
export const scaleDivisors: Readonly<Record<ScaleName, number>> = {
  full: 1,
  half: 2,
  tenth: 10,
  medium: 6.25,
  small: 12.5,
};

/** With fewer seeds hardly any verdict can be reached, so a scale never goes below. */
const leastSeeds = 3;

/** What medium and small leave of the images, and the batches that they are taken in: 200 steps in an epoch. */
export const fewImages = { subset: 12800, testSubset: 2000 };
export const smallBatch = 64;

/** Whether a scale takes fewer images, smaller batches and fewer masks. */
function hasFewImages(scale: ScaleName): boolean {
  return scale === "medium" || scale === "small";
}

/**
 * A spec of the paper's protocol at a smaller scale, as a user would have written it. Epochs, milestones, warm-up, rewinding points
 * and ADMM's stages shrink in proportion, rounded to nearest and at least 1; milestones stay distinct and before the end. Seeds shrink
 * in proportion, but not below three. `medium` and `small` also take fewer images in smaller batches and, for more than four masks, those
 * of four sparsities. Weight decay grows so that Σ η·λ over a training stays what it was (see `scaledWeightDecay`), and ADMM's ρ so that
 * η·ρ times the steps of a stage does: a shorter training then still forgets its initial weights, and ADMM still converges.
 * @param tree the spec as read from YAML, before its defaults; what is wrong with it is left for the parser
 * @param file for the messages
 * @throws InputError when the scale leaves too few epochs, or the spec varies a field that the scale sets
 */
export function scaleSpec(tree: unknown, scale: ScaleName, file: string): unknown {
  const expanded = expandShorthands(tree);
  if (!isMapping(expanded)) return tree;
  const named = changed(expanded, ["name"], (name) => (typeof name === "string" ? `${name}-${scale}` : name));
  if (scale === "full") return named;
  const scaling = new Scaling(scale, file, expanded);
  scaling.checkVaried(expanded);
  const shorter = changed(scaling.schedule(named), ["seeds"], (seeds) => scaling.seeds(seeds));
  const starts = changedEach(shorter, ["retrain"], (entry, i) =>
    scaling.rewind(entry, i, valueAt(shorter, ["train", "epochs"])),
  );
  const copied = changed(starts, ["measure", "connectivity", "epochs"], (list) => scaling.copyEpochs(list));
  const pruned = changedEach(copied, ["prune"], (entry, i) => scaling.pruning(entry, i));
  if (!hasFewImages(scale)) return scaling.weightDecay(pruned);
  const batches = changed(pruned, ["train"], (train) =>
    isMapping(train) ? { ...train, batchSize: smallBatch } : train,
  );
  return scaling.weightDecay({ ...batches, data: { ...(isMapping(batches.data) ? batches.data : {}), ...fewImages } });
}

class Scaling {
  readonly #scale: ScaleName;
  readonly #divisor: number;
  readonly #file: string;
  readonly #full: Mapping;

  /** @param full the tree before anything was scaled */
  constructor(scale: ScaleName, file: string, full: Mapping) {
    this.#scale = scale;
    this.#divisor = scaleDivisors[scale];
    this.#file = file;
    this.#full = full;
  }

  /** A field that the sweep or the cases set would undo what the scale does to it. */
  checkVaried({ sweep, cases }: Mapping): void {
    const set = [
      ["train", "epochs"],
      ["train", "schedule"],
      ["train", "optimizer", "sgd", "weightDecay"],
      ...(hasFewImages(this.#scale)
        ? [
            ["train", "batchSize"],
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
    const shorter = this.#admm(entry, index);
    return hasFewImages(this.#scale) ? fewerMasks(shorter) : shorter;
  }

  /** ADMM's stages, and its ρ by the ratio of their steps. */
  #admm(entry: Mapping, index: number): Mapping {
    const { admm } = entry;
    if (!isMapping(admm)) return entry;
    const { epochsPerStage } = admm;
    if (admm.rho === undefined) {
      const message = "expected rho to be written out, so that it can be scaled, got nothing";
      throw this.#misfit(["prune", index, "admm"], message, "write rho: 1e-4, the default");
    }
    const shorter = changed(entry, ["admm", "epochsPerStage"], (epochs) => this.#epochs(epochs));
    const after = valueAt(shorter, ["admm", "epochsPerStage"]);
    const [full, short] = [this.#stepsPerEpoch(false), this.#stepsPerEpoch(true)];
    if (typeof epochsPerStage !== "number" || typeof after !== "number" || full === undefined || short === undefined) {
      return shorter;
    }
    return changed(shorter, ["admm", "rho"], (value) =>
      typeof value === "number" ? Number(((value * epochsPerStage * full) / (after * short)).toPrecision(3)) : value,
    );
  }

  /** Weight decay by the ratio of what the full training and the scaled one sum up. */
  weightDecay(tree: Mapping): Mapping {
    const place = ["train", "optimizer", "sgd", "weightDecay"];
    const [full, short] = [decayRecipe(this.#full), decayRecipe(tree)];
    const [all, left] = [this.#images(false), this.#images(true)];
    if (full === undefined || short === undefined || all === undefined || left === undefined) return tree;
    if (isMapping(valueAt(tree, ["train", "optimizer", "sgd"])) && valueAt(tree, place) === undefined) {
      const message = "expected weightDecay to be written out, so that it can be scaled, got nothing";
      throw this.#misfit(place.slice(0, -1), message, "write weightDecay: 1e-4, the default");
    }
    return changed(tree, place, (decay) =>
      typeof decay === "number"
        ? scaledWeightDecay(decay, { recipe: full, images: all }, { recipe: short, images: left })
        : decay,
    );
  }

  #stepsPerEpoch(isScaled: boolean): number | undefined {
    const images = this.#images(isScaled);
    const batch = isScaled && hasFewImages(this.#scale) ? smallBatch : decayRecipe(this.#full)?.batchSize;
    return images === undefined || batch === undefined ? undefined : Math.ceil(images / batch);
  }

  /** Images of an epoch; undefined when the parser has something to say about the data. */
  #images(isScaled: boolean): number | undefined {
    if (isScaled && hasFewImages(this.#scale)) return fewImages.subset;
    const { data, sweep, cases } = this.#full;
    const varied = [sweep, ...(Array.isArray(cases) ? (cases as unknown[]) : [])].flatMap((one) => {
      const name = isMapping(one) ? one["data.name"] : undefined;
      return Array.isArray(name) ? (name as unknown[]) : [name];
    });
    const names = [valueAt(data, ["name"]), ...varied].filter((name) => typeof name === "string");
    const subset = valueAt(data, ["subset"]);
    const counts = new Set(names.flatMap((name) => (dataSets.find(name) !== undefined ? [allImages(name)] : [])));
    if (counts.size > 1) {
      const message = "expected data sets of one size, whose weight decay is one, got several";
      throw this.#misfit(["data"], message, "one spec for each");
    }
    return typeof subset === "number" ? subset : [...counts][0];
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
