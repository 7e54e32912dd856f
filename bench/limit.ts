// Prints the rate of a convolution that suits the CPU well (64 to 64 channels, 3×3, 64×64 pixels), in GFLOP/s: the arithmetic limit
// that step.ts compares with. usage: limit.js PRECISION THREADS
import { setThreads } from "../src/tensor/engine.ts";
import { conv2d } from "../src/tensor/ops.ts";
import { noGrad, scope } from "../src/tensor/scope.ts";
import { Tensor } from "../src/tensor/tensor.ts";

const [precision = "float32", threads = "1"] = process.argv.slice(2);
setThreads(Number(threads));
const dtype = precision === "bfloat16" ? "bfloat16" : "float32";
const flops = 2 * 16 * 64 * 64 * 64 * 64 * 9;
const times = scope(() => {
  const x = Tensor.full([16, 64, 64, 64], 0.5, { dtype });
  const w = Tensor.full([64, 64, 3, 3], 0.5, { dtype });
  return Array.from({ length: 20 }, () => {
    const start = performance.now();
    scope(() => noGrad(() => conv2d(x, w, undefined, { padding: 1 })));
    return performance.now() - start;
  });
});
console.log(flops / Math.min(...times) / 1e6);
