import type { InputError } from "../core/errors.ts";
import { suggest } from "../core/nearest.ts";
import { PickleDict, PickleTensor, type PickleValue } from "./pickle-values.ts";
import { quoted, refuse, saveWeightsOnly } from "./refuse.ts";

/** Where checkpoints keep the weights by custom; taken without asking when exactly one of them is there. */
const customary = ["state_dict", "model_state_dict", "model"];

/** How the outermost dictionary is named in `--key`. */
const ROOT = ".";

/** How many dictionaries deep weights are looked for. */
const MAX_DEPTH = 3;

export interface ChosenWeights {
  readonly tensors: ReadonlyMap<string, PickleTensor>;
  /** Keys from the root to the dictionary, joined by dots; empty for the root. */
  readonly key: string;
  /** Names beside the tensors whose values are not tensors. */
  readonly ignored: readonly string[];
}

/**
 * The dictionary of weights in what torch.save has saved: the one that `key` names; else the root when it holds tensors and
 * no dictionary of tensors; else the customary one; else the only one there is. Optimizers number their parameters, so
 * dictionaries below a number are none of weights.
 * @param key as in `--key`, e.g. `ema.state_dict`
 * @throws InputError that lists the candidates when the choice is not clear or `key` names none of them
 */
export function chooseWeights(root: PickleValue, file: string, key?: string): ChosenWeights {
  if (!(root instanceof PickleDict))
    throw refuse(file, `expected a dictionary of tensors, got ${kindOf(root)}`, saveWeightsOnly);
  const candidates = new Map([...candidatesIn(root)]);
  if (key !== undefined) {
    const path = key === ROOT ? "" : key;
    const dict = candidates.get(path);
    if (dict === undefined)
      throw refuse(file, `has no dictionary of tensors at key ${quoted(key)}`, suggest(key, shownKeys(candidates)));
    return chosen(dict, path, file);
  }
  if (candidates.size === 0)
    throw refuse(
      file,
      `expected a dictionary of tensors, got one with ${[...root.entries.keys()].slice(0, 4).map(shownKey).join(", ") || "nothing"}`,
      saveWeightsOnly,
    );
  const usual = customary.filter((name) => candidates.has(name));
  const all = [...candidates.keys()];
  const only = all.length === 1 ? all[0] : usual.length === 1 ? usual[0] : undefined;
  const dict = only === undefined ? undefined : candidates.get(only);
  if (only === undefined || dict === undefined) throw ambiguous(candidates, file);
  return chosen(dict, only, file);
}

/** Every dictionary with a tensor in it, by its joined keys. A dictionary that is there twice counts once. */
function* candidatesIn(root: PickleDict): Generator<[string, PickleDict]> {
  const seen = new Set([root]);
  const level: { path: string; dict: PickleDict; depth: number }[] = [{ path: "", dict: root, depth: 0 }];
  for (const { path, dict, depth } of level) {
    const values = [...dict.entries];
    if (values.some(([, value]) => value instanceof PickleTensor)) yield [path, dict];
    if (depth === MAX_DEPTH) continue;
    for (const [name, value] of values) {
      if (typeof name !== "string" || !(value instanceof PickleDict) || seen.has(value)) continue;
      seen.add(value);
      level.push({ path: path === "" ? name : `${path}.${name}`, dict: value, depth: depth + 1 });
    }
  }
}

function chosen(dict: PickleDict, key: string, file: string): ChosenWeights {
  const tensors = new Map<string, PickleTensor>();
  const ignored: string[] = [];
  for (const [name, value] of dict.entries) {
    if (typeof name !== "string")
      throw refuse(file, `expected names of tensors as keys, got ${shownKey(name)}`, saveWeightsOnly);
    if (value instanceof PickleTensor) tensors.set(name, value);
    else ignored.push(name);
  }
  return { tensors, key, ignored };
}

function ambiguous(candidates: ReadonlyMap<string, PickleDict>, file: string): InputError {
  const list = [...candidates]
    .slice(0, 10)
    .map(([path, { entries }]) => `${shownPath(path)} (${entries.size} entries)`);
  return refuse(
    file,
    `holds several dictionaries of tensors: ${list.join(", ")}`,
    `say which one: --key NAME; for the outermost --key ${ROOT}`,
  );
}

function shownKeys(candidates: ReadonlyMap<string, PickleDict>): string[] {
  return [...candidates.keys()].slice(0, 10).map(shownPath);
}

function shownPath(path: string): string {
  return path === "" ? ROOT : path;
}

function shownKey(key: PickleValue): string {
  return typeof key === "string" ? quoted(key) : kindOf(key);
}

function kindOf(value: PickleValue): string {
  if (value instanceof PickleTensor) return "a single tensor";
  if (value === null) return "None";
  return typeof value === "object"
    ? `a ${value.constructor.name.replace("Pickle", "").toLowerCase()}`
    : `a ${typeof value}`;
}
