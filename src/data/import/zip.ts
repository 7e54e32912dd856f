import { InputError } from "../../core/errors.ts";
import { visible } from "../../core/visible.ts";
import { flags, IN_ZIP64, recordBytes, signatures } from "../../core/zip-format.ts";
import { readRange, type StoredFile } from "./stored-file.ts";

/** An entry of a zip archive on the disk. */
export interface ZipEntry {
  readonly name: string;
  readonly isDeflated: boolean;
  readonly crc: number;
  readonly size: number;
  readonly compressedSize: number;
  /** First byte of its data, compressed or not. */
  readonly dataStart: number;
}

/** Pixels compress well, but not as well as a zip bomb. */
const MAX_EXPANSION = 200;

/** NumPy archives have a few dozen entries; a directory beyond this was made to fill the memory. */
const MAX_DIRECTORY_BYTES = 2 ** 24;

/** Header id of the sizes and positions that 32 bits do not hold. */
const ZIP64_FIELD = 1;

/**
 * The entries of a zip archive that may be larger than memory. Only the directory is read; names are looked up, never used as paths.
 * @throws InputError for a damaged archive, overlapping entries, and more than 200 times its size unpacked
 * @source PKWARE's APPNOTE.TXT 6.3.10, sections 4.3 and 4.5; NumPy writes every entry in the zip64 form
 */
export function zipEntries(file: StoredFile): readonly ZipEntry[] {
  const { start, length, count } = directoryPlace(file);
  if (length > MAX_DIRECTORY_BYTES || start + length > file.size)
    throw refuse(file, `expected a directory of at most ${MAX_DIRECTORY_BYTES} bytes inside the file, got ${length}`);
  const bytes = readRange(file, start, length);
  const entries: ZipEntry[] = [];
  for (let at = 0; at < length; ) {
    if (at + recordBytes.central > length || bytes.readUInt32LE(at) !== signatures.central)
      throw refuse(file, `expected an entry of the directory at byte ${start + at}, got something else`);
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((offset) => bytes.readUInt16LE(at + offset));
    const end = at + recordBytes.central + (nameBytes ?? 0) + (extraBytes ?? 0) + (commentBytes ?? 0);
    if (end > length) throw refuse(file, "the directory is cut off");
    entries.push(entryAt(file, bytes.subarray(at, end), start));
    at = end;
  }
  if (entries.length !== count || new Set(entries.map(({ name }) => name)).size !== count)
    throw refuse(file, `expected ${count} entries of different names, got ${entries.length}`);
  checkOverlap(file, entries);
  const total = entries.reduce((sum, { size }) => sum + size, 0);
  if (total > MAX_EXPANSION * file.size)
    throw new InputError({
      where: file.path,
      message: `expected at most ${MAX_EXPANSION} times the file's ${file.size} bytes in its entries, got ${total}`,
      hint: "pack it without compression: numpy.savez instead of numpy.savez_compressed",
    });
  return entries;
}

function entryAt(file: StoredFile, record: Buffer, directory: number): ZipEntry {
  const nameEnd = recordBytes.central + record.readUInt16LE(28);
  const name = record.toString("utf8", recordBytes.central, nameEnd);
  const flag = record.readUInt16LE(8);
  const method = record.readUInt16LE(10);
  const extra = record.subarray(nameEnd, nameEnd + record.readUInt16LE(30));
  const wide = zip64Fields(extra);
  const field = (at: number) => {
    const value = record.readUInt32LE(at);
    return value === IN_ZIP64 ? (wide.shift() ?? value) : value;
  };
  // In this order in the field of zip64: size, packed size, position.
  const [size, compressedSize, offset] = [field(24), field(20), field(42)];
  const where = `${file.path}: entry ${visible(name)}`;
  if ((flag & flags.encrypted) !== 0) throw new InputError({ where, message: "is encrypted" });
  if (method !== 0 && method !== 8)
    throw new InputError({
      where,
      message: `expected stored (0) or deflated (8) data, got method ${method}`,
      hint: "write it by numpy.savez or numpy.savez_compressed",
    });
  const isDeflated = method === 8;
  if ((!isDeflated && size !== compressedSize) || !Number.isSafeInteger(size + compressedSize + offset))
    throw refuse(file, `entry ${visible(name)} has impossible sizes`);
  const dataStart = offset + localHeaderBytes(file, offset, name);
  if (dataStart + compressedSize > directory) throw refuse(file, `entry ${visible(name)} reaches beyond the directory`);
  return { name, isDeflated, crc: record.readUInt32LE(16), size, compressedSize, dataStart };
}

