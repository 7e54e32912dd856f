import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Profiled } from "./measured.ts";

/** Part of a step that a node of the backward pass belongs to. */
function partOf(node: string): string {
  if (node.includes("DepthwiseFunction")) return "depthwise convolution, backward";
  if (node.includes("BatchNormFunction")) return "batch-norm with ReLU and residual, backward";
  if (node.includes("Convolution") || node.startsWith("Addmm") || node.startsWith("Mm")) return convolutionBackward;
  if (node.startsWith("ToCopy")) return "weights to bfloat16 and back";
  return "pooling, ReLU, loss and sums, backward";
}
/** Arithmetic in GFLOP/s and memory in GB/s, as limit.ts measures them. */
export interface Limits {
  readonly arithmetic: number;
  readonly memory: number;
}

/** Times that a batch-norm has to read or write all its elements: x for the statistics, x, y; and x, dy for the sums, x, dy, dx. */
const passes = { forward: 3, backward: 5 };

const convolutionBackward = "convolution, both gradients";

/**
 * Prints where the time of a step goes, in milliseconds, as a share of the step, and as a share of the limit: arithmetic for
 * convolutions, memory for batch-norms. libtorch has one node for both gradients of a convolution; they are told apart in the
 * proportion that oneDNN reports.
 */
export function printProfile(
  model: string,
  precision: "float32" | "bfloat16",
  threads: string,
  steps: string,
  limits: Limits,
): void {
  const { profiled, weightShare } = run([model, precision, threads, steps]);
  const times = new Map<string, number>();
  const add = (part: string, ms: number) => times.set(part, (times.get(part) ?? 0) + ms);
  for (const [part, ms] of Object.entries(profiled.parts)) if (part !== "backward") add(part, ms);
  let inNodes = 0;
  for (const [node, ms] of Object.entries(profiled.backward)) {
    inNodes += ms;
    add(partOf(node), ms);
  }
  add("adding gradients where branches join", (profiled.parts.backward ?? 0) - inNodes);
  const both = times.get(convolutionBackward) ?? 0;
  times.delete(convolutionBackward);
  add("convolution, data gradient", both * (1 - weightShare));
  add("convolution, weight gradient", both * weightShare);
  const known = [...times.values()].reduce((a, b) => a + b, 0);
  add("TypeScript, random draws, memory", profiled.ms - known);
  console.log(`\n${model} ${precision}: ${profiled.ms.toFixed(1)} ms per step`);
  console.log("                                                      ms   of the step   of the limit");
  for (const [part, ms] of [...times].sort(([, a], [, b]) => b - a)) {
    if (ms < 0.001 * profiled.ms) continue;
    const ofLimit = limitMs(part, profiled, limits) / ms;
    console.log(
      part.padEnd(46) +
        ms.toFixed(1).padStart(10) +
        `${((100 * ms) / profiled.ms).toFixed(1)} %`.padStart(14) +
        (Number.isFinite(ofLimit) ? `${(100 * ofLimit).toFixed(0)} %`.padStart(15) : ""),
    );
  }
}

/** The least milliseconds that a part can take; infinite where that is not known. */
function limitMs(part: string, { forwardFlops, normBytes }: Profiled, { arithmetic, memory }: Limits): number {
  if (part.startsWith("convolution")) return forwardFlops / arithmetic / 1e6;
  if (part.startsWith("batch-norm"))
    return ((part.endsWith("forward") ? passes.forward : passes.backward) * normBytes) / memory / 1e6;
  return Number.POSITIVE_INFINITY;
}

/** @returns the process's line, and the share of the weights' gradient in the time of both of a convolution's */
function run(args: readonly string[]): { readonly profiled: Profiled; readonly weightShare: number } {
  const child = spawnSync(process.execPath, [fileURLToPath(new URL("profiled.js", import.meta.url)), ...args], {
    encoding: "utf8",
    env: { ...process.env, DNNL_VERBOSE: "1", ONEDNN_VERBOSE: "1" },
    maxBuffer: 1 << 30,
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (child.status !== 0) throw new Error(`the profiled run of ${args.join(" ")} failed`);
  const lines = child.stdout.split("\n");
  const result = lines.find((line) => line.startsWith("{"));
  if (result === undefined) throw new Error(`the profiled run of ${args.join(" ")} printed no result`);
  const spent = (kind: string) =>
    lines
      .filter((line) => line.includes("_verbose,exec,") && line.includes(`,${kind},`))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(",") + 1)), 0);
  const [data, weights] = [spent("backward_data"), spent("backward_weights")];
  return { profiled: JSON.parse(result) as Profiled, weightShare: weights / (data + weights) };
}
