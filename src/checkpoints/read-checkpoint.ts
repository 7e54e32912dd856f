import type { HostArray, StateDict } from "../core/array.ts";
import { decodeSafetensors } from "../core/safetensors.ts";
import { inStatedOrder } from "../core/safetensors-order.ts";
import type { Mask } from "../masks/mask.ts";
import { chooseMask, chooseWeights, ROOT } from "./choose-weights.ts";
import { legacyStart } from "./legacy-storages.ts";
import { below, checkOneModel, prefixNote, withoutPrefixes, wrapperPrefixes } from "./names.ts";
import type { PickleTensor } from "./pickle-values.ts";
import { fromPruneForm } from "./prune-form.ts";
import { readBytes } from "./read-bytes.ts";
import { listed, quoted, refuse, saveWeightsOnly } from "./refuse.ts";
import { refuseShard, shardsOf } from "./shards.ts";
import { tensorBytes } from "./tensor-array.ts";
import { noTies, type Ties, tieNotes, tiesOf } from "./ties.ts";
import { openTorchLegacy, openTorchZip, type TorchFile } from "./torch-file.ts";
import { halfNames, widened } from "./widen.ts";

export type CheckpointFormat = "torch-zip" | "torch-legacy" | "safetensors";

/** Weights of a file, whoever wrote it. */
export interface LoadedCheckpoint {
  /** Arrays by parameter name, in the file's order; float16 and bfloat16 widened to float32, pruned weights 0. */
  readonly tensors: StateDict;
  /** The same in the types of the file. */
  readonly stored: StateDict;
  readonly format: CheckpointFormat;
  /** Whether the order of the names is the model's: that of a .pt file, or what a safetensors file states in its metadata. */
  readonly isOrdered: boolean;
  /** Names that are one array. */
  readonly ties: Ties;
  /** The mask of a file in the form of torch.nn.utils.prune; `tensors` are under it already. */
  readonly mask?: Mask;
  /** What was done to the names and values on the way, as sentences for the user; empty when nothing. */
  readonly notes: readonly string[];
}

export interface CheckpointOptions {
  /**
   * Which dictionary of a `.pt` file holds the weights, e.g. `ema.state_dict`; `.` for the outermost. In a flat dictionary: the names that
   * begin so.
   */
  readonly key?: string;
  /** Whether it is a mask that is read: the customary keys are others, and every layer may have a dictionary of its own. */
  readonly isMask?: boolean;
}

/**
 * Reads the weights of a `.pt` or `.pth` file of torch.save (both formats) or a safetensors file; the content decides, not
 * the name. Nothing in a file is executed (see unpickle.ts).
 * @throws InputError naming the file, what is wrong in it and where, and the fix
 */
export function readCheckpoint(path: string, options: CheckpointOptions = {}): LoadedCheckpoint {
  const shards = shardsOf(path);
  if (shards !== undefined) return joined(path, shards, options);
  refuseShard(path);
  return decodeCheckpoint(readBytes(path), path, options);
}

/** A model that was saved in several files, each array in one of them. The order over the files is not that of the model. */
function joined(path: string, shards: readonly string[], options: CheckpointOptions): LoadedCheckpoint {
  const parts = shards.map((shard) => contents(readBytes(shard), shard, options));
  const tensors = new Map<string, HostArray>();
  for (const [i, part] of parts.entries())
    for (const [name, array] of part.tensors) {
      if (tensors.has(name))
        throw refuse(path, `has ${quoted(name)} in two files, one of them ${shards[i] ?? ""}`, "save the model again");
      tensors.set(name, array);
    }
  const ties = {
    same: new Map(parts.flatMap((part) => [...part.ties.same])),
    overlapping: parts.flatMap((part) => part.ties.overlapping),
  };
  const notes = [`read from ${shards.length} files`, ...parts.flatMap((part) => part.notes)];
  const format = parts[0]?.format ?? "safetensors";
  return loaded({ format, isOrdered: false, tensors, ties, notes }, path, options);
}

