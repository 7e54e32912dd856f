import type { Json } from "../core/canonical-json.ts";
import type { DataSpec } from "../data/types.ts";
import type { MaskTarget } from "../masks/counts.ts";
import type { WeightsFile } from "../models/given-weights.ts";
import type { ModelSpec } from "../models/types.ts";
import type { TrainRecipe } from "../train/recipe.ts";

export type { MaskTarget } from "../masks/counts.ts";

/** How a mask is derived from trained weights (paper, "Pruning algorithms"). */
export type PruneSpec =
  | {
      readonly kind: "iterative";
      readonly pruner: PrunerChoice;
      /** How many weights stay in each layer; absent for the uniform one. */
      readonly allocation?: AllocationChoice;
      /** One round per entry: a target sparsity of the whole layer, or a share removed of what remains. */
      readonly rounds: readonly MaskTarget[];
    }
  | {
      readonly kind: "one-shot";
      readonly pruner: PrunerChoice;
      readonly allocation?: AllocationChoice;
      readonly sparsities: readonly number[];
    }
  | AdmmSpec;

/** ADMM pruning (src/pruners/admm.ts): one optimisation from θT per sparsity. */
export interface AdmmSpec {
  readonly kind: "admm";
  readonly sparsities: readonly number[];
  /** Penalty of the first stage; every further one has `growth` times as much. */
  readonly rho: number;
  readonly growth: number;
  readonly stages: number;
  readonly epochsPerStage: number;
  /**
   * The optimisation has a constant learning rate: this times the recipe's initial one. All else is the recipe's. The default, 0.1, is
   * what a milestone usually leaves; the rate that a training ends with is mostly too low for W to come near Z.
   */
  readonly lrFactor: number;
}

export interface PrunerChoice {
  readonly name: string;
  readonly options: Readonly<Record<string, Json>>;
}

export type AllocationChoice = PrunerChoice;

/** A way to use one mask (paper, "Four ways to use one mask"). */
export type RetrainSpec =
  | { readonly kind: "ticket" }
  | { readonly kind: "reinit" }
  /** Liu et al. 2019: random re-initialisation with a budget stretched by the work that the mask saves. */
  | { readonly kind: "scratch-b" }
  | { readonly kind: "rewind"; readonly epoch: number }
  /** Renda et al. 2020: θT ⊙ m, trained for the last `epochs` epochs of the schedule. */
  | { readonly kind: "lr-rewind"; readonly epochs: number }
  | { readonly kind: "fine-tune" };

/** Linear mode connectivity (Frankle et al. 2020): two copies trained from θ_k with different data orders and augmentations. */
export interface ConnectivitySpec {
  /** Every k, increasing. */
  readonly epochs: readonly number[];
  /** Equally spaced points on the line between the copies, both ends included. */
  readonly points: number;
  /** Also of θ_k ⊙ m, for every mask. */
  readonly masks: boolean;
}

export interface VerdictSpec {
  /** Accuracy points within which a ticket counts as close to dense. */
  readonly equivalenceMargin: number;
  /** Accuracy points by which a ticket must beat random reinitialisation. */
  readonly minDifference: number;
  /** Family-wise error rate over the sparsities. */
  readonly alpha: number;
}

/** Weights of a file, by what is in it. */
export interface GivenWeightsSpec extends WeightsFile {
  /** SHA-256 of names, types, shapes and values: what results depend on. */
  readonly content: string;
}

/** The user's own weights, at least one of the two. */
export interface WeightsSpec {
  /** θ0, for every seed. */
  readonly initial?: GivenWeightsSpec;
  /** θT, for every seed: there is no dense training then. */
  readonly trained?: GivenWeightsSpec;
}

/** One fully specified experiment setting: a point of the sweep, every default written out. */
export interface Setting {
  readonly data: DataSpec;
  readonly model: ModelSpec;
  readonly weights?: WeightsSpec;
  readonly train: TrainRecipe;
  readonly prune: readonly PruneSpec[];
  /** Layer names never pruned; `first-conv` and `last-linear` are allowed as words. */
  readonly protect: readonly string[];
  readonly retrain: readonly RetrainSpec[];
  readonly correlation: { readonly p: readonly number[] };
  readonly connectivity?: ConnectivitySpec;
}

/** A point of the sweep with the values that distinguish it, e.g. `{ "train.optimizer.sgd.lr": 0.1 }`. */
export interface Variant {
  /** Stable short id, `v0`, `v1`, …, in sweep order. */
  readonly id: string;
  /** For people, e.g. `lr 0.1`; the experiment's name when nothing is swept. */
  readonly label: string;
  readonly values: Readonly<Record<string, Json>>;
  readonly setting: Setting;
}

/** A checked spec: what to run, in which variants, with which seeds, and how to judge it. */
export interface Spec {
  readonly name: string;
  /** The question that the experiment answers, for the report; may be empty. */
  readonly question: string;
  readonly variants: readonly Variant[];
  readonly seeds: readonly number[];
  readonly verdict: VerdictSpec;
  /** Where it runs; recorded, but no part of any stage's identity. */
  readonly device: string;
  /** The spec as a plain object with every default written out (YAML-able), for the report and provenance. */
  readonly resolved: Json;
}
