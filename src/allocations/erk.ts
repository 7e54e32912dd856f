import { z } from "zod";
import { type AllocatedLayer, defineAllocation } from "./define.ts";
import { totalCount } from "./total.ts";

/**
 * Erdős-Rényi-Kernel: the density of a layer is proportional to (out + in + kh + kw) / (out · in · kh · kw), so that small layers keep more
 * and the sum is the target. A layer that would have to keep more than it has keeps all, and the others share the rest. Shares are rounded
 * down, and the largest remainders, in the order of the layers, get one more, until the sum is exact.
 */
export const erk = defineAllocation({
  name: "erk",
  version: 1,
  summary: "Erdős-Rényi-Kernel: small layers keep more, by their dimensions",
  source: "Mocanu et al., Nature Communications 2018; Evci et al., ICML 2020",
  options: z.strictObject({
    /** Weights that every layer keeps at least. */
    least: z.int().min(0).default(0),
  }),
  counts: (layers, target, { least }) => {
    const total = totalCount(layers, target, least);
    const shares = bounded(layers, total, least);
    const counts = shares.map(Math.floor);
    const order = shares
      .map((share, l) => ({ l, remainder: share - Math.floor(share) }))
      .filter(({ remainder }) => remainder > 0)
      .sort((a, b) => b.remainder - a.remainder || a.l - b.l);
    let open = total - counts.reduce((sum, n) => sum + n, 0);
    for (const { l } of order) {
      if (open <= 0) break;
      counts[l] = (counts[l] ?? 0) + 1;
      open--;
    }
    return counts;
  },
});

/** Density · size before scaling: the sum of the dimensions. */
function weightOf({ shape }: AllocatedLayer): number {
  return shape.reduce((sum, length) => sum + length, 0);
}

/** Real shares in proportion to the layers' weights, each between `least` and what may stay, with the sum `total`. */
function bounded(layers: readonly AllocatedLayer[], total: number, least: number): readonly number[] {
  const fixed = new Map<AllocatedLayer, number>();
  for (;;) {
    const free = layers.filter((layer) => !fixed.has(layer));
    const rest = total - [...fixed.values()].reduce((sum, n) => sum + n, 0);
    const scale = rest / free.reduce((sum, layer) => sum + weightOf(layer), 0);
    const share = (layer: AllocatedLayer) => scale * weightOf(layer);
    // Full layers first: what they cannot take raises the others, so that a layer below `least` may not be one any more.
    const full = free.filter((layer) => share(layer) > layer.remaining);
    const low = free.filter((layer) => share(layer) < Math.min(least, layer.remaining));
    if (full.length > 0) for (const layer of full) fixed.set(layer, layer.remaining);
    else if (low.length > 0) for (const layer of low) fixed.set(layer, Math.min(least, layer.remaining));
    else return layers.map((layer) => fixed.get(layer) ?? share(layer));
  }
}
