import { cpus } from "node:os";
import { limits } from "../core/limits.ts";
import { VERSION } from "../core/version.ts";
import { dataSets } from "../data/catalog.ts";
import { dataStatus } from "../data/locate.ts";
import { type EngineInfo, engineInfo } from "../tensor/engine.ts";
import { bfloat16Speed } from "./bfloat16-speed.ts";
import { bytes } from "./plan-text.ts";

/** One thing that doctor looked at. `missing` stops every experiment; `absent` only those that ask for it. */
export interface Finding {
  readonly subject: string;
  readonly state: "ok" | "absent" | "missing";
  readonly found: string;
  /** What to do, when it is not `ok`. */
  readonly fix?: string;
}

/** Looks at everything that experiments need. Never throws for what is missing. */
export function examine(): Finding[] {
  return [
    { subject: "sweepstake", state: "ok", found: VERSION },
    { subject: "node", state: "ok", found: process.version },
    ...engine(),
    {
      subject: "machine",
      state: "ok",
      found: machineText(),
    },
    ...dataSets.all().map(({ name }) => dataSet(name)),
  ];
}

/** Cores and memory that this process may use, which may be less than the machine has. */
function machineText(): string {
  const { cores, memory, isCoreQuota, isMemoryLimit } = limits();
  const quota = isCoreQuota ? " by the quota of this container or job" : "";
  const limit = isMemoryLimit ? " by its limit" : "";
  return `${cores} cores${quota} (${cpus()[0]?.model.trim() ?? "unknown"}), ${bytes(memory)} of memory${limit}`;
}

function engine(): Finding[] {
  try {
    const info = engineInfo();
    const features = [`${info.cpuCapability} kernels`, info.mkldnn ? "oneDNN" : "no oneDNN"];
    return [{ subject: "libtorch", state: "ok", found: `${info.libtorch} (${features.join(", ")})` }, ...devices(info)];
  } catch (error) {
    const [found = "", ...hints] = (error instanceof Error ? error.message : String(error)).split("\n  hint: ");
    return [{ subject: "libtorch", state: "missing", found, fix: hints.join("; ") }];
  }
}

/** One finding per device. */
function devices({ bfloat16, cuda, cudaDevices, cudaGraphs }: EngineInfo): Finding[] {
  const cpu = `cpu: ${bfloat16 ? bfloat16Text() : "no bfloat16 instructions"}`;
  const found: Finding[] = [{ subject: "device", state: "ok", found: cpu }];
  if (!cuda || cudaDevices === 0) {
    const build = cudaGraphs ? "libtorch has CUDA, but finds no CUDA device" : "this libtorch finds no CUDA device";
    const fix = "only specs with `device: cuda:N` need it; docs/cuda.md says how";
    return [...found, { subject: "device", state: "absent", found: `cuda: ${build}`, fix }];
  }
  for (let i = 0; i < cudaDevices; i++) {
    const graphs = cudaGraphs ? "steps are recorded as CUDA graphs" : "steps are not recorded, see docs/cuda.md";
    const state = "there; not verified by the project on any GPU, check it as docs/cuda.md says";
    found.push({ subject: "device", state: "ok", found: `cuda:${i}: ${state}; ${graphs}` });
  }
  return found;
}

function bfloat16Text(): string {
  const speed = bfloat16Speed();
  const advice = speed > 1 ? "`precision: bfloat16` pays" : "`precision: float32` is the faster one here";
  return `convolutions in bfloat16 run ${speed.toFixed(1)}× as fast as in float32 (${advice})`;
}

function dataSet(name: string): Finding {
  const status = dataStatus(name);
  if (status.folder !== undefined) return { subject: name, state: "ok", found: status.folder };
  const tried = status.tried.map(({ place, reason }) => `${place} (${reason})`).join(", ");
  return { subject: name, state: "absent", found: `not found; looked in ${tried}`, fix: status.obtain };
}

/** Aligned lines: a mark, the subject, what was found, and the fix below it. */
export function findingsText(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ subject }) => subject.length));
  const marks = { ok: "ok     ", absent: "absent ", missing: "MISSING" };
  return findings
    .map(({ subject, state, found, fix }) => {
      const line = `${marks[state]}  ${subject.padEnd(width)}  ${found}`;
      return fix === undefined ? `${line}\n` : `${line}\n${" ".repeat(11 + width)}fix: ${fix}\n`;
    })
    .join("");
}
