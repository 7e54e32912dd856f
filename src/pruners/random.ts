import { z } from "zod";
import { stream } from "../core/rng.ts";
import { Tensor } from "../tensor/tensor.ts";
import { definePruner } from "./define.ts";

/**
 * The control for every criterion: a uniformly random choice of as many weights per layer, a function of the replicate's seed and the
 * layer's name alone. The same ranks serve every sparsity, so that masks of one seed are nested, and in iterative pruning what stays of
 * the previous mask is again a uniformly random choice.
 */
export const random = definePruner({
  name: "random",
  version: 1,
  summary: "remove uniformly random weights of each layer",
  source: "the random-pruning control of Frankle & Carbin, ICLR 2019, and Liu et al., ICLR 2019",
  options: z.strictObject({}),
  needsSeed: true,
  perLayer: true,
  score: ({ name, weight: { shape }, seed }) => {
    const ranks = stream(seed, "random mask", name).permutation(shape.reduce((size, length) => size * length, 1));
    return Tensor.fromHost({ dtype: "float64", shape, data: Float64Array.from(ranks) });
  },
});
