import { InputError, RunError } from "../../../src/core/errors.ts";
import { stream } from "../../../src/core/rng.ts";
import { dataReaders } from "./data.ts";
import { networkReaders } from "./networks.ts";
import type { Mutant, Reader } from "./reader.ts";
import { specReaders } from "./specs.ts";
import { storeReaders } from "./stores.ts";
import { weightReaders } from "./weights.ts";

export const readers: readonly Reader[] = [
  ...weightReaders,
  ...dataReaders,
  ...specReaders,
  ...storeReaders,
  ...networkReaders,
];

/** The files are a few kB: who takes longer for one, or more memory, has no bound. */
export const SLOWEST_MS = 5_000;
export const MOST_MEMORY_MB = 1_000;

/** What became of some mutants of one reader. */
export interface Outcomes {
  /** Read as something else than before, or as the same. */
  readonly values: number;
  /** Refused by one of the program's own errors. */
  readonly refused: number;
  /** What must not happen, one line each. */
  readonly violations: readonly string[];
}

/**
 * Reads the mutants `from` to `to` of a reader; each is a function of the seed, the reader and its number.
 * @param next  what `reader.prepare` returned
 * @param onTry told the number of each mutant before it is read
 */
export function tryMutants(
  reader: Reader,
  next: ReturnType<Reader["prepare"]>,
  seed: number,
  [from, to]: readonly [number, number],
  onTry: (n: number) => void = () => undefined,
): Outcomes {
  let values = 0;
  let refused = 0;
  const violations: string[] = [];
  for (let n = from; n < to; n++) {
    const mutant = next(stream(seed, "mutant", reader.name, n));
    onTry(n);
    const start = performance.now();
    const problem = problemOf(mutant);
    const ms = performance.now() - start;
    if (problem === "value") values++;
    else if (problem === "refused") refused++;
    else violations.push(`${reader.name}, mutant ${n}: ${problem}`);
    if (ms > SLOWEST_MS) violations.push(`${reader.name}, mutant ${n}: took ${(ms / 1000).toFixed(1)} s`);
    if (isPolluted()) violations.push(`${reader.name}, mutant ${n}: changed the prototype of all objects`);
  }
  return { values, refused, violations };
}

/** `value`, `refused`, or what is wrong: an error that is none of the program's own is a bug, and so is an InternalError. */
function problemOf({ read }: Mutant): string {
  try {
    read();
    return "value";
  } catch (error) {
    if (error instanceof InputError || error instanceof RunError) return "refused";
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return stack.split("\n").slice(0, 3).join(" ").replace(/\s+/g, " ").slice(0, 300);
  }
}

const ownNames = Object.getOwnPropertyNames(Object.prototype).length;

function isPolluted(): boolean {
  return Object.keys(Object.prototype).length > 0 || Object.getOwnPropertyNames(Object.prototype).length !== ownNames;
}
