import { flags, IN_ZIP64, recordBytes, signatures } from "../core/zip-format.ts";
import { damaged, quoted, refuse } from "./refuse.ts";

/** What the directory at the end of a zip file says of one entry. */
export interface CentralEntry {
  readonly name: string;
  readonly nameBytes: Buffer;
  readonly flags: number;
  readonly isDeflated: boolean;
  readonly crc: number;
  readonly compressedSize: number;
  readonly size: number;
  /** Of its local header, from the first byte of the file. */
  readonly offset: number;
}

interface Position {
  readonly start: number;
  readonly bytes: number;
  readonly count: number;
}

/**
 * The directory of a zip file, and the byte where it starts.
 * @param file its name, for errors
 * @throws InputError for a directory that is damaged, says things twice, or uses what torch.save never does
 */
export function readDirectory(bytes: Buffer, file: string): { entries: readonly CentralEntry[]; start: number } {
  const { start, bytes: length, count } = directoryPosition(bytes, file);
  const entries: CentralEntry[] = [];
  const names = new Set<string>();
  const end = start + length;
  for (let at = start; at < end; ) {
    if (at + recordBytes.central > end || bytes.readUInt32LE(at) !== signatures.central)
      throw refuse(file, `expected an entry of the zip directory at byte ${at}, got something else`, damaged);
    const total =
      recordBytes.central + bytes.readUInt16LE(at + 28) + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
    if (at + total > end) throw refuse(file, `the zip directory is cut off at byte ${at}`, damaged);
    const entry = readEntry(bytes, at, file);
    if (names.has(entry.name)) throw refuse(`${file}: entry ${quoted(entry.name)}`, "is there twice", damaged);
    names.add(entry.name);
    entries.push(entry);
    at += total;
  }
  if (entries.length !== count)
    throw refuse(file, `expected ${count} entries in the zip directory, got ${entries.length}`, damaged);
  return { entries, start };
}

function readEntry(bytes: Buffer, at: number, file: string): CentralEntry {
  const nameBytes = bytes.subarray(at + recordBytes.central, at + recordBytes.central + bytes.readUInt16LE(at + 28));
  const name = entryName(nameBytes, file);
  const where = `${file}: entry ${quoted(name)}`;
  const entry = {
    name,
    nameBytes,
    flags: bytes.readUInt16LE(at + 8),
    isDeflated: bytes.readUInt16LE(at + 10) === 8,
    crc: bytes.readUInt32LE(at + 16),
    compressedSize: bytes.readUInt32LE(at + 20),
    size: bytes.readUInt32LE(at + 24),
    offset: bytes.readUInt32LE(at + 42),
  };
  if ((entry.flags & flags.encrypted) !== 0) throw refuse(where, "is encrypted", "save the file without a password");
  if ((entry.flags & ~(flags.descriptor | flags.utf8)) !== 0)
    throw refuse(where, `has flags 0x${entry.flags.toString(16)}, of which only 0x808 are known`, damaged);
  const method = bytes.readUInt16LE(at + 10);
  if (method !== 0 && method !== 8)
    throw refuse(
      where,
      `expected stored (0) or deflated (8) data, got method ${method}`,
      "pack it without compression",
    );
  if (method === 0 && entry.size !== entry.compressedSize)
    throw refuse(where, `is stored, but has the two sizes ${entry.compressedSize} and ${entry.size}`, damaged);
  if ([entry.size, entry.compressedSize, entry.offset].includes(IN_ZIP64))
    throw refuse(where, "has a size or position of 4 GiB or more", "save the weights alone, in files below 4 GiB");
  return entry;
}

function entryName(bytes: Buffer, file: string): string {
  let name: string;
  try {
    name = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw refuse(file, "expected entry names in UTF-8, got bytes that are not", damaged);
  }
  // No name is ever used as a path; one that looks like an attack is still a reason to trust nothing in the file.
  const parts = name.split("/");
  if (name === "" || name.startsWith("/") || /[\\\0]/.test(name) || parts.includes("..") || /^[A-Za-z]:/.test(name))
    throw refuse(`${file}: entry ${quoted(name)}`, "expected a name inside the archive", damaged);
  return name;
}

/** From the record in the last bytes of the file, and its zip64 form, which torch.save always writes as well. */
function directoryPosition(bytes: Buffer, file: string): Position {
  const at = bytes.length - recordBytes.end;
  if (at < 0 || bytes.readUInt32LE(at) !== signatures.end || bytes.readUInt16LE(at + 20) !== 0)
    throw refuse(file, "expected the end of a zip archive in the last 22 bytes, got something else", damaged);
  const short = {
    start: bytes.readUInt32LE(at + 16),
    bytes: bytes.readUInt32LE(at + 12),
    count: bytes.readUInt16LE(at + 10),
  };
  const disks = [4, 6].map((offset) => bytes.readUInt16LE(at + offset));
  if (disks.some((disk) => disk !== 0) || bytes.readUInt16LE(at + 8) !== short.count)
    throw refuse(file, "expected one zip archive in one file, got a part of several", damaged);
  const { position, recordsStart } = zip64Position(bytes, at, file) ?? { position: short, recordsStart: at };
  const agrees =
    (short.start === position.start || short.start === IN_ZIP64) &&
    (short.bytes === position.bytes || short.bytes === IN_ZIP64) &&
    (short.count === position.count || short.count === 0xffff);
  if (!agrees) throw refuse(file, "the two ends of the zip archive disagree", damaged);
  if (position.start + position.bytes !== recordsStart)
    throw refuse(
      file,
      `expected the zip directory to end at byte ${recordsStart}, got ${position.start + position.bytes}`,
      damaged,
    );
  return position;
}

function zip64Position(
  bytes: Buffer,
  end: number,
  file: string,
): { position: Position; recordsStart: number } | undefined {
  const locator = end - recordBytes.zip64Locator;
  if (locator < 0 || bytes.readUInt32LE(locator) !== signatures.zip64Locator) return undefined;
  const at = locator - recordBytes.zip64End;
  const bad =
    at < 0 ||
    bytes.readBigUInt64LE(locator + 8) !== BigInt(at) ||
    bytes.readUInt32LE(locator + 4) !== 0 ||
    bytes.readUInt32LE(locator + 16) !== 1 ||
    bytes.readUInt32LE(at) !== signatures.zip64End ||
    bytes.readBigUInt64LE(at + 4) !== 44n ||
    bytes.readUInt32LE(at + 16) !== 0 ||
    bytes.readUInt32LE(at + 20) !== 0 ||
    bytes.readBigUInt64LE(at + 24) !== bytes.readBigUInt64LE(at + 32);
  if (bad) throw refuse(file, "the zip64 end of the archive is damaged", damaged);
  const [count, length, start] = [32, 40, 48].map((offset) => Number(bytes.readBigUInt64LE(at + offset)));
  return { position: { start: start ?? 0, bytes: length ?? 0, count: count ?? 0 }, recordsStart: at };
}
