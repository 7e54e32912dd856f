import { z } from "zod";
import type { StateDict } from "../core/array.ts";
import { canonicalJson } from "../core/canonical-json.ts";
import { InputError } from "../core/errors.ts";
import type { EpochMetrics } from "./recipe.ts";

/** What an epoch's metrics are made of, over the batches trained so far. */
export interface EpochSums {
  /** Sum of the images' losses. */
  readonly loss: number;
  /** Images that were right. */
  readonly correct: number;
  /** Images trained. */
  readonly seen: number;
}

/**
 * Everything a training needs to go on to the same bits. Random draws need no state: they are functions of (seed, epoch, step).
 * A checkpoint fits only the job (model, mask, data, recipe, seed) that it was made by.
 */
export interface Checkpoint {
  /** Epochs finished. */
  readonly epoch: number;
  /** Steps finished of the epoch that is under way; all of them when only its evaluation is left. */
  readonly step: number;
  /** Parameters and buffers, running statistics included. */
  readonly weights: StateDict;
  /** Momentum buffers by parameter name; empty when the momentum is 0. */
  readonly momenta: StateDict;
  /** Of the epoch under way. */
  readonly sums: EpochSums;
  /** Of the epochs finished. */
  readonly metrics: readonly EpochMetrics[];
}

/** A checkpoint as one safetensors file takes it. */
export interface EncodedCheckpoint {
  readonly tensors: StateDict;
  readonly metadata: Readonly<Record<string, string>>;
}

const format = "sweepstake-checkpoint-1";

/** Weights as `weights.<name>`, momentum as `momenta.<name>`, and the rest as JSON; equal checkpoints give equal encodings. */
export function encodeCheckpoint({ epoch, step, weights, momenta, sums, metrics }: Checkpoint): EncodedCheckpoint {
  const position = { epoch, step, sums: { ...sums }, metrics: metrics.map((line) => ({ ...line })) };
  return {
    tensors: new Map([...prefixed(weights, "weights."), ...prefixed(momenta, "momenta.")]),
    metadata: { format, position: canonicalJson(position) },
  };
}

const count = z.number().int().min(0);
const positionSchema = z.object({
  epoch: count,
  step: count,
  sums: z.object({ loss: z.number(), correct: count, seen: count }),
  metrics: z.array(
    z.object({
      epoch: count,
      lr: z.number(),
      trainLoss: z.number(),
      trainAccuracy: z.number(),
      testLoss: z.number(),
      testAccuracy: z.number(),
      validationLoss: z.number().exactOptional(),
      validationAccuracy: z.number().exactOptional(),
    }),
  ),
});

/** The checkpoint that was encoded. @throws InputError when it is none, or one of another version */
export function decodeCheckpoint({ tensors, metadata }: EncodedCheckpoint): Checkpoint {
  if (metadata.format !== format) {
    throw new InputError({
      where: "checkpoint",
      message: `expected format ${format}, got ${metadata.format ?? "none"}`,
      hint: "it was written by another version; delete it, and the training starts again",
    });
  }
  const position = positionSchema.safeParse(parseJson(metadata.position ?? ""));
  if (!position.success) {
    throw new InputError(
      position.error.issues.map(({ path, message }) => ({ where: ["checkpoint", ...path].join(" "), message })),
    );
  }
  return { ...position.data, weights: unprefixed(tensors, "weights."), momenta: unprefixed(tensors, "momenta.") };
}

function prefixed(state: StateDict, prefix: string): StateDict {
  return new Map([...state].map(([name, array]) => [prefix + name, array]));
}

function unprefixed(state: StateDict, prefix: string): StateDict {
  return new Map(
    [...state].flatMap(([name, array]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), array] as const] : [],
    ),
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
