import type { z } from "zod";
import { InputError, type Issue } from "./errors.ts";
import { suggest } from "./nearest.ts";

/** What a registry keeps: things of one kind that a spec names. */
export interface Named {
  /** As written in a spec. */
  readonly name: string;
}

/** A registered thing with options of its own. */
export interface WithOptions<Options extends z.ZodType> extends Named {
  /** Schema of its options; a strict object, so that misspelt options are refused. */
  readonly options: Options;
}

export interface RegistryWords {
  /** With its article: `a pruner`. */
  readonly what: string;
  /** The field of a spec that holds the name. */
  readonly where: string;
  /** A hint for an unknown name, in place of or behind the nearest names. */
  readonly hint?: (name: string, nearest: string) => string;
}

/** The things of one kind by name: the one place where a name of a spec is looked up. */
export class Registry<T extends Named> {
  readonly #words: RegistryWords;
  readonly #entries: ReadonlyMap<string, T>;

  constructor(words: RegistryWords, entries: readonly T[]) {
    this.#words = words;
    this.#entries = new Map(entries.map((entry) => [entry.name, entry]));
  }

  /**
   * The thing of that name.
   * @throws InputError with the nearest known names
   */
  get(name: string): T {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw new InputError(this.unknown(name));
    return entry;
  }

  /** As `get`, or undefined. */
  find(name: string): T | undefined {
    return this.#entries.get(name);
  }

  /** All, in the order in which they were registered. */
  all(): readonly T[] {
    return [...this.#entries.values()];
  }

  /** What is wrong with a name that nothing has. */
  unknown(name: string): Issue {
    const { what, where, hint } = this.#words;
    const nearest = suggest(name, this.#entries.keys());
    return {
      where,
      message: `expected the name of ${what}, got "${name}"`,
      hint: hint?.(name, nearest) ?? nearest,
    };
  }
}

/**
 * Options as the schema of what they belong to reads them, defaults filled in.
 * @param kind `pruner`, for the errors
 * @throws InputError with all that is wrong with them
 */
export function parseOptions<Options extends z.ZodType>(
  kind: string,
  of: WithOptions<Options>,
  options: unknown,
): z.output<Options> {
  const parsed = of.options.safeParse(options);
  if (parsed.success) return parsed.data;
  throw new InputError(
    parsed.error.issues.map(({ path, message }) => ({
      where: ["options of", kind, of.name, ...path.map(String)].join(" "),
      message,
    })),
  );
}
