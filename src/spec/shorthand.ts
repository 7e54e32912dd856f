import { wideResNetOptions } from "../models/wide-resnet.ts";
import { isMapping, type Mapping } from "./tree.ts";

/**
 * `data: cifar10` and `model: resnet20` stand for `{ name: … }`, as does `pruner: magnitude`; `model: { torchscript: net.pt }` is the
 * model of that name, `wrn-16-8` for `{ name: wrn, depth: 16, width: 8 }`.
 */
export function expandName(value: unknown): unknown {
  if (typeof value === "string") return withOptions({ name: value });
  if (isMapping(value) && Object.hasOwn(value, "name")) return withOptions(value);
  const isScript = isMapping(value) && Object.hasOwn(value, "torchscript") && !Object.hasOwn(value, "name");
  return isScript ? { name: "torchscript", ...value } : value;
}

/** Writes out the names given for `data` and `model`, so that options and sweeps can be set beside them. */
export function expandShorthands(tree: unknown): unknown {
  if (!isMapping(tree)) return tree;
  const names: Mapping = Object.fromEntries(
    ["data", "model"].filter((key) => Object.hasOwn(tree, key)).map((key) => [key, expandName(tree[key])]),
  );
  return { ...tree, ...names };
}

/** What is written beside the name goes before what the name stands for. */
function withOptions(value: Mapping): Mapping {
  const options = typeof value.name === "string" ? wideResNetOptions(value.name) : undefined;
  return options === undefined ? value : { ...options, ...value, name: "wrn" };
}
