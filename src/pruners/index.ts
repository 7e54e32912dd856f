import { InputError } from "../core/errors.ts";
import { suggest } from "../core/nearest.ts";
import type { Pruner } from "./define.ts";
import { magnitude } from "./magnitude.ts";
import { random } from "./random.ts";

/** All pruning methods by name. A new one: a file like `magnitude.ts`, and a line here. */
export const pruners: ReadonlyMap<string, Pruner> = byName([magnitude, random]);

/**
 * The pruning method of that name.
 * @throws InputError with the nearest known names
 */
export function findPruner(name: string): Pruner {
  const pruner = pruners.get(name);
  if (pruner === undefined)
    throw new InputError({
      where: "pruner",
      message: `expected the name of a pruner, got "${name}"`,
      hint:
        `${suggest(name, pruners.keys())} All are listed in src/pruners/index.ts; ` +
        "to add one, write a file like src/pruners/magnitude.ts and register it there",
    });
  return pruner;
}

function byName(list: readonly Pruner[]): Map<string, Pruner> {
  return new Map(list.map((pruner) => [pruner.name, pruner]));
}
