import { InputError } from "../core/errors.ts";
import { contentAtHand, dataContent } from "../data/content.ts";
import type { DataSpec } from "../data/types.ts";
import { makePlan } from "../plan/plan.ts";
import type { Plan } from "../plan/types.ts";
import type { Spec } from "../spec/types.ts";
import type { Store } from "../store/store.ts";

/**
 * The plan of a spec, to be run in or read from a store. Where the files of the data are not at hand (a report on another machine), they are
 * those that the store's results were computed from, or those of an export.
 * @param exported contents of a set by name that exports have results of
 * @throws InputError when there are results of several contents of the set and nothing says which is meant
 */
export function planFor(spec: Spec, store: Store, exported: (set: string) => readonly string[] = () => []): Plan {
  const found = (data: DataSpec) => onlyContent(data.name, [...store.contents(data.name), ...exported(data.name)]);
  return makePlan(spec, (data) => contentAtHand(data) ?? found(data) ?? dataContent(data));
}

function onlyContent(name: string, contents: readonly string[]): string | undefined {
  const [only, ...others] = new Set(contents);
  if (only === undefined || others.length === 0) return only;
  throw new InputError({
    where: "data",
    message: `expected the files of ${name}, of which there are results from ${others.length + 1} different contents: ${[only, ...others].join(", ")}`,
    hint: "name the place of the files with data.path, or which content is meant with data.content",
  });
}
