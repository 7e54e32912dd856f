import type { HostArray } from "../core/array.ts";
import { readLegacyStorages } from "./legacy-storages.ts";
import type { PickleTensor, PickleValue } from "./pickle-values.ts";
import { damaged, quoted, refuse, saveWeightsOnly } from "./refuse.ts";
import { tensorArray } from "./tensor-array.ts";
import { unpickle } from "./unpickle.ts";
import { ZipArchive } from "./zip-read.ts";

/** An opened file of torch.save: the saved value, and the way to the elements of its tensors. */
export interface TorchFile {
  readonly format: "torch-zip" | "torch-legacy";
  readonly value: PickleValue;
  /**
   * The tensor's elements, row-major.
   * @param where the file and the tensor's name, for errors
   */
  array(tensor: PickleTensor, where: string): HostArray;
}

/** The structure of a state dict of 10,000 tensors, with the optimizer's, takes some 5 MB. */
const MAX_PICKLE_BYTES = 64_000_000;

/** A file of torch.save since PyTorch 1.6: a zip archive of one pickle and one entry per storage. */
export function openTorchZip(bytes: Uint8Array, file: string): TorchFile {
  const archive = new ZipArchive(bytes, file);
  const root = archiveRoot(archive.names, file);
  if (archive.names.includes(`${root}/byteorder`)) checkByteOrder(archive.read(`${root}/byteorder`), file);
  const pickle = archive.read(`${root}/data.pkl`, MAX_PICKLE_BYTES);
  const { value } = unpickle(pickle, 0, `${file}: data.pkl`);
  // Tensors share storages; each is unpacked and its checksum taken once.
  const storages = new Map<string, Buffer>();
  return {
    format: "torch-zip",
    value,
    array: (tensor, where) => {
      const { key } = tensor.storage;
      const elements = storages.get(key) ?? archive.read(`${root}/data/${key}`);
      storages.set(key, elements);
      return tensorArray(tensor, elements, where);
    },
  };
}

/** A file of torch.save before PyTorch 1.6, or with `_use_new_zipfile_serialization=False`. */
export function openTorchLegacy(bytes: Uint8Array, file: string): TorchFile {
  const { value, storages } = readLegacyStorages(bytes, file);
  return {
    format: "torch-legacy",
    value,
    array: (tensor, where) => {
      const elements = storages.get(tensor.storage.key);
      if (elements === undefined)
        throw refuse(
          where,
          `expected the elements of storage ${quoted(tensor.storage.key)} in the file, got none`,
          damaged,
        );
      return tensorArray(tensor, elements, where);
    },
  };
}

/** The one folder of the archive, named after the file it was first saved as. */
function archiveRoot(names: readonly string[], file: string): string {
  const roots = new Set(names.map((name) => name.split("/")[0] ?? ""));
  const [root = ""] = roots;
  if (roots.size !== 1 || !names.includes(`${root}/data.pkl`))
    throw refuse(
      file,
      `expected a zip archive of torch.save (one folder with data.pkl), got ${names.slice(0, 3).map(quoted).join(", ") || "no entries"}`,
      "name a file that torch.save or safetensors has written",
    );
  if (names.some((name) => name.startsWith(`${root}/code/`) || name === `${root}/constants.pkl`))
    throw refuse(file, "expected weights, got a TorchScript program", saveWeightsOnly);
  return root;
}

function checkByteOrder(bytes: Buffer, file: string): void {
  const order = bytes.toString("latin1").trim();
  if (order !== "little")
    throw refuse(
      file,
      `expected little-endian numbers, got byte order ${quoted(order)}`,
      "save it on a little-endian machine",
    );
}
