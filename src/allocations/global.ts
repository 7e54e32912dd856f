import { z } from "zod";
import { InternalError } from "../core/errors.ts";
import { keepLargest } from "../masks/keep-largest.ts";
import { type AllocatedLayer, defineAllocation } from "./define.ts";
import { totalCount } from "./total.ts";

/**
 * One threshold for the whole network: the largest scores of all layers together stay, equal ones by the order of the layers, then by flat
 * index. A layer may end with no weight at all (layer collapse) unless `least` keeps some.
 */
export const global = defineAllocation({
  name: "global",
  version: 1,
  summary: "one threshold for all layers together",
  source: "Frankle & Carbin, ICLR 2019 (deep networks); Blalock et al., MLSys 2020",
  options: z.strictObject({
    /** Weights that every layer keeps at least, its largest. */
    least: z.int().min(0).default(0),
  }),
  needsScores: true,
  counts: (layers, target, { least }) => {
    const total = totalCount(layers, target, least);
    const kept = layers.map((layer) => Math.min(least, layer.remaining));
    const scores = Float64Array.from(layers.flatMap((layer) => [...scoresOf(layer)]));
    const open = new Uint8Array(scores.length);
    let offset = 0;
    for (const [l, layer] of layers.entries()) {
      const certain = keepLargest(scoresOf(layer), kept[l] ?? 0, layer.eligible);
      for (let i = 0; i < layer.size; i++) open[offset + i] = Number(layer.eligible?.[i] !== 0 && certain[i] === 0);
      offset += layer.size;
    }
    const chosen = keepLargest(scores, total - kept.reduce((sum, n) => sum + n, 0), open);
    offset = 0;
    return layers.map(({ size }, l) => {
      let count = kept[l] ?? 0;
      for (let i = 0; i < size; i++) count += chosen[offset + i] ?? 0;
      offset += size;
      return count;
    });
  },
});

function scoresOf({ name, scores }: AllocatedLayer): Float32Array | Float64Array {
  if (scores === undefined) throw new InternalError(`the global allocation needs scores of ${name}, got none`);
  return scores;
}
