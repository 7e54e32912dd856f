import { InternalError } from "../core/errors.ts";
import { native } from "./load.ts";
import type { Tensor } from "./tensor.ts";

/** What a step of stochastic gradient descent works on. The lists have one entry per parameter, in the same order. */
interface SgdTensors {
  /** Leaves; their gradients are read from `.grad`. A parameter without a gradient is only masked. */
  readonly params: readonly Tensor[];
  /** Momentum buffers, shape and type of their parameter. May be empty when `momentum` is 0. */
  readonly momenta: readonly Tensor[];
  /** uint8 or bool tensors of the parameter's shape, 0 = pruned; undefined = dense. */
  readonly masks: readonly (Tensor | undefined)[];
  readonly momentum: number;
  readonly weightDecay: number;
  readonly nesterov: boolean;
}

/** One step of stochastic gradient descent. */
export interface SgdStep extends SgdTensors {
  readonly lr: number;
  /** True: the momentum buffers are set to the gradient whatever they held, as PyTorch does at its first step. */
  readonly firstStep: boolean;
}

/** One step that takes its learning rate from the device: the same call is right at every step, so it can be recorded. */
export interface RecordableSgdStep extends SgdTensors {
  /** A scalar on the parameters' device. */
  readonly lr: Tensor;
}

/**
 * Updates all parameters and momentum buffers in place, in one call of the engine, exactly as PyTorch's SGD (dampening 0):
 * g = grad + weightDecay·w; m = g at the first step, else momentum·m + g; w -= lr·(nesterov ? g + momentum·m : m).
 * Afterwards pruned weights and their momentum are exactly 0, whatever their gradient was, NaN included. Gradients are kept.
 */
export function sgdStep(step: SgdStep): void {
  const { lr, momentum, weightDecay, nesterov, firstStep } = step;
  native().sgdStep(...handles(step), lr, momentum, weightDecay, nesterov, firstStep);
}

/**
 * The same by libtorch's operations, which differ in rounding only. There is no first step: momentum buffers of zeros give the same.
 */
export function recordableSgdStep(step: RecordableSgdStep): void {
  const { lr, momentum, weightDecay, nesterov } = step;
  native().sgdStepOnDevice(...handles(step), lr.handle, momentum, weightDecay, nesterov);
}

function handles({ params, momenta, masks, momentum }: SgdTensors): [number[], number[], (number | undefined)[]] {
  const wanted = momentum === 0 && momenta.length === 0 ? 0 : params.length;
  if (momenta.length !== wanted || masks.length !== params.length) {
    throw new InternalError(
      `sgdStep(): ${params.length} parameters, ${momenta.length} momentum buffers and ${masks.length} masks`,
    );
  }
  return [
    params.map((param) => param.handle),
    momenta.map((buffer) => buffer.handle),
    masks.map((mask) => mask?.handle),
  ];
}
