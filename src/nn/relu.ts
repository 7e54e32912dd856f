import type { Tensor } from "../tensor/tensor.ts";
import { type Cost, Module } from "./module.ts";

/** max(x, 0) as a module, for lists in which PyTorch's names count activations: `features.0`, `features.3`. Any shape. */
export class Relu extends Module {
  override forward(x: Tensor): Tensor {
    return x.relu();
  }

  override cost(shape: readonly number[]): Cost {
    return { macs: 0, shape };
  }
}
