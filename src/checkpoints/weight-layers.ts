import { elementCount, type StateDict } from "../core/array.ts";
import type { LayerSummary } from "../models/types.ts";

/**
 * The layers that weights of an unknown model have, in their order: floating arrays of two or more dimensions, not empty, are the
 * weights of linear layers (two) and convolutions (more); biases and batch-norm have one.
 */
export function weightLayers(state: StateDict): readonly LayerSummary[] {
  return [...state]
    .filter(([, { dtype, shape }]) => shape.length >= 2 && elementCount(shape) > 0 && /^b?float/.test(dtype))
    .map(([name, { shape }]) => ({ name, kind: shape.length === 2 ? "linear" : "conv", shape }));
}
