import { parseDocument } from "yaml";
import type { Issue } from "../core/errors.ts";
import { isInside, type Path } from "./problem.ts";
import { expandShorthands } from "./shorthand.ts";
import { withValueAt } from "./tree.ts";

/** One `--set a.b=c`, read. */
export interface Override {
  /** As the user wrote it, e.g. `--set train.epochs=3`. */
  readonly label: string;
  readonly path: Path;
}

/**
 * Writes every `a.b=c` over the spec, in order; the values are YAML (`--set "train.schedule.milestones=[8, 12]"`).
 * Entries of lists are addressed as `prune[0].iterative.rate` or `prune.0.iterative.rate`.
 */
export function applyOverrides(
  tree: unknown,
  texts: readonly string[],
): { readonly tree: unknown; readonly overrides: readonly Override[]; readonly issues: readonly Issue[] } {
  let result = expandShorthands(tree);
  const overrides: Override[] = [];
  const issues: Issue[] = [];
  for (const text of texts) {
    const label = `--set ${text}`;
    const equals = text.indexOf("=");
    const path = parsePath(text.slice(0, Math.max(equals, 0)));
    if (equals < 0 || path === undefined) {
      const hint = "for example --set train.epochs=10";
      issues.push({ where: label, message: "expected path=value, the path as in the spec", hint });
      continue;
    }
    const twice = overrides.find((other) => isInside(path, other.path) && isInside(other.path, path));
    if (twice !== undefined) {
      issues.push({
        where: label,
        message: `expected each field once, got it after ${twice.label}, too`,
        hint: "leave one of them out",
      });
      continue;
    }
    const document = parseDocument(text.slice(equals + 1), { version: "1.2", prettyErrors: false, logLevel: "error" });
    const [error] = [...document.errors, ...document.warnings];
    if (error !== undefined) {
      issues.push({ where: label, message: `not valid YAML after "=": ${error.message.replace(/\.?\s*$/, "")}` });
      continue;
    }
    let value: unknown;
    try {
      value = document.toJS({ maxAliasCount: 100 });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      issues.push({
        where: label,
        message: `not valid YAML after "=": ${reason}`,
        hint: "a text that begins with * or & needs quotes",
      });
      continue;
    }
    const changed = withValueAt(result, path, value);
    if (changed === undefined) {
      issues.push({ where: label, message: "expected a path of the spec, got one that leads nowhere" });
      continue;
    }
    result = expandShorthands(changed.tree);
    overrides.push({ label, path });
  }
  return { tree: result, overrides, issues };
}

/** The override that wrote the value at `path`, if any: the last one wins. */
export function overrideOf(overrides: readonly Override[], path: Path): Override | undefined {
  return overrides.findLast((override) => isInside(path, override.path));
}

/** `a.b[2].c` to its parts; the keys of `sweep` and of the cases are paths themselves and stay whole. */
function parsePath(text: string): Path | undefined {
  if (!/^[^.[\]]+(\.[^.[\]]+|\[\d+\])*$/.test(text)) return undefined;
  if (text.startsWith("sweep.")) return ["sweep", text.slice("sweep.".length)];
  const [, index, key] = /^cases(?:\.|\[)(\d+)\]?\.(.+)$/.exec(text) ?? [];
  if (key !== undefined) return ["cases", Number(index), key];
  return text
    .replaceAll(/\[(\d+)\]/g, ".$1")
    .split(".")
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}
