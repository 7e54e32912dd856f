import { InputError } from "../core/errors.ts";
import { countForTarget, type MaskTarget } from "../masks/counts.ts";
import type { AllocatedLayer } from "./define.ts";

/**
 * How many weights stay of all layers together, and at least `least` in each.
 * @throws InputError when that is more than the previous mask keeps, or less than `least` in every layer, or one per layer, take
 */
export function totalCount(layers: readonly AllocatedLayer[], target: MaskTarget, least: number): number {
  const sum = (term: (layer: AllocatedLayer) => number) => layers.reduce((total, layer) => total + term(layer), 0);
  const total = countForTarget(
    "all layers",
    sum((l) => l.size),
    sum((l) => l.remaining),
    target,
  );
  if (total < layers.length)
    throw new InputError({
      where: "all layers",
      message: `expected to keep one weight per layer at least, got ${total} for ${layers.length} layers`,
      hint: "prune less",
    });
  const needed = sum(({ remaining }) => Math.min(least, remaining));
  if (needed > total)
    throw new InputError({
      where: "all layers",
      message: `expected to keep ${least} weights of every layer, which are ${needed}, got ${total} in all`,
      hint: "prune less, or lower `least`",
    });
  return total;
}
