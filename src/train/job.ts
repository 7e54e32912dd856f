import type { StateDict } from "../core/array.ts";
import type { Dataset } from "../data/load.ts";
import type { Mask } from "../masks/mask.ts";
import type { Module } from "../nn/module.ts";
import type { Device } from "../tensor/tensor.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { EpochMetrics, TrainRecipe } from "./recipe.ts";

/** One training, and whom to tell about it. */
export interface TrainJob {
  /** Not loaded; it is loaded for the training and disposed at its end. */
  readonly model: Module;
  /** Where it starts; not used when it resumes. */
  readonly weights: StateDict;
  /** Held fixed: weights are multiplied by it at the start, and pruned ones stay exactly 0. */
  readonly mask?: Mask;
  readonly penalty?: Penalty;
  readonly data: Dataset;
  /** A shorter `epochs` gives the same first epochs. */
  readonly recipe: TrainRecipe;
  /** Epochs of the schedule that lie behind `weights`, 0 by default: epochs, data order, augmentation and learning rate count from there. */
  readonly from?: number;
  /** Of the data order and the augmentation. */
  readonly seed: number;
  /** Which of the seed's series of these, 0 by default. */
  readonly order?: number;
  readonly device: Device;
  /** Numbers of finished epochs at which `onWeights` gets the weights; 0 (`from`, where given) is the masked start. */
  readonly keepEpochs: readonly number[];
  /** Goes on from here instead of from `weights`. Weights of epochs it has finished, 0 included, are not handed out again. */
  readonly fromCheckpoint?: Checkpoint;
  /** After every epoch, `onWeights` before it and `saveCheckpoint` after it: the checkpoint vouches for what came before. */
  readonly onEpoch?: (metrics: EpochMetrics, timing: EpochTiming) => void;
  /** Parameters and buffers, float64 or float32 as the recipe's precision says (bfloat16 keeps them as float32). */
  readonly onWeights?: (epoch: number, weights: StateDict) => void;
  /** After every step. */
  readonly onProgress?: (progress: TrainProgress) => void;
  /** After every epoch, and when interrupted. */
  readonly saveCheckpoint?: (checkpoint: Checkpoint) => void;
  /** Once aborted, the training saves a checkpoint after the running step, or evaluation batch, and returns. */
  readonly signal?: AbortSignal;
}

/** A term that the training minimises beside the loss, such as ADMM's; it is no part of the losses reported. */
export interface Penalty {
  /** Adds the term's gradient to the parameters' gradients before every step; its tensors are freed. @param epoch finished epochs */
  addGradients(model: Module, epoch: number): void;
  /**
   * After an epoch was evaluated, before its weights are handed out and its checkpoint is saved.
   * @param epoch finished epochs, this one included
   * @returns false when the weights show that the training has diverged
   */
  endEpoch(epoch: number, weights: StateDict): boolean;
}

/** Where a training is. */
export interface TrainProgress {
  /** Epoch under way, from 1. */
  readonly epoch: number;
  /** Steps finished of `steps` in this epoch. */
  readonly step: number;
  readonly steps: number;
  /** Mean training loss of this epoch, as far as it has been read from the device. */
  readonly loss?: number;
  /** Of this epoch's steps so far, evaluation not counted. */
  readonly imagesPerSecond: number;
}

/** How long an epoch took in this process; not reproducible, so apart from the metrics. */
export interface EpochTiming {
  readonly epoch: number;
  readonly trainSeconds: number;
  readonly evaluationSeconds: number;
  /** Training images per second of `trainSeconds`. */
  readonly imagesPerSecond: number;
}

/** How a training ended; `metrics` are those of all epochs finished, before a resume too. */
export type TrainOutcome =
  | { readonly status: "done"; readonly metrics: readonly EpochMetrics[] }
  | { readonly status: "interrupted"; readonly metrics: readonly EpochMetrics[] }
  | {
      readonly status: "diverged";
      readonly metrics: readonly EpochMetrics[];
      /** The first step, from 1 in its epoch from 1, whose loss was not finite, or the epoch's last when an evaluation found it. */
      readonly divergedAt: { readonly epoch: number; readonly step: number };
    };