/** The 64-bit numbers of an entry's zip64 field. */
function zip64Fields(extra: Buffer): number[] {
  for (let at = 0; at + 4 <= extra.length; ) {
    const length = extra.readUInt16LE(at + 2);
    const body = extra.subarray(at + 4, at + 4 + length);
    if (extra.readUInt16LE(at) === ZIP64_FIELD)
      return Array.from({ length: Math.floor(body.length / 8) }, (_, i) => Number(body.readBigUInt64LE(8 * i)));
    at += 4 + length;
  }
  return [];
}

function localHeaderBytes(file: StoredFile, offset: number, name: string): number {
  if (offset + recordBytes.local > file.size) throw refuse(file, `entry ${visible(name)} begins beyond the file`);
  const header = readRange(file, offset, recordBytes.local);
  const nameBytes = header.readUInt16LE(26);
  const extraBytes = header.readUInt16LE(28);
  const isSame =
    header.readUInt32LE(0) === signatures.local &&
    offset + recordBytes.local + nameBytes <= file.size &&
    readRange(file, offset + recordBytes.local, nameBytes).toString("utf8") === name;
  if (!isSame) throw refuse(file, `the header of entry ${visible(name)} and the directory disagree`);
  return recordBytes.local + nameBytes + extraBytes;
}

function checkOverlap(file: StoredFile, entries: readonly ZipEntry[]): void {
  const ordered = [...entries].sort((a, b) => a.dataStart - b.dataStart);
  for (const [i, { name, dataStart }] of ordered.entries()) {
    const before = ordered[i - 1];
    if (before !== undefined && dataStart < before.dataStart + before.compressedSize)
      throw refuse(file, `entry ${visible(name)} overlaps the one before it`);
  }
}

function directoryPlace(file: StoredFile): { readonly start: number; readonly length: number; readonly count: number } {
  const at = file.size - recordBytes.end;
  const end = at < 0 ? undefined : readRange(file, at, recordBytes.end);
  if (end === undefined || end.readUInt32LE(0) !== signatures.end || end.readUInt16LE(20) !== 0)
    throw refuse(file, "expected the end of a zip archive in the last 22 bytes, got something else");
  const locatorAt = at - recordBytes.zip64Locator;
  const locator = locatorAt < 0 ? undefined : readRange(file, locatorAt, recordBytes.zip64Locator);
  if (locator?.readUInt32LE(0) !== signatures.zip64Locator)
    return { start: end.readUInt32LE(16), length: end.readUInt32LE(12), count: end.readUInt16LE(10) };
  const wideAt = Number(locator.readBigUInt64LE(8));
  const wide = wideAt + recordBytes.zip64End > file.size ? undefined : readRange(file, wideAt, recordBytes.zip64End);
  if (wide?.readUInt32LE(0) !== signatures.zip64End) throw refuse(file, "the zip64 end of the archive is damaged");
  const [count = 0, length = 0, start = 0] = [32, 40, 48].map((offset) => Number(wide.readBigUInt64LE(offset)));
  return { start, length, count };
}

function refuse({ path }: StoredFile, message: string): InputError {
  return new InputError({ where: path, message, hint: "the file is damaged or cut off: write or copy it again" });
}
