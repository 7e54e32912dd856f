// Prints the rate of a convolution that suits the CPU well (64 to 64 channels, 3×3, 64×64 pixels), in GFLOP/s: the arithmetic limit
// that step.ts compares with. For PRECISION "memory": GB/s that a float32 addition of large tensors reads and writes.
// usage: limit.js PRECISION THREADS
import { setThreads } from "../src/tensor/engine.ts";
import { conv2d } from "../src/tensor/ops.ts";
import { noGrad, scope } from "../src/tensor/scope.ts";
import { Tensor } from "../src/tensor/tensor.ts";

const [precision = "float32", threads = "1"] = process.argv.slice(2);
setThreads(Number(threads));
if (precision === "memory") {
  console.log(memoryRate());
} else {
  console.log(convolutionRate(precision === "bfloat16" ? "bfloat16" : "float32"));
}

/** GFLOP/s. */
function convolutionRate(dtype: "float32" | "bfloat16"): number {
  const flops = 2 * 16 * 64 * 64 * 64 * 64 * 9;
  return scope(() => {
    const x = Tensor.full([16, 64, 64, 64], 0.5, { dtype });
    const w = Tensor.full([64, 64, 3, 3], 0.5, { dtype });
    return flops / fastest(() => conv2d(x, w, undefined, { padding: 1 })) / 1e6;
  });
}

/** GB/s. */
function memoryRate(): number {
  const elements = 1 << 26;
  return scope(() => {
    const x = Tensor.full([elements], 0.5);
    return (2 * 4 * elements) / fastest(() => x.add(x)) / 1e6;
  });
}

/** Milliseconds of the fastest of twenty. */
function fastest(work: () => unknown): number {
  const times = Array.from({ length: 20 }, () => {
    const start = performance.now();
    scope(() => {
      noGrad(work);
    });
    return performance.now() - start;
  });
  return Math.min(...times);
}
