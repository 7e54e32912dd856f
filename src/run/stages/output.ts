import { cpus } from "node:os";
import type { StateDict } from "../../core/array.ts";
import type { Json } from "../../core/canonical-json.ts";
import { encodeSafetensors } from "../../core/safetensors.ts";
import { orderMetadata } from "../../core/safetensors-order.ts";
import { VERSION } from "../../core/version.ts";
import { stageIdentity } from "../../plan/stage-table.ts";
import type { Stage } from "../../plan/types.ts";
import type { Provenance } from "../../store/types.ts";
import { engineInfo, hasOwnKernels, hasWinograd } from "../../tensor/engine.ts";
import type { StageContext } from "./context.ts";

/** What a stage's record says beside its files. */
export interface Outcome {
  readonly startedAt: Date;
  readonly status?: "done" | "diverged";
  readonly summary: Json;
  /** Computing time of earlier attempts, which this one continued. */
  readonly earlierMs?: number;
  readonly resumes?: number;
  /** Fingerprint of the data that was read. */
  readonly data?: string;
}

/** Stores what the lease has written as the stage's object. */
export function commit(stage: Stage, context: StageContext, outcome: Outcome): void {
  context.lease.commit({
    stage: stageIdentity(stage),
    kind: stage.kind,
    status: outcome.status ?? "done",
    summary: outcome.summary,
    provenance: provenance(stage, context, outcome),
  });
}

function provenance(stage: Stage, context: StageContext, outcome: Outcome): Provenance {
  const finishedAt = new Date();
  return {
    sweepstake: VERSION,
    node: process.version,
    libtorch: usesEngine(stage) ? engineInfo().libtorch : "not used",
    device: context.device,
    threads: context.threads,
    precision: precisionOf(stage),
    ...engineOf(stage, context.device),
    hardware: hardware(),
    startedAt: outcome.startedAt.toISOString(),
    finishedAt: finishedAt.toISOString(),
    durationMs: finishedAt.getTime() - outcome.startedAt.getTime() + (outcome.earlierMs ?? 0),
    resumes: outcome.resumes ?? 0,
    ...(outcome.data === undefined ? {} : { data: outcome.data }),
  };
}

/** Model of the processor. */
export function hardware(): string {
  return cpus()[0]?.model.trim() ?? "unknown";
}

/** What computed the 3x3 convolutions of a stage that asked for more than libtorch; device, type and processor decide what it gets. */
function engineOf({ parameters }: Stage, device: string): Pick<Provenance, "engine"> {
  const arithmetic = "recipe" in parameters ? parameters.recipe : "precision" in parameters ? parameters : undefined;
  if (arithmetic?.engine === undefined) return {};
  const { precision } = arithmetic;
  const isOurs = hasOwnKernels(device) && precision !== "float64" && hasWinograd(precision);
  return { engine: isOurs ? `winograd, ${engineInfo().variant}` : "libtorch" };
}

function precisionOf({ parameters }: Stage): string {
  if ("recipe" in parameters) return parameters.recipe.precision;
  return "precision" in parameters ? parameters.precision : "float32";
}

/** Initial weights are drawn and overlaps are counted without libtorch. */
export function usesEngine(stage: Stage): boolean {
  return stage.kind !== "init" && stage.kind !== "compare";
}

/** One line of JSON per value. */
export function jsonLines(values: readonly object[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join("");
}

/** Weights or a mask as a safetensors file that says where it comes from. */
export function stateBytes(state: StateDict, metadata: Readonly<Record<string, string>>): Buffer {
  return encodeSafetensors(state, { format: "pt", ...orderMetadata(state), ...metadata });
}
