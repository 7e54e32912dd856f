import { conv2d } from "../tensor/ops.ts";
import { scope } from "../tensor/scope.ts";
import { Tensor } from "../tensor/tensor.ts";

/** Enough for the fastest of each to be undisturbed, also where cores are busy. */
const PAIRS = 20;

/**
 * How many times as fast as float32 a convolution (one of ResNet-20's middle layers, forward and both gradients) runs in bfloat16 on
 * this CPU: the fastest of alternating runs, on the threads that are set. Takes some 0.2 s. Having the instructions does not tell: AMX and
 * some AVX512-BF16 units are faster, others slower than float32.
 */
export function bfloat16Speed(): number {
  const once = (dtype: "float32" | "bfloat16") =>
    scope(() => {
      const x = Tensor.full([32, 32, 16, 16], 0.5, { dtype }).setRequiresGrad(true);
      const w = Tensor.full([32, 32, 3, 3], 0.5, { dtype }).setRequiresGrad(true);
      const start = performance.now();
      conv2d(x, w, undefined, { padding: 1 }).sum().backward();
      return performance.now() - start;
    });
  const times = Array.from({ length: PAIRS }, () => [once("float32"), once("bfloat16")] as const);
  return Math.min(...times.map(([float32]) => float32)) / Math.min(...times.map(([, bfloat16]) => bfloat16));
}
