import { InputError, type Issue } from "../core/errors.ts";
import { suggest } from "../core/nearest.ts";
import { cifar10 } from "./cifar10.ts";
import { cifar100 } from "./cifar100.ts";
import { fashionMnist } from "./fashion-mnist.ts";
import { mnist } from "./mnist.ts";
import type { DataSetDefinition } from "./types.ts";

/** All data sets. A new one is a file of this folder and a line here. */
export const dataSets: readonly DataSetDefinition[] = [fashionMnist, mnist, cifar10, cifar100];

/**
 * The data set of a name.
 * @throws InputError at `data.name` with the nearest names
 */
export function findDataSet(name: string): DataSetDefinition {
  const found = dataSets.find((set) => set.name === name);
  if (found === undefined) throw new InputError(unknownDataSet(name));
  return found;
}

/** What is wrong with a name that is not in the catalogue. */
export function unknownDataSet(name: string): Issue {
  const names = dataSets.map((set) => set.name);
  return { where: "data.name", message: `expected the name of a data set, got "${name}"`, hint: suggest(name, names) };
}
