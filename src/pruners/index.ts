import { Registry } from "../core/registry.ts";
import type { Pruner } from "./define.ts";
import { lamp } from "./lamp.ts";
import { magnitude } from "./magnitude.ts";
import { random } from "./random.ts";

/** All criteria by name: how much is a weight worth? A new one: a file like `magnitude.ts`, and a line here. */
export const pruners = new Registry<Pruner>(
  {
    what: "a pruner",
    where: "pruner",
    hint: (_, nearest) =>
      `${nearest} All are listed in src/pruners/index.ts; to add one, write a file like src/pruners/magnitude.ts and register it there`,
  },
  [magnitude, random, lamp],
);
