import { z } from "zod";
import { Tensor } from "../tensor/tensor.ts";
import { definePruner } from "./define.ts";

/**
 * Layer-adaptive magnitude: w² over the sum of the squares of all weights of the layer that are as large. In a layer the order is that of
 * the magnitude, and the largest weight has score 1, so that a global threshold leaves every layer one weight at least. Of equal weights
 * the one with the lower flat index counts as the larger, as where masks are made. Sums are in float64.
 */
export const lamp = definePruner({
  name: "lamp",
  version: 1,
  summary: "w² over the squares of all weights of the layer that are as large; for allocation: global",
  source: "Lee et al., ICLR 2021",
  options: z.strictObject({}),
  score: ({ weight }) => {
    const { shape, data } = weight.toHost();
    const values = Float64Array.from(data as ArrayLike<number>, Math.abs);
    const order = Uint32Array.from(values, (_, i) => i).sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0) || a - b);
    const scores = new Float64Array(values.length);
    let sum = 0;
    for (const i of order) {
      const square = (values[i] ?? 0) ** 2;
      sum += square;
      scores[i] = sum === 0 ? 0 : square / sum;
    }
    return Tensor.fromHost({ dtype: "float64", shape, data: scores });
  },
});
