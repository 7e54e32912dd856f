import type { z } from "zod";
import type { MaskTarget } from "../masks/counts.ts";

/** What an allocation sees of one layer. */
export interface AllocatedLayer {
  /** PyTorch parameter name. */
  readonly name: string;
  /** [out, in, kh, kw] or [out, in]. */
  readonly shape: readonly number[];
  /** Weights of the layer. */
  readonly size: number;
  /** Weights that may stay: those that the previous mask keeps, all without one. */
  readonly remaining: number;
  /** The criterion's score of every weight, for an allocation that `needsScores`; larger is worth more. */
  readonly scores?: Float32Array | Float64Array;
  /** 1 where a weight may stay; all by default. */
  readonly eligible?: Uint8Array;
}

/** How the weights that stay are shared out among the layers. Which of them stay in a layer is the criterion's business. */
export interface Allocation<Options extends z.ZodObject = z.ZodObject> {
  /** As written in a spec. Name, version and options enter the identity of every mask made with it. */
  readonly name: string;
  /** Raise it when the same layers, target and options give other counts. */
  readonly version: number;
  /** One line for lists and help. */
  readonly summary: string;
  /** Publication that the method comes from. */
  readonly source: string;
  /** Schema of its options; a strict object. */
  readonly options: Options;
  /** Its counts depend on the scores, so that no plan can know them. */
  readonly needsScores?: true;
  /**
   * How many weights stay in each layer, in [0, `remaining`]; a pure function of its arguments.
   * @throws InputError for a target that cannot be met
   */
  counts(layers: readonly AllocatedLayer[], target: MaskTarget, options: z.output<Options>): readonly number[];
}

/** Declares an allocation; `counts` gets the options as its schema types them. See `uniform.ts` for the shortest one. */
export function defineAllocation<Options extends z.ZodObject>(allocation: Allocation<Options>): Allocation<Options> {
  return allocation;
}
