import type { Mask } from "../masks/mask.ts";
import { type CheckpointOptions, readCheckpoint } from "./read-checkpoint.ts";
import { maskOfZerosAndOnes } from "./zero-one.ts";

export interface LoadedMask {
  readonly mask: Mask;
  /** What was done while reading, as sentences for the user. */
  readonly notes: readonly string[];
}

/**
 * A mask: a file of zeros and ones of any type by name, in one dictionary or one per layer, or a checkpoint in the form of
 * torch.nn.utils.prune.
 * @param options `key` says where in a `.pt` file it is
 * @throws InputError as `readCheckpoint`, and naming every array that has another value than 0 and 1
 */
export function readMask(path: string, options: CheckpointOptions = {}): LoadedMask {
  const { tensors, mask, notes } = readCheckpoint(path, { ...options, isMask: true });
  return { mask: mask ?? maskOfZerosAndOnes(tensors, path), notes };
}
