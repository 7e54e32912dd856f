import type { Stream } from "../../../src/core/rng.ts";

/** A mutated file, and how the program reads it. */
export interface Mutant {
  readonly bytes: Uint8Array;
  /** Returns a value, or throws one of the program's own errors; anything else is a violation. */
  readonly read: () => unknown;
}

/** One of the program's readers of files. */
export interface Reader {
  readonly name: string;
  /**
   * Makes ready what is mutated.
   * @param folder an empty one, for readers that take paths
   * @returns makes one mutant of these draws
   */
  readonly prepare: (folder: string) => (draws: Stream) => Mutant;
}
