// One process of ours for profile.ts: trains as ours.ts does, and prints where the time of a step goes as one line of JSON.
// usage: profiled.js MODEL PRECISION THREADS STEPS
import { native } from "../src/tensor/load.ts";
import { madeUpTraining } from "./made-up-training.ts";
import { type Profiled, warmSteps } from "./measured.ts";

const training = madeUpTraining(process.argv.slice(2));
const engine = native();
let parts: Record<string, number> = {};
let flops = 0;
let normBytes = 0;

type Operation = (...args: readonly unknown[]) => unknown;
const operations = engine as unknown as Record<string, Operation>;

/** Replaces an operation of the engine by itself with a clock. */
function clock(name: keyof typeof engine, partOf: (args: readonly unknown[]) => string): void {
  const operation = operations[name];
  if (operation === undefined) throw new Error(`the engine has no ${name}()`);
  operations[name] = (...args) => {
    const start = performance.now();
    const result = operation(...args);
    const part = partOf(args);
    parts[part] = (parts[part] ?? 0) + performance.now() - start;
    if (part === "convolution, forward") countFlops(args[1] as number, result as number);
    if (name === "batchNorm") countBytes(result as number);
    return result;
  };
}

/** Adds the operations of a convolution's or linear layer's forward pass: two per weight and output pixel and image. */
function countFlops(weight: number, output: number): void {
  const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
  const [, ...kernel] = engine.describe(weight).shape;
  flops += 2 * size(kernel) * size(engine.describe(output).shape);
}

function countBytes(output: number): void {
  const { shape, dtype } = engine.describe(output);
  normBytes += shape.reduce((a, b) => a * b, 1) * (dtype === "bfloat16" ? 2 : 4);
}

clock("conv2d", (args) => (args[6] === 1 ? "convolution, forward" : "depthwise convolution, forward"));
clock("linear", () => "convolution, forward");
clock("batchNorm", () => "batch-norm with ReLU and residual, forward");
clock("backward", () => "backward");
for (const name of ["sgdStep", "zeroGrad"] as const) clock(name, () => "SGD");
for (const name of ["gatherAugmented", "gatherLabels"] as const) clock(name, () => "batch and augmentation");
for (const name of ["relu", "maxPool2d", "globalAvgPool", "flatten", "padChannels", "subsample"] as const)
  clock(name, () => "pooling, ReLU and shapes, forward");
for (const name of ["crossEntropy", "correctCount"] as const) clock(name, () => "loss");

let startedAt = 0;
let ms = 0;
await training.run((step) => {
  if (step === warmSteps) {
    engine.profileBackward();
    parts = {};
    flops = 0;
    normBytes = 0;
    startedAt = performance.now();
  }
  if (step === warmSteps + training.steps) {
    ms = performance.now() - startedAt;
    finish();
  }
});

function finish(): void {
  const perStep = (total: number) => total / training.steps;
  const result: Profiled = {
    ms: perStep(ms),
    forwardFlops: perStep(flops),
    normBytes: perStep(normBytes),
    parts: Object.fromEntries(Object.entries(parts).map(([part, total]) => [part, perStep(total)])),
    backward: Object.fromEntries(
      Object.entries(engine.profileBackward()).map(([node, [, total]]) => [node, perStep(total)]),
    ),
  };
  console.log(JSON.stringify(result));
}
