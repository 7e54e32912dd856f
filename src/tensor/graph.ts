import { RunError } from "../core/errors.ts";
import { engineInfo } from "./engine.ts";
import { native } from "./load.ts";
import type { Device } from "./tensor.ts";

/** Work that was recorded. */
export interface Recording {
  /** Runs it once more; returns before it is done. */
  replay(): void;
  dispose(): void;
}

/** Records work without running it. */
export type Recorder = (work: () => void) => Recording;

/**
 * Records CUDA graphs: one launch per replay instead of one per kernel. The work must be the same calls with the same arguments
 * every time, on tensors that outlive the recording, and must neither bring data from the host nor read any back. Run it a few times
 * before, so that libraries have what they need. Undefined for a CPU, for an addon without CUDA, and when the environment has
 * SWEEPSTAKE_CUDA_GRAPHS=0.
 */
export function recorderFor(device: Device): Recorder | undefined {
  if (device === "cpu" || process.env.SWEEPSTAKE_CUDA_GRAPHS === "0" || !engineInfo().cudaGraphs) return undefined;
  return (work) => record(device, work);
}

function record(device: Device, work: () => void): Recording {
  const graph = recorded(device, work);
  return { replay: () => native().graphReplay(graph), dispose: () => native().graphFree(graph) };
}

function recorded(device: Device, work: () => void): number {
  try {
    native().graphBegin(device);
    work();
    return native().graphEnd();
  } catch (cause) {
    native().graphAbort();
    throw new RunError(
      `a training step cannot be recorded as a CUDA graph: ${cause instanceof Error ? cause.message : String(cause)}`,
      "SWEEPSTAKE_CUDA_GRAPHS=0 in the environment trains without; please report this, with the versions that `doctor` shows",
      { cause },
    );
  }
}
