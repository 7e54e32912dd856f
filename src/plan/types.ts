import type { DataSpec } from "../data/types.ts";
import type { ModelSpec } from "../models/types.ts";
import type { AdmmSchedule } from "../pruners/admm.ts";
import type { AllocationChoice, GivenWeightsSpec, MaskTarget, PrunerChoice, Spec } from "../spec/types.ts";
import type { TrainRecipe } from "../train/recipe.ts";

/** One output of another stage: `weights@0`, `weights@150`, `mask` or `overlap`. */
export interface Ref {
  readonly key: string;
  readonly output: string;
}

/** Parameters that enter the key, by kind of stage. */
export interface InitParameters {
  readonly model: ModelSpec;
  readonly classes: number;
  readonly shape: readonly number[];
  readonly seed: number;
  /** 0 is θ0, 1 is the random re-initialisation θ0'. */
  readonly draw: number;
}
export interface TrainParameters {
  readonly model: ModelSpec;
  readonly data: DataSpec;
  readonly recipe: TrainRecipe;
  /** Seeds the data order and the augmentation. */
  readonly seed: number;
  /** Epochs of the schedule that lie behind the weights it starts from; absent when there are none. */
  readonly from?: number;
  /** Series of data orders and augmentations of the seed; absent for the first. */
  readonly order?: number;
}
export interface MaskParameters {
  readonly model: ModelSpec;
  readonly pruner: PrunerChoice & { readonly version: number };
  /** Absent for the uniform one. */
  readonly allocation?: AllocationChoice & { readonly version: number };
  readonly target: MaskTarget;
  /** Of the replicate, for pruners that need one; absent for others. */
  readonly seed?: number;
  /** Names of the prunable, unprotected layers, in model order. */
  readonly layers: readonly string[];
}
/** ADMM pruning: a training from θT with a penalty, and a mask as its result (src/pruners/admm.ts). */
export interface AdmmParameters extends TrainParameters {
  /** Share removed per layer, in (0, 1). */
  readonly sparsity: number;
  readonly schedule: AdmmSchedule;
  /** Names of the prunable, unprotected layers, in model order. */
  readonly layers: readonly string[];
}
export interface CompareParameters {
  readonly mode: "dense-dense" | "sparse-sparse" | "sparse-dense";
  readonly layers: readonly string[];
  readonly p: readonly number[];
  /** Leave out layers that the mask empties, and each p whose top sets do not fit into it: no plan could know; absent when it does. */
  readonly partial?: true;
}

/** Weights of a file, held against the model and measured. */
export interface LoadParameters {
  readonly model: ModelSpec;
  readonly data: DataSpec;
  readonly precision: TrainRecipe["precision"];
  readonly engine?: TrainRecipe["engine"];
  /** Only the content is part of the identity. */
  readonly weights: GivenWeightsSpec;
}

/** Test error on the straight line between two networks. */
export interface ConnectParameters {
  readonly model: ModelSpec;
  readonly data: DataSpec;
  readonly precision: TrainRecipe["precision"];
  readonly engine?: TrainRecipe["engine"];
  /** Equally spaced points, both networks included. */
  readonly points: number;
}

interface StageOf<K extends string, P, I> {
  /** SHA-256 of the canonical JSON of { kind, version, parameters, inputs }. */
  readonly key: string;
  readonly kind: K;
  /** Version of what the stage computes; raised when the same parameters give another result. */
  readonly version: number;
  readonly parameters: P;
  readonly inputs: I;
  /** Outputs that the plan needs of it, sorted; no part of the key. */
  readonly outputs: readonly string[];
}

export type InitStage = StageOf<"init", InitParameters, Readonly<Record<string, never>>>;
export type LoadStage = StageOf<"load", LoadParameters, Readonly<Record<string, never>>>;
export type TrainStage = StageOf<"train", TrainParameters, { readonly weights: Ref; readonly mask?: Ref }>;
export type MaskStage = StageOf<"mask", MaskParameters, { readonly weights: Ref; readonly previous?: Ref }>;
export type AdmmStage = StageOf<"admm", AdmmParameters, { readonly weights: Ref }>;
export type CompareStage = StageOf<
  "compare",
  CompareParameters,
  { readonly a: Ref; readonly b: Ref; readonly mask?: Ref }
>;
export type ConnectStage = StageOf<"connect", ConnectParameters, { readonly a: Ref; readonly b: Ref }>;
export type Stage = InitStage | LoadStage | TrainStage | MaskStage | AdmmStage | CompareStage | ConnectStage;

/** A mask at one sparsity of one pruning setting: what the four starts are compared on. */
export interface Cell {
  /** `iterative`, `one-shot`, made unique (`one-shot (snip)`) when a spec has several of a kind. */
  readonly pruning: string;
  /** Position in the spec's `prune` list and of the mask within it, from 0. */
  readonly pruneIndex: number;
  readonly step: number;
  /** Target share removed per prunable layer, in [0, 1); the achieved counts are in the mask. */
  readonly sparsity: number;
  readonly mask: Ref;
}

export type Start = "dense" | "ticket" | "reinit" | "scratch-b" | "rewind" | "lr-rewind" | "fine-tune";

/** One training as the report sees it; several arms may share one train stage. */
export interface Arm {
  readonly variant: string;
  readonly seed: number;
  readonly start: Start;
  /** Epoch of the rewinding point, for `rewind` only. */
  readonly rewindEpoch?: number;
  /** Epochs trained under the mask, where they are not the recipe's: for `lr-rewind` and `scratch-b` only. */
  readonly retrainEpochs?: number;
  /** Absent for `dense`. */
  readonly cell?: Cell;
  readonly train: string;
}

/** The weight sets that one R_p compares (paper, "Where it is used"). */
export type Measure =
  | "pre-training" // R_p(θ0, θT), dense-dense
  | "ticket" // R_p(θ0⊙m, (θT⊙m)_T), sparse-sparse
  | "reinit" // R_p(θ0'⊙m, (θT⊙m)_T), sparse-sparse
  | "fine-tune to initial" // R_p((θT⊙m)_T, θ0), sparse-dense
  | "fine-tune to pre-trained"; // R_p((θT⊙m)_T, θT), sparse-dense

export interface Comparison {
  readonly variant: string;
  readonly seed: number;
  readonly measure: Measure;
  readonly cell?: Cell;
  /** Key of the compare stage. */
  readonly compare: string;
}

/** Two copies of one network, trained from the same weights with different data orders and augmentations. */
export interface Connection {
  readonly variant: string;
  readonly seed: number;
  /** k: they start from θ_k. */
  readonly epoch: number;
  /** They start from θ_k ⊙ m; absent for the dense network. */
  readonly cell?: Cell;
  /** Keys of their trainings. */
  readonly copies: readonly [string, string];
  /** Key of the connect stage. */
  readonly connect: string;
}

export interface Plan {
  readonly spec: Spec;
  /** All stages, each after its inputs. */
  readonly stages: ReadonlyMap<string, Stage>;
  readonly arms: readonly Arm[];
  readonly comparisons: readonly Comparison[];
  readonly connections: readonly Connection[];
  /** Trainings after sharing, whether done or not. */
  readonly trainings: number;
  /** Trainings if every (pruning setting, sparsity) derived its mask and its starts on its own. */
  readonly trainingsUnshared: number;
  /** ADMM prunings, which are work like trainings but counted apart: they are part of making a mask. */
  readonly admmRuns: number;
}
