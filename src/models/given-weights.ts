import { realpathSync, statSync } from "node:fs";
import { type FittedWeights, fitWeights, weightsContent } from "../checkpoints/fit-weights.ts";
import { readCheckpoint } from "../checkpoints/read-checkpoint.ts";
import { canonicalJson } from "../core/canonical-json.ts";
import { InputError } from "../core/errors.ts";
import { Buffer, type Parameter } from "../nn/variable.ts";
import { buildModel } from "./index.ts";
import type { ModelInput, ModelSpec } from "./types.ts";

/** A file of weights, and which dictionary of it is meant. */
export interface WeightsFile {
  /** Absolute. */
  readonly path: string;
  readonly key?: string;
}

export interface GivenWeights extends FittedWeights {
  /** SHA-256 of names, types, shapes and values. */
  readonly content: string;
}

/**
 * The weights that a file has for a model.
 * @throws InputError when the file cannot be read, or has the weights of another network
 */
export function readGivenWeights({ path, key }: WeightsFile, model: ModelSpec, input: ModelInput): GivenWeights {
  const { tensors, notes } = readCheckpoint(path, key === undefined ? {} : { key });
  const network = buildModel(model, input);
  const variables = new Map<string, Parameter | Buffer>([...network.namedParameters(), ...network.namedBuffers()]);
  const wanted = network.names().flatMap((name) => {
    const variable = variables.get(name);
    if (variable === undefined) return [];
    return [[name, { shape: variable.shape, isCounter: variable instanceof Buffer && isCounter(name) }] as const];
  });
  const fitted = fitWeights(tensors, new Map(wanted), path);
  return { ...fitted, notes: [...notes, ...fitted.notes], content: weightsContent(fitted.state) };
}

/** Batch-norm counts its batches; files of other programs leave that out. */
function isCounter(name: string): boolean {
  return /(^|\.)num_batches_tracked$/.test(name);
}

// A plan asks for every variant; the file is as large as the network.
const known = new Map<string, string>();

/** The content of `readGivenWeights`, read once while the file does not change. */
export function givenContent(file: WeightsFile, model: ModelSpec, { classes, shape }: ModelInput): string {
  const id = `${stateOf(file.path)} ${canonicalJson({ ...file, model, classes, shape: [...shape] })}`;
  const content = known.get(id) ?? readGivenWeights(file, model, { classes, shape }).content;
  known.set(id, content);
  return content;
}

function stateOf(path: string): string {
  try {
    const { size, mtimeMs, ino } = statSync(realpathSync(path));
    return `${size} ${mtimeMs} ${ino}`;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new InputError({ where: path, message: `cannot read the file (${reason})` });
  }
}
