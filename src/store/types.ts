import type { Json } from "../core/canonical-json.ts";

/** How and where a stage was computed: recorded beside the result, no part of its identity. */
export interface Provenance {
  readonly sweepstake: string;
  readonly node: string;
  readonly libtorch: string;
  readonly device: string;
  readonly threads: number;
  readonly precision: string;
  /** What computed the 3x3 convolutions, where the recipe asks for an engine: e.g. `winograd, avx2`, or `libtorch` on a processor without. */
  readonly engine?: string;
  /** CPU or GPU model. */
  readonly hardware: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  /** Computing time over all attempts, in milliseconds. */
  readonly durationMs: number;
  /** How often it continued from a checkpoint. */
  readonly resumes: number;
  /** SHA-256 of the images and labels that were read, for stages that read data. */
  readonly data?: string;
}

export interface FileEntry {
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Name on disk, where it is not the file's own: a file that was replaced gets a new name, so that no reader sees a mix. */
  readonly path?: string;
}

/** The completion record of an object. Only its presence means that the stage is done. */
export interface ObjectRecord {
  readonly format: 1;
  readonly key: string;
  readonly kind: string;
  /** `diverged` is a result too: the same key always diverges. */
  readonly status: "done" | "diverged";
  /** Small results that readers want without opening a file, e.g. `{ divergedAt: { epoch: 3, step: 17 } }`. */
  readonly summary: Json;
  readonly files: Readonly<Record<string, FileEntry>>;
  readonly provenance: Provenance;
  /** How files that were asked for later were computed, oldest first. */
  readonly extensions?: readonly Provenance[];
}

/** What a stage hands over when it is finished, beside the files that it wrote. */
export interface Result {
  /** What was computed, as the plan states it; stored as stage.json. */
  readonly stage: Json;
  readonly kind: string;
  readonly status: ObjectRecord["status"];
  readonly summary: Json;
  readonly provenance: Provenance;
}

/** Why a stage was given up; not a result, so the next run tries again. */
export interface Failure {
  readonly message: string;
  readonly attempts: number;
}
