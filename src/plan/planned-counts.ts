import { allocations } from "../allocations/index.ts";
import { totalCount } from "../allocations/total.ts";
import { keptAfterRemoving, keptCount } from "../masks/counts.ts";
import type { AllocationChoice, MaskTarget } from "../spec/types.ts";

export interface SizedLayer {
  readonly name: string;
  readonly shape: readonly number[];
  readonly size: number;
}

/**
 * How many weights a mask will keep in each layer, as far as shapes tell; undefined where it takes scores.
 * @param last what the previous mask keeps; all without one
 * @throws InputError for a target that the allocation cannot meet
 */
export function plannedCounts(
  layers: readonly SizedLayer[],
  allocation: AllocationChoice | undefined,
  target: MaskTarget,
  last: readonly number[] | undefined,
): readonly number[] | undefined {
  // A uniform target that leaves a layer empty is refused when the mask is made, so that the others go on.
  if (allocation === undefined)
    return layers.map(({ size }, i) =>
      "sparsity" in target
        ? keptCount(size, target.sparsity)
        : keptAfterRemoving(last?.[i] ?? size, target.removeFraction),
    );
  const method = allocations.get(allocation.name);
  const options = method.options.parse(allocation.options);
  const allocated = layers.map((layer, i) => ({ ...layer, remaining: last?.[i] ?? layer.size }));
  if (method.needsScores !== true) return method.counts(allocated, target, options);
  // Of later rounds only the scores know what remains of each layer.
  if ("sparsity" in target) totalCount(allocated, target, 0);
  return undefined;
}
