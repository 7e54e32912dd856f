import { RunError } from "../core/errors.ts";
import { type BatchNormOptions, batchNorm, batchNormAdd, batchNormRelu } from "../tensor/ops.ts";
import { noGrad } from "../tensor/scope.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { constant } from "./init.ts";
import { type Cost, Module } from "./module.ts";
import { Buffer, Parameter } from "./variable.ts";

/** Share of the batch's statistics in the new running ones, and what is added to the variance: PyTorch's defaults. */
const momentum = 0.1;
const eps = 1e-5;

/**
 * Batch normalisation with a learned scale and shift, [N, C] or [N, C, H, W] to the same shape. PyTorch's BatchNorm1d and
 * BatchNorm2d: in training it normalises with the batch's mean and (biased) variance and updates the running ones, in evaluation it
 * uses the running ones, so that an image's output does not depend on its batch mates.
 */
export class BatchNorm extends Module {
  /** [C], 1 at the start */
  readonly weight: Parameter;
  /** [C], 0 at the start */
  readonly bias: Parameter;
  readonly running_mean: Buffer;
  readonly running_var: Buffer;
  /** Training batches seen. */
  readonly num_batches_tracked: Buffer;

  /** @param channels C */
  constructor(channels: number) {
    super();
    this.weight = new Parameter([channels], constant(1));
    this.bias = new Parameter([channels], constant(0));
    this.running_mean = new Buffer([channels], 0);
    this.running_var = new Buffer([channels], 1);
    this.num_batches_tracked = new Buffer([], 0, "int64");
  }

  /** @throws RunError in training when a channel has a single value, whose variance is undefined */
  override forward(x: Tensor): Tensor {
    return batchNorm(x, this.#options(x));
  }

  /**
   * relu(forward(x) + residual), which is faster as one operation than as three.
   * @param residual of x's shape; none when left out
   */
  forwardRelu(x: Tensor, residual?: Tensor): Tensor {
    return batchNormRelu(x, this.#options(x), residual);
  }

  /** forward(x) + residual, likewise. @param residual of x's shape */
  forwardAdd(x: Tensor, residual: Tensor): Tensor {
    return batchNormAdd(x, this.#options(x), residual);
  }

  override cost(shape: readonly number[]): Cost {
    return { macs: 0, shape };
  }

  #options(x: Tensor): BatchNormOptions {
    if (this.training) this.#count(x);
    return {
      weight: this.weight.tensor,
      bias: this.bias.tensor,
      runningMean: this.running_mean.tensor,
      runningVar: this.running_var.tensor,
      training: this.training,
      momentum,
      eps,
    };
  }

  #count(x: Tensor): void {
    const [images = 0, , height = 1, width = 1] = x.shape;
    if (images * height * width < 2) {
      throw new RunError(
        `batch-norm needs more than one value per channel in training, got a batch of shape [${x.shape.join(", ")}]`,
        "choose a batch size that does not leave a single image for the last batch of an epoch",
      );
    }
    const { tensor } = this.num_batches_tracked;
    noGrad(() => tensor.copyFrom(tensor.add(1)));
  }
}
