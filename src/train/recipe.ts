import type { Augment } from "../data/types.ts";

/** Stochastic gradient descent as PyTorch's SGD (dampening 0). Weight decay applies to every parameter, as PyTorch's default does. */
export interface SgdRecipe {
  /** Initial learning rate, above 0. */
  readonly lr: number;
  /** In [0, 1). */
  readonly momentum: number;
  /** At least 0. */
  readonly weightDecay: number;
  readonly nesterov: boolean;
}

/** How the learning rate changes over the epochs; see `learningRate`. */
export interface ScheduleRecipe {
  /** Numbers of finished epochs after which the rate is multiplied by `factor`, increasing. */
  readonly milestones: readonly number[];
  readonly factor: number;
  /** Epochs of linear warm-up; 0 is none. */
  readonly warmupEpochs: number;
}

/** How to train: what a spec's `train` says, with every default written out. */
export interface TrainRecipe {
  readonly epochs: number;
  /** Images per step; the last step of an epoch takes what is left. */
  readonly batchSize: number;
  readonly optimizer: { readonly sgd: SgdRecipe };
  readonly schedule: ScheduleRecipe;
  readonly augment: Augment;
  /**
   * Type of activations and of products. bfloat16 is mixed precision: weights, momentum, statistics and the loss stay float32, and
   * weights are rounded for each product.
   */
  readonly precision: "float32" | "float64" | "bfloat16";
  /**
   * `winograd` computes 3x3 convolutions on a CPU by Winograd's minimal filtering, in a rounding of its own (docs/performance.md).
   * Absent, all dense convolutions are libtorch's.
   */
  readonly engine?: "winograd";
}

/** What is known after an epoch. Losses are mean cross-entropies in nats, accuracies fractions in [0, 1]. */
export interface EpochMetrics {
  /** Epochs finished, from 1. */
  readonly epoch: number;
  /** Learning rate of the epoch's last step. */
  readonly lr: number;
  /** Means over the epoch's training batches as they were trained on: augmented, and while the weights changed. */
  readonly trainLoss: number;
  readonly trainAccuracy: number;
  /** Of all test images, with the weights at the epoch's end and running statistics. */
  readonly testLoss: number;
  readonly testAccuracy: number;
  /** Likewise, when the data has a validation split. */
  readonly validationLoss?: number;
  readonly validationAccuracy?: number;
}
