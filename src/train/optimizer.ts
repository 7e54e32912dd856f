import type { StateDict } from "../core/array.ts";
import { InternalError } from "../core/errors.ts";
import type { Mask } from "../masks/mask.ts";
import type { Module } from "../nn/module.ts";
import type { Placement } from "../nn/variable.ts";
import { recordableSgdStep, sgdStep } from "../tensor/optim.ts";
import { keep } from "../tensor/scope.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { SgdRecipe } from "./recipe.ts";

/**
 * SGD over all parameters of a loaded model, batch-norm's and biases included, as PyTorch's default groups do. Masked weights and
 * their momentum stay exactly 0. Its tensors belong to no scope; `dispose()` frees them.
 */
export class Optimizer {
  readonly #recipe: SgdRecipe;
  readonly #names: readonly string[];
  readonly #params: readonly Tensor[];
  /** Empty when the momentum is 0. */
  readonly #momenta: readonly Tensor[];
  readonly #masks: readonly (Tensor | undefined)[];

  /** @param momenta of a checkpoint; zeros when left out */
  constructor(model: Module, recipe: SgdRecipe, placement: Placement, mask?: Mask, momenta?: StateDict) {
    const { device } = placement;
    const parameters = [...model.namedParameters()];
    this.#recipe = recipe;
    this.#names = parameters.map(([name]) => name);
    this.#params = parameters.map(([, { tensor }]) => tensor);
    this.#masks = parameters.map(([name, { shape }]) =>
      mask?.has(name) === true
        ? keep(Tensor.fromHost({ dtype: "uint8", shape, data: mask.keep(name) }, { device }))
        : undefined,
    );
    this.#momenta =
      recipe.momentum === 0
        ? []
        : parameters.map(([name, { shape }]) => {
            if (momenta === undefined) return keep(Tensor.zeros(shape, placement));
            const saved = momenta.get(name);
            if (saved === undefined) throw new InternalError(`the checkpoint has no momentum for ${name}`);
            return keep(Tensor.fromHost(saved, placement));
          });
  }

  /** Updates the parameters by their gradients and drops these. @param firstStep of the whole training */
  step(lr: number, firstStep: boolean): void {
    sgdStep({ ...this.#tensors(), lr, firstStep });
    this.dropGradients();
  }

  /** The same with a learning rate that is on the device, so that the step can be recorded. @param lr a scalar */
  recordableStep(lr: Tensor): void {
    recordableSgdStep({ ...this.#tensors(), lr });
    this.dropGradients();
  }

  dropGradients(): void {
    for (const param of this.#params) param.zeroGrad();
  }

  #tensors() {
    const { momentum, weightDecay, nesterov } = this.#recipe;
    return { params: this.#params, momenta: this.#momenta, masks: this.#masks, momentum, weightDecay, nesterov };
  }

  /** Copies of the momentum buffers by parameter name. */
  momenta(): StateDict {
    return new Map(
      this.#names.flatMap((name, i) => {
        const buffer = this.#momenta[i];
        return buffer === undefined ? [] : [[name, buffer.toHost()] as const];
      }),
    );
  }

  dispose(): void {
    for (const tensor of [...this.#momenta, ...this.#masks]) tensor?.dispose();
  }
}
