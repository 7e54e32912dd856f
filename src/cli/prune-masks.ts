import { fitMask } from "../checkpoints/fit-mask.ts";
import type { LoadedCheckpoint } from "../checkpoints/read-checkpoint.ts";
import { readMask } from "../checkpoints/read-mask.ts";
import { listed } from "../checkpoints/refuse.ts";
import type { Ties } from "../checkpoints/ties.ts";
import type { StateDict } from "../core/array.ts";
import { InputError } from "../core/errors.ts";
import { keptCount } from "../masks/counts.ts";
import { type LayerMask, Mask } from "../masks/mask.ts";
import type { PrunedLayer, PruneOptions } from "./prune-file.ts";

/** The mask that a file is pruned under already: its own, or the one that is named; none for a dense file. @param layers those that are pruned now */
export function previousMask(
  path: string,
  { mask, tensors, ties }: LoadedCheckpoint,
  layers: readonly string[],
  { previous, maskKey }: PruneOptions,
): { readonly mask: Mask | undefined; readonly notes: readonly string[] } {
  if (previous === undefined) return { mask, notes: [] };
  if (mask !== undefined)
    throw new InputError({
      where: "--previous",
      message: `${path} has a mask of its own already`,
      hint: "leave --previous out: its pruned weights stay pruned",
    });
  const read = readMask(previous, maskKey === undefined ? {} : { key: maskKey });
  const fitted = fitMask(read.mask, tensors, previous, ties);
  const without = layers.filter((name) => !fitted.mask.has(name));
  const partial = without.length === 0 ? [] : [`${previous}: has no mask of ${listed(without)}: dense so far`];
  return {
    mask: fitted.mask,
    notes: [...read.notes.map((note) => `${previous}: ${note}`), ...fitted.notes, ...partial],
  };
}

/** What is kept of each layer at most: its weights that are not 0, and of these those that the previous mask keeps. */
export function nonZeroMask(tensors: StateDict, layers: readonly string[], previous: Mask | undefined): Mask {
  return new Mask(
    layers.flatMap((name): [string, LayerMask][] => {
      const array = tensors.get(name);
      if (array === undefined) return [];
      const before = previous?.has(name) === true ? previous.keep(name) : undefined;
      const keep = Uint8Array.from(array.data as ArrayLike<number>, (w, i) => Number(w !== 0 && before?.[i] !== 0));
      return [[name, { shape: array.shape, keep }]];
    }),
  );
}

/** Whether zeros alone, beyond a previous mask, leave less of a layer than is asked for. */
export function isTooSparse(name: string, nonZero: Mask, previous: Mask | undefined, sparsity: number): boolean {
  const wanted = keptCount(nonZero.size(name), sparsity);
  const before = previous?.has(name) === true ? previous.keptCount(name) : nonZero.size(name);
  return nonZero.keptCount(name) < wanted && wanted <= before;
}

export function sparseNote(name: string, nonZero: Mask, sparsity: number): string {
  const share = removed(nonZero.size(name), nonZero.keptCount(name));
  return `${(100 * share).toFixed(2)} % of ${name} are 0 already, more than the ${100 * sparsity} % asked for: its mask is what is not 0`;
}

export function zerosOf(tensors: StateDict, name: string, mask: Mask): PrunedLayer["zeros"] {
  const data = (tensors.get(name)?.data ?? []) as ArrayLike<number>;
  const keep = mask.has(name) ? mask.keep(name) : undefined;
  let [before, after] = [0, 0];
  for (let i = 0; i < data.length; i++) {
    if (data[i] === 0) before++;
    if (data[i] === 0 || keep?.[i] === 0) after++;
  }
  return { before, after };
}

/** Weights that two layers share in different layouts have no mask of their own. */
export function checkViews(path: string, layers: readonly string[], { overlapping }: Ties): void {
  const shared = overlapping.filter(([a, b]) => layers.includes(a) || layers.includes(b));
  if (shared.length === 0) return;
  throw new InputError(
    shared.map(([a, b]) => ({
      where: `${path}: ${b}`,
      message: `shares memory with ${a} in another layout (a transposed or partial view), so that one mask would change the other`,
      hint: `protect both: --protect ${a},${b} (with first-conv where it applies)`,
    })),
  );
}

export function notTaken(others: readonly { readonly name: string; readonly reason: string }[]): string {
  return `not taken for layers: ${listed(others.map(({ name, reason }) => `${name} (${reason})`))}; --layers NAMES takes them`;
}

/** Values that are no numbers in what is not pruned: nobody would look there. */
export function notFinite(tensors: StateDict, layers: readonly string[]): readonly string[] {
  const bad = [...tensors].filter(([name, { dtype, data }]) => {
    return (
      !layers.includes(name) && (dtype === "float32" || dtype === "float64") && data.some((w) => !Number.isFinite(w))
    );
  });
  return bad.length === 0 ? [] : [`NaN or infinity in ${listed(bad.map(([name]) => name))}`];
}

/** Some layers of a mask. */
export function pick(mask: Mask, names: readonly string[]): Mask {
  return new Mask(names.map((name) => [name, { shape: mask.shape(name), keep: mask.keep(name) }]));
}

/** A mask of one name of an array is one of all its names. */
export function withAliases(mask: Mask, { same }: Ties): Mask {
  const all = new Map(
    mask.keys.map((name): [string, LayerMask] => [name, { shape: mask.shape(name), keep: mask.keep(name) }]),
  );
  for (const [alias, first] of same) {
    const name = [alias, first, ...[...same].filter(([, other]) => other === first).map(([other]) => other)].find(
      (one) => mask.has(one),
    );
    const layer = name === undefined ? undefined : all.get(name);
    if (layer === undefined) continue;
    all.set(alias, layer);
    all.set(first, layer);
  }
  return new Mask([...all]);
}

/** The made mask, and of the previous one the layers that were not pruned now: pruned weights stay pruned. */
export function withOthers(made: Mask, previous: Mask | undefined): Mask {
  const layer = (mask: Mask, name: string): [string, LayerMask] => [
    name,
    { shape: mask.shape(name), keep: mask.keep(name) },
  ];
  const others = (previous?.keys ?? []).filter((name) => !made.has(name));
  return new Mask([
    ...made.keys.map((name) => layer(made, name)),
    ...others.flatMap((name) => (previous === undefined ? [] : [layer(previous, name)])),
  ]);
}

export function removed(size: number, kept: number): number {
  return size === 0 ? 0 : 1 - kept / size;
}
