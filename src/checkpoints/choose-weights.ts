import type { InputError } from "../core/errors.ts";
import { suggest } from "../core/nearest.ts";
import { below } from "./names.ts";
import { PickleDict, PickleForeign, PickleTensor, type PickleValue } from "./pickle-values.ts";
import { quoted, refuse, saveWeightsOnly } from "./refuse.ts";

/** Where checkpoints keep the weights by custom; taken without asking when exactly one of them is there. */
const customary = ["state_dict", "model_state_dict", "model"];

/** How the outermost dictionary is named in `--key`. */
export const ROOT = ".";

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
    if (dict !== undefined) return chosen(dict, path, file);
    const part = partOf(root, key, file);
    if (part === undefined)
      throw refuse(
        file,
        `has no dictionary of tensors at key ${quoted(key)}`,
        `${suggest(key, shownKeys(candidates))}; a key of one file alone is written behind it: FILE#KEY`,
      );
    return part;
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

/** Where masks are kept by custom. */
const customaryMasks = ["mask", "masks"];

const maskForm =
  "a mask file has zeros and ones by the names of the weights: torch.save({name: mask, ...}), one dictionary, or one per layer";

/**
 * The mask in what torch.save has saved: what `key` names, else what lies at `mask` or `masks`, else all of it. Dictionaries of single layers
 * are joined: `{"fc1": {"weight": m}}` is `fc1.weight`.
 * @throws InputError when there is nothing at `key`, or no tensor
 */
export function chooseMask(root: PickleValue, file: string, key?: string): ChosenWeights {
  if (!(root instanceof PickleDict))
    throw refuse(file, `expected a dictionary of masks, got ${kindOf(root)}`, maskForm);
  const customary = customaryMasks.find((name) => root.entries.get(name) instanceof PickleDict);
  const path = key === ROOT ? "" : (key ?? customary ?? "");
  const dict = path === "" ? root : dictAt(root, path);
  const tensors = dict === undefined ? new Map<string, PickleTensor>() : new Map(joined(dict, "", 0));
  if (tensors.size === 0) throw refuse(file, `has no masks${path === "" ? "" : ` at key ${quoted(path)}`}`, maskForm);
  return { tensors, key: path, ignored: [] };
}

function dictAt(root: PickleDict, path: string): PickleDict | undefined {
  let dict: PickleValue | undefined = root;
  for (const part of path.split(".")) dict = dict instanceof PickleDict ? dict.entries.get(part) : undefined;
  return dict instanceof PickleDict ? dict : undefined;
}

/** All tensors below a dictionary by their joined names. */
function* joined(dict: PickleDict, prefix: string, depth: number): Generator<[string, PickleTensor]> {
  for (const [name, value] of dict.entries) {
    if (typeof name !== "string") continue;
    if (value instanceof PickleTensor) yield [prefix + name, value];
    else if (value instanceof PickleDict && depth < MAX_DEPTH) yield* joined(value, `${prefix}${name}.`, depth + 1);
  }
}

/** Of a flat dictionary the tensors whose names begin with `key.`: `ema_model` of `ema_model.conv.weight`. */
function partOf(root: PickleDict, key: string, file: string): ChosenWeights | undefined {
  const dicts = [...candidatesIn(root)].map(([, dict]) => below(chosen(dict, "", file).tensors, key));
  const [only, ...others] = dicts.filter(({ size }) => size > 0);
  return only === undefined || others.length > 0 ? undefined : { tensors: only, key, ignored: [] };
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
    else ignored.push(value instanceof PickleForeign ? `${name} (${value.name})` : name);
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
    `say which one: FILE#NAME or --key NAME${candidates.has("") ? `; for the outermost --key ${ROOT}` : ""}`,
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
  if (value instanceof PickleForeign) return `an object of ${quoted(value.name)}`;
  if (value === null) return "None";
  return typeof value === "object"
    ? `a ${value.constructor.name.replace("Pickle", "").toLowerCase()}`
    : `a ${typeof value}`;
}
