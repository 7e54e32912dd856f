import { native } from "./load.ts";
import { Tensor } from "./tensor.ts";

/** One number for both axes, or [height, width]. */
export type Pair = number | readonly [number, number];

/** Geometry of a convolution, as in PyTorch. */
export interface Conv2dOptions {
  readonly stride?: Pair;
  readonly padding?: Pair;
  readonly dilation?: Pair;
  readonly groups?: number;
}

/** Parameters and statistics of a batch-norm layer. All tensors are [C]. */
export interface BatchNormOptions {
  readonly weight?: Tensor | undefined;
  readonly bias?: Tensor | undefined;
  /** Updated in place when training: (1 - momentum)·old + momentum·batch, with the unbiased variance. */
  readonly runningMean: Tensor;
  readonly runningVar: Tensor;
  /** True: normalise with the batch's statistics; false: with the running ones. */
  readonly training: boolean;
  readonly momentum: number;
  readonly eps: number;
}

function pair(value: Pair): readonly [number, number] {
  return typeof value === "number" ? [value, value] : value;
}

/** x·weightᵀ + bias. @param x [N, in] @param weight [out, in] @param bias [out] @returns [N, out] */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  return new Tensor(native().linear(x.handle, weight.handle, bias?.handle));
}

/**
 * Cross-correlation, as in PyTorch.
 * @param x [N, C, H, W]
 * @param weight [out, C/groups, kh, kw]
 * @param bias [out]
 */
export function conv2d(x: Tensor, weight: Tensor, bias?: Tensor, options: Conv2dOptions = {}): Tensor {
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
  return new Tensor(
    native().conv2d(x.handle, weight.handle, bias?.handle, pair(stride), pair(padding), pair(dilation), groups),
  );
}

/** Largest value of each window; the padding counts as -infinity. Windows do not overlap unless `stride` says so. */
export function maxPool2d(x: Tensor, kernel: Pair, stride: Pair = kernel, padding: Pair = 0): Tensor {
  return new Tensor(native().maxPool2d(x.handle, pair(kernel), pair(stride), pair(padding)));
}

/** Mean of each window; the padding counts as zeros. */
export function avgPool2d(x: Tensor, kernel: Pair, stride: Pair = kernel, padding: Pair = 0): Tensor {
  return new Tensor(native().avgPool2d(x.handle, pair(kernel), pair(stride), pair(padding)));
}

/** Mean over height and width: [N, C, H, W] to [N, C]. */
export function globalAvgPool(x: Tensor): Tensor {
  return new Tensor(native().globalAvgPool(x.handle));
}

/** Batch normalisation over all but the channel dimension. @param x [N, C] or [N, C, H, W] */
export function batchNorm(x: Tensor, options: BatchNormOptions): Tensor {
  return normalised(x, options, undefined, false);
}

/**
 * relu(batchNorm(x) + residual) as one operation, which neither stores nor reads anything in between.
 * @param x [N, C] or [N, C, H, W]; bfloat16 goes with float32 parameters and statistics
 * @param residual of x's shape and type; none when left out
 */
export function batchNormRelu(x: Tensor, options: BatchNormOptions, residual?: Tensor): Tensor {
  return normalised(x, options, residual, true);
}

/** batchNorm(x) + residual, likewise. @param residual of x's shape and type */
export function batchNormAdd(x: Tensor, options: BatchNormOptions, residual: Tensor): Tensor {
  return normalised(x, options, residual, false);
}

function normalised(x: Tensor, options: BatchNormOptions, residual: Tensor | undefined, relu: boolean): Tensor {
  const { weight, bias, runningMean, runningVar, training, momentum, eps } = options;
  return new Tensor(
    native().batchNorm(
      x.handle,
      weight?.handle,
      bias?.handle,
      runningMean.handle,
      runningVar.handle,
      residual?.handle,
      training,
      momentum,
      eps,
      relu,
    ),
  );
}

/** Adds `before` and `after` channels of zeros. @param x [N, C, H, W] */
export function padChannels(x: Tensor, before: number, after: number): Tensor {
  return new Tensor(native().padChannels(x.handle, before, after));
}

/** Every `stride`-th row and column, from the first: x[:, :, ::stride, ::stride]. @param x [N, C, H, W] */
export function subsample(x: Tensor, stride: number): Tensor {
  return new Tensor(native().subsample(x.handle, stride));
}

/** log(softmax(x)) along `dim`. */
export function logSoftmax(x: Tensor, dim: number): Tensor {
  return new Tensor(native().logSoftmax(x.handle, dim));
}

/** Cross-entropy of softmax(logits), in nats. @param logits [N, C] @param labels int64 [N], each in [0, C) @returns a scalar */
export function crossEntropy(logits: Tensor, labels: Tensor, reduction: "mean" | "sum" = "mean"): Tensor {
  return new Tensor(native().crossEntropy(logits.handle, labels.handle, reduction));
}

/** How many rows have their largest logit at the label. @returns an int64 scalar */
export function correctCount(logits: Tensor, labels: Tensor): Tensor {
  return new Tensor(native().correctCount(logits.handle, labels.handle));
}

/**
 * Writes scalars into one column of a table, at a position that only the device need know.
 * @param table     float64 [R, S], overwritten
 * @param position  int64 [1], in [0, S)
 * @param values    R scalars
 */
export function recordColumn(table: Tensor, position: Tensor, values: readonly Tensor[]): void {
  native().recordColumn(
    table.handle,
    position.handle,
    values.map((value) => value.handle),
  );
}
