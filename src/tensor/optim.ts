import { InternalError } from "../core/errors.ts";
import { native } from "./load.ts";
import type { Tensor } from "./tensor.ts";

/** One step of stochastic gradient descent. The lists have one entry per parameter, in the same order. */
export interface SgdStep {
  /** Leaves; their gradients are read from `.grad`. A parameter without a gradient is only masked. */
  readonly params: readonly Tensor[];
  /** Momentum buffers, shape and type of their parameter. May be empty when `momentum` is 0. */
  readonly momenta: readonly Tensor[];
  /** uint8 or bool tensors of the parameter's shape, 0 = pruned; undefined = dense. */
  readonly masks: readonly (Tensor | undefined)[];
  readonly lr: number;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly nesterov: boolean;
  /** True: the momentum buffers are set to the gradient whatever they held, as PyTorch does at its first step. */
  readonly firstStep: boolean;
}

/**
 * Updates all parameters and momentum buffers in place, in one call of the engine, exactly as PyTorch's SGD (dampening 0):
 * g = grad + weightDecay·w; m = g at the first step, else momentum·m + g; w -= lr·(nesterov ? g + momentum·m : m).
 * Afterwards pruned weights and their momentum are exactly 0, whatever their gradient was, NaN included. Gradients are kept.
 */
export function sgdStep(step: SgdStep): void {
  const { params, momenta, masks, lr, momentum, weightDecay, nesterov, firstStep } = step;
  const wanted = momentum === 0 && momenta.length === 0 ? 0 : params.length;
  if (momenta.length !== wanted || masks.length !== params.length) {
    throw new InternalError(
      `sgdStep(): ${params.length} parameters, ${momenta.length} momentum buffers and ${masks.length} masks`,
    );
  }
  const onCpu = params.every((param) => param.device === "cpu");
  (onCpu ? native().sgdStep : native().sgdStepPortable)(
    params.map((param) => param.handle),
    momenta.map((buffer) => buffer.handle),
    masks.map((mask) => mask?.handle),
    lr,
    momentum,
    weightDecay,
    nesterov,
    firstStep,
  );
}
