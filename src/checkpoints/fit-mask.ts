import { type StateDict, sameShape } from "../core/array.ts";
import { InputError } from "../core/errors.ts";
import { type LayerMask, Mask } from "../masks/mask.ts";
import { listed } from "./refuse.ts";
import { noTies, type Ties } from "./ties.ts";

const MASK = "_mask";
const WEIGHT = ".weight";

export interface FittedMask {
  /** By the names of the weights. */
  readonly mask: Mask;
  readonly notes: readonly string[];
}

/**
 * A mask by the names of the weights that it belongs to. A name fits a weight's when they are equal, or become so by leaving out what all
 * names of the mask (or of the weights) begin with, the ending `_mask`, or the ending `.weight` of a module's weight. All names must fit by
 * one such prefix, with equal shapes: a mask that fits in part belongs to another network.
 * @param file of the mask, for errors
 * @param ties names of one array: a mask for one is a mask for all
 * @throws InputError that lists which names fit and which do not
 */
export function fitMask(mask: Mask, weights: StateDict, file: string, ties: Ties = noTies): FittedMask {
  const attempts = prefixPairs(mask.keys, [...weights.keys()]).map(([left, right]) =>
    attempt(mask, weights, left, right),
  );
  const best = attempts.reduce((a, b) => (b.misfits.length < a.misfits.length ? b : a));
  if (best.misfits.length > 0) throw misfit(mask, weights, file, best);
  const same = new Map<string, string[]>();
  for (const [name, first] of ties.same) same.set(first, [...(same.get(first) ?? [first]), name]);
  const layers = new Map<string, LayerMask>();
  for (const [maskName, name] of best.fits) {
    const layer = { shape: mask.shape(maskName), keep: mask.keep(maskName) };
    for (const alias of same.get(ties.same.get(name) ?? name) ?? [name]) layers.set(alias, layer);
  }
  const renamed = [...best.fits].filter(([from, to]) => from !== to);
  const example = renamed[0];
  const notes =
    example === undefined
      ? []
      : [`${file}: ${renamed.length} names are fitted to the weights, ${example[0]} to ${example[1]}`];
  return { mask: new Mask([...layers]), notes };
}

/**
 * Refuses layers that a mask does not name: taken as dense they would be mixed with masked ones under one heading.
 * @throws InputError that lists them
 */
export function checkCovers(mask: Mask, layers: readonly string[], file: string): void {
  const missing = layers.filter((name) => !mask.has(name));
  if (missing.length === 0) return;
  throw new InputError({
    where: file,
    message: `expected a mask for every layer, got none for ${listed(missing)}`,
    hint: `leave these out with --protect (it replaces first-conv, so name that as well where it applies)`,
  });
}

interface Attempt {
  /** Names of the weights by names of the mask. */
  readonly fits: ReadonlyMap<string, string>;
  readonly misfits: readonly string[];
}

function attempt(mask: Mask, weights: StateDict, maskPrefix: string, weightPrefix: string): Attempt {
  const fits = new Map<string, string>();
  const misfits: string[] = [];
  for (const name of mask.keys) {
    const bare = name.slice(maskPrefix.length);
    const forms = [bare, ...(bare.endsWith(MASK) ? [bare.slice(0, -MASK.length)] : [])];
    const candidates = forms.flatMap((form) => [form, form + WEIGHT]).map((form) => weightPrefix + form);
    const found = candidates.find((one) => sameShape(weights.get(one)?.shape ?? [-1], mask.shape(name)));
    if (found === undefined || [...fits.values()].includes(found)) misfits.push(name);
    else fits.set(name, found);
  }
  return { fits, misfits };
}

/** Prefixes to leave out of the mask's names and to put before them: none first, then what all names of either side begin with. */
function prefixPairs(mask: readonly string[], weights: readonly string[]): readonly (readonly [string, string])[] {
  const [left, right] = [commonPrefixes(mask), commonPrefixes(weights)];
  return left.flatMap((a) => right.map((b) => [a, b] as const));
}

/** `""`, `net.`, `net.features.`, …: every beginning, whole names of modules, that all names share. */
export function commonPrefixes(names: readonly string[]): readonly string[] {
  const [first = "", ...others] = names;
  const parts = first.split(".").slice(0, -1);
  const prefixes = parts.map((_, i) => `${parts.slice(0, i + 1).join(".")}.`);
  return ["", ...prefixes.filter((prefix) => others.every((name) => name.startsWith(prefix)))];
}

function misfit(mask: Mask, weights: StateDict, file: string, { fits, misfits }: Attempt): InputError {
  const shown = (name: string) => `${name} [${mask.shape(name).join(", ")}]`;
  const fitting = fits.size === 0 ? "none of its names fit" : `${listed([...fits.keys()])} fit`;
  const matrices = [...weights].filter(([, { shape }]) => shape.length > 1);
  return new InputError({
    where: file,
    message: `expected a mask of these weights, got one with ${listed(misfits.map(shown))}, which no weight has (${fitting})`,
    hint: `weights: ${listed(matrices.map(([name, { shape }]) => `${name} [${shape.join(", ")}]`))}`,
  });
}
