import { InputError } from "../core/errors.ts";
import { native } from "./load.ts";
import type { EngineInfo } from "./native.ts";

export type { EngineInfo } from "./native.ts";

/** Where tensors live: `"cpu"`, `"cuda"` (the first one) or `"cuda:1"`. */
export type Device = string;

/** Facts about the loaded engine. Loads it. */
export function engineInfo(): EngineInfo {
  return native().engineInfo();
}

/** Sets how many threads one operation may use (n >= 1), for the calling process. */
export function setThreads(n: number): void {
  native().setThreads(n);
}

/** Threads that one operation may use. */
export function getThreads(): number {
  return native().getThreads();
}

/** Whether the engine has kernels of its own for a device; elsewhere it is made of libtorch's operations. */
export function hasOwnKernels(device: Device): boolean {
  return device === "cpu" && native().ownKernels();
}

/** For tests: switches the engine's own kernels off and on again, so that a CPU can stand in for another device. */
export function setOwnKernels(on: boolean): void {
  native().setOwnKernels(on);
}

/** Whether 3x3 convolutions may be computed by Winograd's filtering, or all by libtorch (at first). For the calling process. */
export function setWinograd(on: boolean): void {
  native().setWinograd(on);
}

/**
 * Whether Winograd's kernels compute images of a type on this processor: it needs AVX2 with FMA, or NEON with FMA; with AMX, bfloat16 is
 * libtorch's.
 */
export function hasWinograd(dtype: "float32" | "bfloat16"): boolean {
  return native().hasWinograd(dtype);
}

/** For tests: the widest vector instructions that kernels may use; at most what `engineInfo().variant` says at first. */
export function setVariant(name: EngineInfo["variant"]): void {
  native().setVariant(name);
}

/** Bytes of CPU memory that tensors hold now, those saved by autograd included. */
export function bytesInUse(): number {
  return native().bytesInUse();
}

/** The largest `bytesInUse()` since the start or the last `resetPeak()`. */
export function peakBytes(): number {
  return native().peakBytes();
}

/** Starts a new measurement of the peak. */
export function resetPeak(): void {
  native().resetPeak();
}

/**
 * Checks that a device exists here and returns its full name (`cuda` becomes `cuda:0`).
 * @throws InputError with the devices there are
 */
export function checkDevice(name: string): Device {
  const match = /^(?:cpu|cuda(?::(\d+))?)$/.exec(name);
  if (match === null) {
    throw new InputError({
      where: "device",
      message: `expected "cpu" or "cuda:N", got ${JSON.stringify(name)}`,
      hint: "for example `device: cpu` in the spec, or --set device=cpu",
    });
  }
  if (name === "cpu") return name;
  const { cuda, cudaDevices, libtorch } = engineInfo();
  const index = Number(match[1] ?? 0);
  if (!cuda || cudaDevices === 0) {
    throw new InputError({
      where: "device",
      message: `${name} is not there: libtorch ${libtorch} finds no CUDA device`,
      hint: "use `device: cpu`, or build against a CUDA build of libtorch: LIBTORCH=/path/to/libtorch make -C native",
    });
  }
  if (index >= cudaDevices) {
    throw new InputError({
      where: "device",
      message: `${name} is not there: this machine has ${cudaDevices} CUDA device${cudaDevices === 1 ? "" : "s"}`,
      hint: `use cuda:0${cudaDevices > 1 ? ` to cuda:${cudaDevices - 1}` : ""} or cpu`,
    });
  }
  return `cuda:${index}`;
}
