import type { Path } from "./problem.ts";

/** A YAML mapping as a plain object. */
export type Mapping = Readonly<Record<string, unknown>>;

/** Whether a YAML value is a mapping. */
export function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value at `path`, or undefined where the path leads nowhere. Looks at own fields only. */
export function valueAt(tree: unknown, path: Path): unknown {
  let value = tree;
  for (const part of path) {
    if (Array.isArray(value)) value = value[Number(part)];
    else if (isMapping(value) && Object.hasOwn(value, part)) value = value[part];
    else return undefined;
  }
  return value;
}

/**
 * A copy of `tree` with `value` at `path`; missing mappings on the way are made.
 * @returns undefined where the path runs through a scalar or past the end of a list
 */
export function withValueAt(tree: unknown, path: Path, value: unknown): { readonly tree: unknown } | undefined {
  const [head, ...rest] = path;
  if (head === undefined) return { tree: value };
  if (Array.isArray(tree)) {
    const list: readonly unknown[] = tree;
    const index = Number(head);
    if (!Number.isInteger(index) || index < 0 || index >= list.length) return undefined;
    const inner = withValueAt(list[index], rest, value);
    return inner && { tree: list.with(index, inner.tree) };
  }
  if (tree !== undefined && tree !== null && !isMapping(tree)) return undefined;
  const old = isMapping(tree) && Object.hasOwn(tree, head) ? tree[head] : undefined;
  const inner = withValueAt(old, rest, value);
  // The computed key makes even `__proto__` an ordinary field.
  return inner && { tree: { ...tree, [head]: inner.tree } };
}
