import type { DType } from "../core/array.ts";
import { native } from "./load.ts";
import type { ScriptOperation, ScriptUse } from "./native.ts";
import { Tensor } from "./tensor.ts";

export type { ScriptOperation, ScriptUse } from "./native.ts";

/** A parameter or buffer of a script; its value is the caller's to dispose of. */
export interface ScriptVariable {
  /** PyTorch's name, e.g. `layer1.0.conv1.weight`; of several names of one tensor the first. */
  readonly name: string;
  readonly isParameter: boolean;
  /** Whether training changes it: a parameter that requires a gradient. */
  readonly isTrained: boolean;
  readonly value: Tensor;
}

// The safety net for scripts that nobody disposed of.
const forgotten = new FinalizationRegistry<number>((handle) => native().scriptDispose(handle));

/**
 * A network saved by torch.jit.save. It computes with the tensors that `bind` gave it last, operation by operation as it is written:
 * nothing is compiled or fused on the way, so that a result does not depend on how often it was run.
 */
export class Script {
  readonly #handle: number;

  /** @param bytes of the file @throws RunError when libtorch cannot read it */
  constructor(bytes: Uint8Array) {
    this.#handle = native().scriptLoad(bytes);
    forgotten.register(this, this.#handle, this);
  }

  /** Parameters and buffers in the order of PyTorch's state dict, with what they hold now. */
  variables(): readonly ScriptVariable[] {
    return native()
      .scriptVariables(this.#handle)
      .map(({ value, ...variable }) => ({ ...variable, value: new Tensor(value) }));
  }

  /** Every operation of `forward`, with those of all that it calls. */
  operations(): readonly ScriptOperation[] {
    return native().scriptOperations(this.#handle);
  }

  /** A forward pass, with what it does with the variables. */
  watch(x: Tensor): { readonly output: Tensor; readonly uses: readonly ScriptUse[] } {
    const { output, uses } = native().scriptUses(this.#handle, x.handle);
    return { output: new Tensor(output), uses };
  }

  /** Makes it compute with these tensors, one per variable in their order; they stay the caller's. */
  bind(tensors: readonly Tensor[]): void {
    native().scriptBind(
      this.#handle,
      tensors.map(({ handle }) => handle),
    );
  }

  /** Frees the network; tensors given to `bind` stay the caller's. It cannot be used any more. */
  dispose(): void {
    forgotten.unregister(this);
    native().scriptDispose(this.#handle);
  }

  /** Switches to training (true) or evaluation (false). */
  train(mode: boolean): void {
    native().scriptTrain(this.#handle, mode);
  }

  /**
   * Its output for a batch. With float32 variables and bfloat16 images it computes in libtorch's automatic mixed precision.
   * @throws RunError with the cause, when an operation fails or the output is no tensor
   */
  forward(x: Tensor): Tensor {
    return new Tensor(native().scriptForward(this.#handle, x.handle));
  }
}

/** Whether a type has a gradient and follows the precision of a recipe. */
export function isFloating(dtype: DType): boolean {
  return dtype === "float32" || dtype === "float64" || dtype === "float16" || dtype === "bfloat16";
}
