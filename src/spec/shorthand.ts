import { isMapping, type Mapping } from "./tree.ts";

/** `data: cifar10` and `model: resnet20` stand for `{ name: … }`, as does `pruner: magnitude`. */
export function expandName(value: unknown): unknown {
  return typeof value === "string" ? { name: value } : value;
}

/** Writes out the names given for `data` and `model`, so that options and sweeps can be set beside them. */
export function expandShorthands(tree: unknown): unknown {
  if (!isMapping(tree)) return tree;
  const names: Mapping = Object.fromEntries(
    ["data", "model"].filter((key) => Object.hasOwn(tree, key)).map((key) => [key, expandName(tree[key])]),
  );
  return { ...tree, ...names };
}
