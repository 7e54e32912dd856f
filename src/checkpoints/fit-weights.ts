import { createHash } from "node:crypto";
import { type HostArray, type StateDict, sameShape } from "../core/array.ts";
import { InputError } from "../core/errors.ts";
import { commonPrefixes } from "./fit-mask.ts";
import { listed } from "./refuse.ts";

/** What a model has by a name: the shape, and whether it is a number that only counts. */
export interface WantedArray {
  readonly shape: readonly number[];
  readonly isCounter: boolean;
}

export interface FittedWeights {
  /** By the model's names, in its order. */
  readonly state: StateDict;
  readonly notes: readonly string[];
}

/**
 * Weights of a file by the names of a model. Names fit when they are equal, or become so by exchanging what all names of the file begin
 * with for what all names of the model begin with. Everything that the model has must be in the file, with its shape, and nothing
 * else; only counters of batches may be missing, which are 0 then.
 * @param file of the weights, for errors
 * @throws InputError that lists what is missing, of another shape and left over, and weights that are no finite numbers
 */
export function fitWeights(tensors: StateDict, wanted: ReadonlyMap<string, WantedArray>, file: string): FittedWeights {
  const attempts = commonPrefixes([...tensors.keys()]).flatMap((left) =>
    commonPrefixes([...wanted.keys()]).map((right) => attempt(tensors, wanted, left, right)),
  );
  const best = attempts.reduce((a, b) => (misfits(b) < misfits(a) ? b : a));
  if (misfits(best) > 0) throw misfit(best, file);
  const notFinite = [...best.state].filter(([, array]) => !allFinite(array)).map(([name]) => name);
  if (notFinite.length > 0)
    throw new InputError({
      where: file,
      message: `expected finite numbers, got NaN or infinity in ${listed(notFinite)}`,
    });
  const { left, right } = best;
  const notes = left === right ? [] : [`${file}: names that begin with "${left}" are the model's with "${right}"`];
  return { state: best.state, notes };
}

interface Attempt {
  readonly left: string;
  readonly right: string;
  readonly state: StateDict;
  readonly missing: readonly string[];
  readonly misshapen: readonly string[];
  readonly over: readonly string[];
}

function attempt(tensors: StateDict, wanted: ReadonlyMap<string, WantedArray>, left: string, right: string): Attempt {
  const state = new Map<string, HostArray>();
  const missing: string[] = [];
  const misshapen: string[] = [];
  const used = new Set<string>();
  for (const [name, { shape, isCounter }] of wanted) {
    const source = left + name.slice(right.length);
    const array = tensors.get(source);
    used.add(source);
    if (array === undefined) {
      if (isCounter) state.set(name, { dtype: "int64", shape, data: new BigInt64Array(1) });
      else missing.push(name);
    } else if (!sameShape(array.shape, shape)) {
      misshapen.push(`${name} [${array.shape.join(", ")}] for [${shape.join(", ")}]`);
    } else state.set(name, array);
  }
  const over = [...tensors.keys()].filter((name) => !used.has(name));
  return { left, right, state, missing, misshapen, over };
}

function misfits({ missing, misshapen, over }: Attempt): number {
  return missing.length + misshapen.length + over.length;
}

function misfit({ missing, misshapen, over, state }: Attempt, file: string): InputError {
  const parts = [
    ...(missing.length === 0 ? [] : [`it lacks ${listed(missing)}`]),
    ...(misshapen.length === 0 ? [] : [`of another shape: ${listed(misshapen)}`]),
    ...(over.length === 0 ? [] : [`the model has no ${listed(over)}`]),
  ];
  return new InputError({
    where: file,
    message: `expected the weights of this model, got others: ${parts.join("; ")} (${state.size} names fit)`,
    hint: "model names the network with its options; FILE#KEY says which dictionary of the file is meant",
  });
}

function allFinite({ dtype, data }: HostArray): boolean {
  if (dtype !== "float32" && dtype !== "float64") return true;
  for (const value of data) if (!Number.isFinite(value)) return false;
  return true;
}

/** SHA-256 of names, types, shapes and values: the identity of weights, whatever file they come from. */
export function weightsContent(state: StateDict): string {
  const hash = createHash("sha256");
  for (const [name, { dtype, shape, data }] of [...state].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${JSON.stringify([name, dtype, shape])}\n`);
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest("hex");
}