/** As `readCheckpoint`, of a file in memory. */
export function decodeCheckpoint(bytes: Uint8Array, file: string, options: CheckpointOptions = {}): LoadedCheckpoint {
  return loaded(contents(bytes, file, options), file, options);
}

function loaded(read: Contents, file: string, options: CheckpointOptions): LoadedCheckpoint {
  const { format, isOrdered, tensors, ties, notes } = read;
  if (options.key === undefined && options.isMask !== true)
    checkOneModel(new Map([...tensors].map(([name, { shape }]) => [name, shape])), file);
  const prefixes = wrapperPrefixes([...tensors.keys()]);
  if (prefixes.length > 0) notes.push(prefixNote(prefixes));
  const plain = withoutPrefixes(tensors, prefixes);
  const pruned = fromPruneForm(plain, file);
  const stored = pruned?.tensors ?? plain;
  if (pruned !== undefined) notes.push("its pruned weights (weight_orig and weight_mask) are 0 and give the mask");
  const half = halfNames(stored);
  if (half.length > 0) notes.push(`${half.length} arrays of float16 or bfloat16 are computed with as float32`);
  return {
    tensors: half.length > 0 ? widened(stored) : stored,
    stored,
    format,
    isOrdered,
    ties: withShortNames(ties, prefixes),
    ...(pruned === undefined ? {} : { mask: pruned.mask }),
    notes,
  };
}

function withShortNames({ same, overlapping }: Ties, prefixes: readonly string[]): Ties {
  const { length } = prefixes.join("");
  const short = (name: string) => name.slice(length);
  return {
    same: new Map([...same].map(([name, first]) => [short(name), short(first)])),
    overlapping: overlapping.map(([a, b]) => [short(a), short(b)]),
  };
}

interface Contents {
  readonly format: CheckpointFormat;
  readonly isOrdered: boolean;
  readonly tensors: StateDict;
  readonly ties: Ties;
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

function torchContents(torch: TorchFile, bytes: Uint8Array, file: string, options: CheckpointOptions): Contents {
  const choose = options.isMask === true ? chooseMask : chooseWeights;
  const weights = choose(torch.value, file, options.key);
  const notes: string[] = [];
  if (weights.key !== "") notes.push(`weights are those at key ${quoted(weights.key)}`);
  if (weights.ignored.length > 0)
    notes.push(`left out, because it is no tensor that is read: ${listed(weights.ignored.map(quoted))}`);
  checkTotal(weights.tensors, bytes.length, file);
  const arrays = [...weights.tensors].map(([name, tensor]): [string, HostArray] => [
    name,
    torch.array(tensor, `${file}: tensor ${quoted(name)}`),
  ]);
  const ties = tiesOf(weights.tensors);
  return {
    format: torch.format,
    isOrdered: true,
    tensors: new Map(arrays),
    ties,
    notes: [...notes, ...tieNotes(ties)],
  };
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
  const { tensors: stored, metadata, skipped } = decodeSafetensors(bytes, file);
  const left = skipped.length === 0 ? [] : [`left out, because tensors of this type are not read: ${listed(skipped)}`];
  const { tensors, isOrdered } = inStatedOrder(stored, metadata);
  const base = { format: "safetensors", isOrdered, ties: noTies } as const;
  if (metadata.format !== "sweepstake-checkpoint-1") {
    if (key === undefined || key === ROOT) return { ...base, tensors, notes: left };
    const chosen = below(tensors, key);
    if (chosen.size > 0)
      return { ...base, tensors: chosen, notes: [...left, `weights are those below ${quoted(key)}`] };
    return {
      ...base,
      tensors,
      notes: [
        `--key is not used: no name begins with ${quoted(`${key}.`)}, and a safetensors file has no dictionaries`,
      ],
    };
  }
  return {
    ...base,
    tensors: below(tensors, "weights"),
    notes: ["weights are those of a training's checkpoint, without its momentum"],
  };
}

function startsWith(bytes: Uint8Array, at: number, expected: ArrayLike<number>): boolean {
  return Array.from(expected).every((byte, i) => bytes[at + i] === byte);
}
