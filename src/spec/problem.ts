/** Where a value sits in the spec: keys of mappings, indices of lists. */
export type Path = readonly (string | number)[];

/** Something wrong with the spec, before its place is turned into file, line and column. */
export interface Problem {
  readonly path: Path;
  /** Whether to point at the value or at its key (for keys that should not be there). */
  readonly at: "value" | "key";
  /** One sentence: what was expected and what was found. */
  readonly message: string;
  readonly hint?: string;
}

/** A problem with the value at `path`. */
export function problem(path: Path, message: string, hint?: string): Problem {
  return hint === undefined ? { path, at: "value", message } : { path, at: "value", message, hint };
}

/** A path as people write it, e.g. `prune[1].one-shot.sparsities[2]`. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    return text === "" ? part : `${text}.${part}`;
  }, "");
}

/** Whether `path` is `prefix` or lies inside it. */
export function isInside(path: Path, prefix: Path): boolean {
  return prefix.length <= path.length && prefix.every((part, i) => String(part) === String(path[i]));
}

/** The found value in a few words, for the end of `expected …, got …`. */
export function describeValue(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (typeof value === "string") return value.length > 60 ? `"${value.slice(0, 57)}…"` : JSON.stringify(value);
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  return typeof value === "number" || typeof value === "boolean" ? String(value) : "a mapping";
}
