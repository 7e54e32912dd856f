import { crc32, inflateRawSync } from "node:zlib";
import type { InputError } from "../core/errors.ts";
import { flags, recordBytes, signatures } from "../core/zip-format.ts";
import { damaged, quoted, refuse, saveWeightsOnly } from "./refuse.ts";
import { type CentralEntry, readDirectory } from "./zip-directory.ts";

interface Entry extends CentralEntry {
  /** Where the entry's bytes, compressed or not, lie in the file. */
  readonly dataStart: number;
}

/** More than weights of 99 % zeros compress by, far less than a zip bomb does. */
const MAX_EXPANSION = 100;

/**
 * A zip archive in memory. Everything but the entries' bytes is checked at once: every byte of the file belongs to one
 * thing, and both descriptions of every entry agree. Names are only looked up, never used as paths.
 */
export class ZipArchive {
  readonly #bytes: Buffer;
  readonly #file: string;
  readonly #entries: ReadonlyMap<string, Entry>;

  /**
   * @param file its name, for errors
   * @throws InputError naming the file, the entry and the fix
   */
  constructor(bytes: Uint8Array, file: string) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#file = file;
    const { entries, start } = readDirectory(this.#bytes, file);
    this.#entries = this.#located(entries, start);
    const total = entries.reduce((sum, { size }) => sum + size, 0);
    if (total > MAX_EXPANSION * bytes.length)
      throw refuse(
        file,
        `expected at most ${MAX_EXPANSION} times the file's ${bytes.length} bytes in its entries, got ${total}`,
        "pack the file again without compression",
      );
  }

  /** In the order of the directory. */
  get names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /**
   * The entry's bytes, its checksum verified; a view of the file where it is not compressed.
   * @param atMost bytes that it may have
   * @throws InputError when there is no such entry, or it is damaged or too large
   */
  read(name: string, atMost = Number.POSITIVE_INFINITY): Buffer {
    const entry = this.#entries.get(name);
    if (entry === undefined)
      throw refuse(this.#file, `expected an entry ${quoted(name)}, got an archive without`, damaged);
    if (entry.size > atMost)
      throw this.#refuseEntry(entry, `expected at most ${atMost} bytes, got ${entry.size}`, saveWeightsOnly);
    const stored = this.#bytes.subarray(entry.dataStart, entry.dataStart + entry.compressedSize);
    const bytes = entry.isDeflated ? this.#inflated(stored, entry) : stored;
    // PyTorch can be told to write no checksums (set_crc32_options): they are 0 then.
    if (entry.crc !== 0 && crc32(bytes) !== entry.crc)
      throw this.#refuseEntry(entry, "expected the checksum in the directory, got other bytes", damaged);
    return bytes;
  }

  #inflated(stored: Buffer, entry: Entry): Buffer {
    try {
      // The buffer may not grow beyond what the directory says; inflateRawSync wants room for at least one byte.
      const bytes = inflateRawSync(stored, { maxOutputLength: Math.max(1, entry.size) });
      if (bytes.length === entry.size) return bytes;
    } catch {
      // Damaged or larger than declared: one message for both.
    }
    throw this.#refuseEntry(
      entry,
      `expected ${entry.size} bytes of compressed data, got damaged or other ones`,
      damaged,
    );
  }

  /** Checks that the entries follow each other from the first byte of the file to the directory. */
  #located(entries: readonly CentralEntry[], end: number): ReadonlyMap<string, Entry> {
    const located = new Map<string, Entry>();
    let position = 0;
    for (const entry of [...entries].sort((a, b) => a.offset - b.offset)) {
      if (entry.offset !== position)
        throw this.#refuseEntry(
          entry,
          entry.offset < position
            ? `starts at byte ${entry.offset} and overlaps the entry before it, which ends at ${position}`
            : `starts at byte ${entry.offset}, and the bytes from ${position} on belong to none`,
          damaged,
        );
      const dataStart = position + this.#localHeaderBytes(entry, end);
      if (dataStart + entry.compressedSize > end)
        throw this.#refuseEntry(
          entry,
          `expected ${entry.compressedSize} bytes before the directory, got fewer`,
          damaged,
        );
      located.set(entry.name, { ...entry, dataStart });
      position = dataStart + entry.compressedSize;
      position += this.#descriptorBytes(entry, position, end);
    }
    if (position !== end)
      throw refuse(this.#file, `expected the directory at byte ${position}, got it at ${end}`, damaged);
    return new Map(entries.flatMap(({ name }) => found(located, name)));
  }

  #localHeaderBytes(entry: CentralEntry, end: number): number {
    const at = entry.offset;
    const bytes = this.#bytes;
    if (at + recordBytes.local > end || bytes.readUInt32LE(at) !== signatures.local)
      throw this.#refuseEntry(entry, `expected its header at byte ${at}, got something else`, damaged);
    const nameBytes = bytes.readUInt16LE(at + 26);
    const total = recordBytes.local + nameBytes + bytes.readUInt16LE(at + 28);
    if (at + total > end) throw this.#refuseEntry(entry, "its header is cut off", damaged);
    const name = bytes.subarray(at + recordBytes.local, at + recordBytes.local + nameBytes);
    // torch.save leaves checksum and sizes of the header 0 and writes them behind the data.
    const isLater = (entry.flags & flags.descriptor) !== 0;
    const numbers = [14, 18, 22].map((offset) => bytes.readUInt32LE(at + offset));
    const expected = [entry.crc, entry.compressedSize, entry.size];
    const agrees =
      name.equals(entry.nameBytes) &&
      bytes.readUInt16LE(at + 6) === entry.flags &&
      bytes.readUInt16LE(at + 8) === (entry.isDeflated ? 8 : 0) &&
      numbers.every((number, i) => number === expected[i] || (isLater && number === 0));
    if (!agrees) throw this.#refuseEntry(entry, "its header and the directory disagree", damaged);
    return total;
  }

  /** Checksum and sizes again, behind the data, with or without a signature. */
  #descriptorBytes(entry: CentralEntry, at: number, end: number): number {
    if ((entry.flags & flags.descriptor) === 0) return 0;
    const fields = Uint32Array.of(signatures.descriptor, entry.crc, entry.compressedSize, entry.size);
    const expected = Buffer.from(fields.buffer);
    const got = this.#bytes.subarray(at, Math.min(at + 16, end));
    if (got.equals(expected)) return 16;
    if (got.subarray(0, 12).equals(expected.subarray(4))) return 12;
    throw this.#refuseEntry(entry, "the sizes behind its data and the directory disagree", damaged);
  }

  #refuseEntry({ name }: CentralEntry, message: string, hint: string): InputError {
    return refuse(`${this.#file}: entry ${quoted(name)}`, message, hint);
  }
}

function found<Value>(map: ReadonlyMap<string, Value>, name: string): [string, Value][] {
  const value = map.get(name);
  return value === undefined ? [] : [[name, value]];
}
