import { spawn } from "node:child_process";

/** What a measured process prints. */
export interface Measured {
  /** Milliseconds of each step, loading the batch included. */
  readonly ms: readonly number[];
  /** Minor page faults per step. */
  readonly faults: number;
  /** Largest resident size of the process. */
  readonly peakMb: number;
  /** Version of libtorch. */
  readonly torch: string;
}

/** What a profiled process prints; times are milliseconds per step. */
export interface Profiled {
  readonly ms: number;
  /** Of convolutions and linear layers, depthwise ones not counted; each gradient takes as many. */
  readonly forwardFlops: number;
  /** Size of all batch-norms' outputs. */
  readonly normBytes: number;
  /** By part of the step; `backward` is the whole backward pass. */
  readonly parts: Readonly<Record<string, number>>;
  /** By libtorch's name of the node. */
  readonly backward: Readonly<Record<string, number>>;
}

/** Steps before the measured ones: memory is allocated and kernels are compiled in them. Also in peer.py. */
export const warmSteps = 3;

/** Images of the model's usual size. */
export function inputOf(model: string): {
  readonly shape: readonly [number, number, number];
  readonly classes: number;
} {
  return { shape: model.startsWith("lenet") ? [1, 28, 28] : [3, 32, 32], classes: 10 };
}

/** The demo's batch for LeNets, the papers' for the others. Also in peer.py. */
export function batchOf(model: string): number {
  return model.startsWith("lenet") ? 64 : 128;
}

/** Runs a command that prints a `Measured`. */
export async function measure(command: string, args: readonly string[]): Promise<Measured> {
  return JSON.parse(await outputOf(command, args)) as Measured;
}

/** Runs a command and returns what it prints; what it says on standard error is shown when it fails. */
export async function outputOf(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
  let output = "";
  let errors = "";
  child.stdout.on("data", (part: Buffer) => {
    output += part.toString();
  });
  child.stderr.on("data", (part: Buffer) => {
    errors += part.toString();
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} failed:\n${errors}`);
  return output;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return ((sorted[middle] ?? Number.NaN) + (sorted[sorted.length - 1 - middle] ?? Number.NaN)) / 2;
}
