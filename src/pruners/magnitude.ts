import { z } from "zod";
import { definePruner } from "./define.ts";

/** Magnitude pruning: the smallest |w| of each layer are removed. */
export const magnitude = definePruner({
  name: "magnitude",
  version: 1,
  summary: "remove the smallest |w| of each layer",
  source: "Han et al., NeurIPS 2015; Liu et al., ICML 2021",
  options: z.strictObject({}),
  score: ({ weight }) => weight.abs(),
});
