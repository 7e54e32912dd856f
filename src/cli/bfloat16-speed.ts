import { conv2d } from "../tensor/ops.ts";
import { scope } from "../tensor/scope.ts";
import { Tensor } from "../tensor/tensor.ts";

const PAIRS = 20;

/**
 * How many times as fast as float32 a convolution (one of ResNet-20's middle layers, forward and both gradients) runs in bfloat16 on
 * this CPU: by the processor time of the fastest of alternating runs, so that other work does not count. Takes some 0.2 s. Having the instructions does not tell: AMX and
 * some AVX512-BF16 units are faster, others slower than float32.
 */
export function bfloat16Speed(): number {
  const once = (dtype: "float32" | "bfloat16") =>
    scope(() => {
      const x = Tensor.full([32, 32, 16, 16], 0.5, { dtype }).setRequiresGrad(true);
      const w = Tensor.full([32, 32, 3, 3], 0.5, { dtype }).setRequiresGrad(true);
      const start = process.cpuUsage();
      conv2d(x, w, undefined, { padding: 1 }).sum().backward();
      const { user, system } = process.cpuUsage(start);
      return user + system;
    });
  const times = Array.from({ length: PAIRS }, () => [once("float32"), once("bfloat16")] as const);
  return Math.min(...times.map(([float32]) => float32)) / Math.min(...times.map(([, bfloat16]) => bfloat16));
}
