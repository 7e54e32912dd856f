import type { z } from "zod";
import type { Tensor } from "../tensor/tensor.ts";

/** What a pruner sees of one layer. */
export interface LayerToScore<Options> {
  /** PyTorch parameter name. */
  readonly name: string;
  /** Trained weights, shape [out, in, kh, kw] or [out, in]; not to be modified. */
  readonly weight: Tensor;
  readonly options: Options;
  /** The replicate's seed, for a method that `needsSeed`; 0 for others. */
  readonly seed: number;
}

/**
 * A pruning method that judges trained weights. How many weights stay, which layers are protected, that pruned weights
 * stay pruned, and storage are not its business (see `makeMask`).
 */
export interface Pruner<Options extends z.ZodObject = z.ZodObject> {
  /** As written in a spec. Name, version and options enter the identity of every mask made with it. */
  readonly name: string;
  /** Raise it when the same weights and options give other scores. */
  readonly version: number;
  /** One line for lists and help. */
  readonly summary: string;
  /** Publication that the method comes from. */
  readonly source: string;
  /** Schema of its options; a strict object, so that misspelt options are refused. */
  readonly options: Options;
  /** Scores of different layers cannot be compared, so that no threshold can be global. */
  readonly perLayer?: true;
  /** Its scores depend on the seed, which then enters the identity of the mask. */
  readonly needsSeed?: true;
  /**
   * A score for every weight, of the same shape; the largest are kept, equal ones by lower flat index. It must be a pure
   * function of its arguments (draws come from `stream()`), and must give no NaN for finite weights.
   * It runs inside a `scope()`: intermediate tensors are freed.
   */
  score(layer: LayerToScore<z.output<Options>>): Tensor;
}

/** Declares a pruning method; `score` gets the options as its schema types them. See `magnitude.ts` for the shortest one. */
export function definePruner<Options extends z.ZodObject>(pruner: Pruner<Options>): Pruner<Options> {
  return pruner;
}
