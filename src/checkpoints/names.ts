import type { InputError } from "../core/errors.ts";
import { quoted, refuse } from "./refuse.ts";

/** What wrappers put before every name: DataParallel and AveragedModel, and torch.compile. */
const wrappers: Readonly<Record<string, string>> = { "module.": "DataParallel", "_orig_mod.": "torch.compile" };

/** A counter that AveragedModel keeps beside the model that it wraps. */
const AVERAGED = "n_averaged";

/**
 * The prefixes of wrappers that all names have, outermost first; several where a model was wrapped more than once. What is left of the
 * names is the model's own.
 */
export function wrapperPrefixes(names: readonly string[]): readonly string[] {
  const prefixes: string[] = [];
  let rest = names.filter((name) => name !== AVERAGED);
  for (;;) {
    const prefix = Object.keys(wrappers).find((one) => rest.length > 0 && rest.every((name) => name.startsWith(one)));
    if (prefix === undefined) return prefixes;
    prefixes.push(prefix);
    rest = rest.map((name) => name.slice(prefix.length));
  }
}

/** The sentence that says which prefixes are left out. */
export function prefixNote(prefixes: readonly string[]): string {
  const one = (prefix: string) => `${quoted(prefix)} of ${wrappers[prefix] ?? "a wrapper"}`;
  return `left out of the names: ${prefixes.map(one).join(", ")}`;
}

/** Entries without these prefixes; the counter beside a wrapped model is left out. */
export function withoutPrefixes<T>(
  entries: ReadonlyMap<string, T>,
  prefixes: readonly string[],
): ReadonlyMap<string, T> {
  if (prefixes.length === 0) return entries;
  const length = prefixes.join("").length;
  return new Map(
    [...entries].flatMap(([name, value]): [string, T][] => (name === AVERAGED ? [] : [[name.slice(length), value]])),
  );
}

/** Entries below a name, without it: `ema_model` of `ema_model.conv.weight`. */
export function below<T>(entries: ReadonlyMap<string, T>, name: string): ReadonlyMap<string, T> {
  const prefix = `${name}.`;
  return new Map(
    [...entries].flatMap(([key, value]): [string, T][] =>
      key.startsWith(prefix) ? [[key.slice(prefix.length), value]] : [],
    ),
  );
}

/**
 * Refuses a dictionary that is two or more copies of one model (`online_model.…` and `ema_model.…`): pruned together, one of them would be
 * taken for a part of the other.
 * @param shapes of the arrays by name
 */
export function checkOneModel(shapes: ReadonlyMap<string, readonly number[]>, file: string): void {
  const copies = copiesIn(shapes);
  if (copies.length > 1) throw severalCopies(copies, file);
}

function copiesIn(shapes: ReadonlyMap<string, readonly number[]>): readonly string[] {
  const arrays = [...shapes].filter(([, shape]) => shape.length > 0);
  const heads = [...new Set(arrays.map(([name]) => name.split(".")[0] ?? ""))];
  if (heads.length < 2) return [];
  const contents = heads.map((head) =>
    JSON.stringify([...below(new Map(arrays), head)].sort(([a], [b]) => (a < b ? -1 : 1))),
  );
  // A single layer each (two linear layers of one shape) is no model.
  const isModel = heads.every(
    (head) => new Set([...below(shapes, head).keys()].filter((name) => name.includes("."))).size > 1,
  );
  return isModel && new Set(contents).size === 1 ? heads : [];
}

function severalCopies(copies: readonly string[], file: string): InputError {
  return refuse(
    file,
    `holds the same model ${copies.length} times: ${copies.map(quoted).join(", ")}`,
    `say which one: --key ${copies.at(-1) ?? "NAME"}; for all of it as one model --key .`,
  );
}
