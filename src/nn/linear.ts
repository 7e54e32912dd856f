import { linear } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Init, kaimingUniform } from "./init.ts";
import { type Cost, Module } from "./module.ts";
import { Parameter } from "./variable.ts";

export interface LinearOptions {
  /** Distribution of the weight; PyTorch's default when left out. The bias always has PyTorch's. */
  readonly init?: Init;
}

/** Fully connected layer x·weightᵀ + bias: [N, in] to [N, out]. PyTorch's Linear. */
export class Linear extends Module {
  /** [out, in] */
  readonly weight: Parameter;
  /** [out] */
  readonly bias: Parameter;

  /** @param inputs, outputs numbers of features, at least 1 */
  constructor(inputs: number, outputs: number, { init = kaimingUniform(inputs) }: LinearOptions = {}) {
    super();
    this.weight = new Parameter([outputs, inputs], init, "linear");
    this.bias = new Parameter([outputs], kaimingUniform(inputs));
  }

  override forward(x: Tensor): Tensor {
    return linear(x, this.weight.tensor, this.bias.tensor);
  }

  override cost(): Cost {
    const [outputs = 0, inputs = 0] = this.weight.shape;
    return { macs: outputs * inputs, shape: [outputs] };
  }
}
