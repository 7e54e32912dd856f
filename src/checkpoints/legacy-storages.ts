import { itemBytes } from "../core/array.ts";
import { PickleDict, PickleList, type PickleStorage, type PickleValue } from "./pickle-values.ts";
import { damaged, quoted, refuse } from "./refuse.ts";
import { unpickle } from "./unpickle.ts";

/** First pickle of every file of the old format. */
const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001;

/** The first bytes of the old format: a pickle of protocol 2 with a whole number of ten bytes. */
export const legacyStart = Uint8Array.of(0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19);

/**
 * The old format of torch.save: five pickles (a magic number, the version, the machine, the value, the keys of its storages),
 * then for each key the number of elements (8 bytes) and the elements. Every byte of the file must belong to one of them.
 * @returns the value, and the bytes of every storage by key
 */
export function readLegacyStorages(
  bytes: Uint8Array,
  file: string,
): { value: PickleValue; storages: ReadonlyMap<string, Uint8Array> } {
  const magic = unpickle(bytes, 0, file);
  const version = unpickle(bytes, magic.end, file);
  if (magic.value !== MAGIC || version.value !== PROTOCOL)
    throw refuse(file, `expected version ${PROTOCOL} of the old format of torch.save, got another`, damaged);
  const machine = unpickle(bytes, version.end, file);
  if (!(machine.value instanceof PickleDict) || machine.value.entries.get("little_endian") !== true)
    throw refuse(file, "expected little-endian numbers, got another byte order", "save it on a little-endian machine");
  const { value, end, storages: declared } = unpickle(bytes, machine.end, file);
  const keys = unpickle(bytes, end, file);
  if (!(keys.value instanceof PickleList)) throw refuse(file, "expected the list of the storages' keys", damaged);
  const storages = new Map<string, Uint8Array>();
  let at = keys.end;
  for (const key of keys.value.items) {
    const storage = typeof key === "string" ? declared.get(key) : undefined;
    if (storage === undefined || storages.has(storage.key))
      throw refuse(
        file,
        `expected every storage once, got ${typeof key === "string" ? quoted(key) : "no key"}`,
        damaged,
      );
    const elements = storageBytes(bytes, at, storage, file);
    storages.set(storage.key, elements);
    at += 8 + elements.length;
  }
  if (at !== bytes.length)
    throw refuse(file, `expected the end of the file at byte ${at}, got ${bytes.length} bytes`, damaged);
  return { value, storages };
}

function storageBytes(bytes: Uint8Array, at: number, { key, dtype, size }: PickleStorage, file: string): Uint8Array {
  const where = `${file}: storage ${quoted(key)}`;
  const start = at + 8;
  const end = start + size * itemBytes[dtype];
  if (end > bytes.length)
    throw refuse(
      where,
      `expected ${size} elements of type ${dtype} up to byte ${end}, got ${bytes.length} bytes`,
      damaged,
    );
  const written = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).readBigUInt64LE(at);
  if (written !== BigInt(size)) throw refuse(where, `expected ${size} elements, got ${written}`, damaged);
  return bytes.subarray(start, end);
}
