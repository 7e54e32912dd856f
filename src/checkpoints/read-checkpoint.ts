import type { HostArray, StateDict } from "../core/array.ts";
import { decodeSafetensors } from "../core/safetensors.ts";
import type { Mask } from "../masks/mask.ts";
import { chooseWeights } from "./choose-weights.ts";
import { legacyStart } from "./legacy-storages.ts";
import type { PickleTensor } from "./pickle-values.ts";
import { fromPruneForm } from "./prune-form.ts";
import { readBytes } from "./read-bytes.ts";
import { quoted, refuse, saveWeightsOnly } from "./refuse.ts";
import { tensorBytes } from "./tensor-array.ts";
import { openTorchLegacy, openTorchZip, type TorchFile } from "./torch-file.ts";
import { halfNames, widened } from "./widen.ts";
import { maskOfZerosAndOnes } from "./zero-one.ts";

export type CheckpointFormat = "torch-zip" | "torch-legacy" | "safetensors";

/** Weights of a file, whoever wrote it. */
export interface LoadedCheckpoint {
  /** Arrays by parameter name, in the file's order; float16 and bfloat16 widened to float32, pruned weights 0. */
  readonly tensors: StateDict;
  /** The same in the types of the file. */
  readonly stored: StateDict;
  readonly format: CheckpointFormat;
  /** The mask of a file in the form of torch.nn.utils.prune; `tensors` are under it already. */
  readonly mask?: Mask;
  /** What was done to the names and values on the way, as sentences for the user; empty when nothing. */
  readonly notes: readonly string[];
}

export interface CheckpointOptions {
  /** Which dictionary of a `.pt` file holds the weights, e.g. `ema.state_dict`; `.` for the outermost. */
  readonly key?: string;
}

/**
 * Reads the weights of a `.pt` or `.pth` file of torch.save (both formats) or a safetensors file; the content decides, not
 * the name. Nothing in a file is executed (see unpickle.ts).
 * @throws InputError naming the file, what is wrong in it and where, and the fix
 */
export function readCheckpoint(path: string, options: CheckpointOptions = {}): LoadedCheckpoint {
  return decodeCheckpoint(readBytes(path), path, options);
}

/** As `readCheckpoint`, of a file in memory. */
export function decodeCheckpoint(bytes: Uint8Array, file: string, options: CheckpointOptions = {}): LoadedCheckpoint {
  const { format, tensors, notes } = contents(bytes, file, options);
  const plain = withoutModulePrefix(tensors, notes);
  const pruned = fromPruneForm(plain, file);
  const stored = pruned?.tensors ?? plain;
  if (pruned !== undefined) notes.push("its pruned weights (weight_orig and weight_mask) are 0 and give the mask");
  const half = halfNames(stored);
  if (half.length > 0) notes.push(`${half.length} arrays of float16 or bfloat16 are computed with as float32`);
  return {
    tensors: half.length > 0 ? widened(stored) : stored,
    stored,
    format,
    ...(pruned === undefined ? {} : { mask: pruned.mask }),
    notes,
  };
}

/**
 * A mask: a file of zeros and ones of any type by parameter name, or a checkpoint in the form of torch.nn.utils.prune.
 * @throws InputError as `readCheckpoint`, and naming every array that has another value than 0 and 1
 */
export function readMask(path: string): Mask {
  const { tensors, mask } = readCheckpoint(path);
  return mask ?? maskOfZerosAndOnes(tensors, path);
}

interface Contents {
  readonly format: CheckpointFormat;
  readonly tensors: StateDict;
  readonly notes: string[];
}

function contents(bytes: Uint8Array, file: string, options: CheckpointOptions): Contents {
  if (startsWith(bytes, 0, [0x50, 0x4b, 3, 4])) return torchContents(openTorchZip(bytes, file), bytes, file, options);
  if (startsWith(bytes, 0, legacyStart)) return torchContents(openTorchLegacy(bytes, file), bytes, file, options);
  if (startsWith(bytes, 8, [0x7b])) return safetensorsContents(bytes, file, options);
  if (bytes[0] === 0x80)
    throw refuse(file, "expected a file of torch.save or safetensors, got another pickle", saveWeightsOnly);
  throw refuse(
    file,
    `expected a file of torch.save or safetensors, got ${bytes.length === 0 ? "an empty one" : "neither"}`,
    "name a .pt, .pth or .safetensors file; the content decides, not the name",
  );
}

/** A hostile file may view few elements as very many; no honest one does so by more than this, compression included. */
const MAX_EXPANSION = 100;
const MAX_BYTES = 2 ** 32;

function torchContents(torch: TorchFile, bytes: Uint8Array, file: string, { key }: CheckpointOptions): Contents {
  const weights = chooseWeights(torch.value, file, key);
  const notes: string[] = [];
  if (weights.key !== "") notes.push(`weights are those at key ${quoted(weights.key)}`);
  if (weights.ignored.length > 0)
    notes.push(`ignored, because it is no tensor: ${weights.ignored.slice(0, 5).map(quoted).join(", ")}`);
  checkTotal(weights.tensors, bytes.length, file);
  const arrays = [...weights.tensors].map(([name, tensor]): [string, HostArray] => [
    name,
    torch.array(tensor, `${file}: tensor ${quoted(name)}`),
  ]);
  return { format: torch.format, tensors: new Map(arrays), notes };
}

function checkTotal(tensors: ReadonlyMap<string, PickleTensor>, fileBytes: number, file: string): void {
  const total = [...tensors.values()].reduce((sum, tensor) => sum + tensorBytes(tensor), 0);
  const limit = Math.min(MAX_BYTES, MAX_EXPANSION * fileBytes);
  if (total > limit)
    throw refuse(
      file,
      `expected tensors of at most ${limit} bytes in a file of ${fileBytes}, got ${total}`,
      "save copies instead of expanded views: {name: tensor.contiguous()}",
    );
}

/** Our own checkpoints of a training keep the momentum beside the weights. */
function safetensorsContents(bytes: Uint8Array, file: string, { key }: CheckpointOptions): Contents {
  const notes = key === undefined ? [] : ["--key is not used: a safetensors file has no dictionaries"];
  const { tensors, metadata } = decodeSafetensors(bytes, file);
  if (metadata.format !== "sweepstake-checkpoint-1") return { format: "safetensors", tensors, notes };
  const weights = [...tensors].filter(([name]) => name.startsWith("weights."));
  return {
    format: "safetensors",
    tensors: new Map(weights.map(([name, array]) => [name.slice("weights.".length), array])),
    notes: [...notes, "weights are those of a training's checkpoint, without its momentum"],
  };
}

/** `module.` is what DataParallel puts before every name. */
function withoutModulePrefix(tensors: StateDict, notes: string[]): StateDict {
  const prefix = "module.";
  if (tensors.size === 0 || ![...tensors.keys()].every((name) => name.startsWith(prefix))) return tensors;
  notes.push(`the prefix "${prefix}" of DataParallel is left out of the names`);
  return new Map([...tensors].map(([name, array]) => [name.slice(prefix.length), array]));
}

function startsWith(bytes: Uint8Array, at: number, expected: ArrayLike<number>): boolean {
  return Array.from(expected).every((byte, i) => bytes[at + i] === byte);
}
