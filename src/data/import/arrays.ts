import {
  closeSync,
  createReadStream,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  writeSync,
} from "node:fs";
import { basename, join } from "node:path";
import { constants, crc32, createInflateRaw, inflateRawSync } from "node:zlib";
import { makeFolder, removeQuietly, writeFailure } from "../../core/atomic-write.ts";
import { sha256 } from "../../core/canonical-json.ts";
import { InputError } from "../../core/errors.ts";
import { visible } from "../../core/visible.ts";
import { HEADER_BYTES, type NpyHeader, npyHeader } from "./npy.ts";
import { readRange, reason, type StoredFile, storedFile } from "./stored-file.ts";
import { type ZipEntry, zipEntries } from "./zip.ts";

/** An array in a file that may be larger than memory. */
export interface StoredArray {
  /** Without `.npy`. */
  readonly key: string;
  /** For messages: the file, and the place in an archive. */
  readonly name: string;
  readonly state: string;
  /** @throws InputError for what is no array of numbers */
  readonly header: () => NpyHeader;
  /** Bytes of all values. */
  readonly size: () => number;
  /** The values, for small arrays; checked as `open` does. */
  readonly whole: () => Buffer;
  /** Checks the checksum of what is in an archive and unpacks it into `work` where needed; then reads bytes of the values. */
  readonly open: (work: string) => Promise<(at: number, length: number) => Buffer>;
}

/** The arrays of a folder of .npy files, by name. */
export function npyArrays(folder: string): readonly StoredArray[] {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch (cause) {
    throw new InputError({ where: folder, message: `cannot look into it (${reason(cause)})` });
  }
  return names
    .filter((name) => name.endsWith(".npy") && !name.startsWith("."))
    .sort()
    .map((name): StoredArray => {
      const file = storedFile(join(folder, name));
      const header = once(() => npyHeader(readRange(file, 0, Math.min(HEADER_BYTES, file.size)), file.path));
      const read = (at: number, length: number) => readRange(file, header().start + at, length);
      const size = () => file.size - header().start;
      return {
        ...named(name, file.path, file),
        header,
        size,
        whole: () => read(0, size()),
        open: () => Promise.resolve(read),
      };
    });
}

/** The arrays of an .npz archive, by name. @throws InputError for a damaged one */
export function npzArrays(path: string): readonly StoredArray[] {
  const file = storedFile(path);
  return zipEntries(file)
    .filter(({ name }) => name.endsWith(".npy"))
    .map((entry): StoredArray => {
      const name = `${path}: ${visible(entry.name)}`;
      const header = once(() => npyHeader(firstBytes(file, entry), name));
      return {
        ...named(entry.name, name, file),
        header,
        size: () => entry.size - header().start,
        whole: () => wholeEntry(file, entry, name).subarray(header().start),
        open: async (work) => {
          if (entry.isDeflated) {
            const unpacked = await unpack(file, entry, { work, name });
            return (at, length) => readRange({ path: unpacked }, header().start + at, length);
          }
          await checkStored(file, entry, name);
          return (at, length) => readRange(file, entry.dataStart + header().start + at, length);
        },
      };
    });
}

function named(entry: string, name: string, { state }: StoredFile) {
  return { key: basename(entry).replace(/\.npy$/, ""), name, state: `${state} ${entry}` };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function firstBytes(file: StoredFile, entry: ZipEntry): Buffer {
  const packed = readRange(file, entry.dataStart, Math.min(HEADER_BYTES, entry.compressedSize));
  if (!entry.isDeflated) return packed;
  try {
    // The end of the part is not the end of the stream.
    return inflateRawSync(packed, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch (cause) {
    throw damaged(`${file.path}: ${visible(entry.name)}`, reason(cause));
  }
}

/** Labels of hundreds of millions of images; no more is read into memory. */
const MOST_WHOLE = 2 ** 30;

function wholeEntry(file: StoredFile, entry: ZipEntry, name: string): Buffer {
  if (entry.size > MOST_WHOLE) throw new InputError({ where: name, message: `expected at most ${MOST_WHOLE} bytes` });
  const packed = readRange(file, entry.dataStart, entry.compressedSize);
  let bytes: Buffer;
  try {
    bytes = entry.isDeflated ? inflateRawSync(packed, { maxOutputLength: Math.max(1, entry.size) }) : packed;
  } catch (cause) {
    throw damaged(name, reason(cause));
  }
  if (bytes.length !== entry.size || crc32(bytes) !== entry.crc) throw damaged(name, "wrong checksum");
  return bytes;
}

async function checkStored(file: StoredFile, entry: ZipEntry, name: string): Promise<void> {
  let crc = 0;
  const stored: AsyncIterable<Buffer> = pieces(file, entry);
  for await (const piece of stored) crc = crc32(piece, crc);
  if (crc !== entry.crc) throw damaged(name, "wrong checksum");
}

/** Unpacks an entry once; its name is a hash of what it was made from, and only what is whole has it. */
async function unpack(
  file: StoredFile,
  entry: ZipEntry,
  { work, name }: { readonly work: string; readonly name: string },
): Promise<string> {
  const path = join(work, `${sha256(`${file.path} ${file.state} ${entry.name} ${entry.crc}`)}.npy`);
  if (existsSync(path)) return path;
  makeFolder(work);
  const temporary = `${path}.tmp-${process.pid}`;
  let out: number | undefined;
  try {
    out = openSync(temporary, "w");
    let [crc, size] = [0, 0];
    for await (const piece of inflated(file, entry, name)) {
      size += piece.length;
      if (size > entry.size) throw damaged(name, `unpacks to more than the ${entry.size} bytes that it states`);
      crc = crc32(piece, crc);
      for (let done = 0; done < piece.length; ) done += writeSync(out, piece, done);
    }
    if (size !== entry.size || crc !== entry.crc) throw damaged(name, "wrong size or checksum");
    fsyncSync(out);
    renameSync(temporary, path);
    return path;
  } catch (cause) {
    removeQuietly(temporary);
    throw cause instanceof InputError ? cause : writeFailure(temporary, cause);
  } finally {
    if (out !== undefined) closeSync(out);
  }
}

async function* inflated(file: StoredFile, entry: ZipEntry, name: string): AsyncGenerator<Buffer> {
  const inflate = createInflateRaw();
  const source = pieces(file, entry);
  source.on("error", (error) => inflate.destroy(error));
  try {
    const unpacked: AsyncIterable<Buffer> = source.pipe(inflate);
    for await (const piece of unpacked) yield piece;
  } catch (cause) {
    throw damaged(name, reason(cause));
  } finally {
    source.destroy();
  }
}

function pieces({ path }: StoredFile, { dataStart, compressedSize }: ZipEntry) {
  if (compressedSize === 0) return createReadStream("/dev/null");
  return createReadStream(path, { start: dataStart, end: dataStart + compressedSize - 1, highWaterMark: 2 ** 20 });
}

function damaged(where: string, what: string): InputError {
  return new InputError({
    where,
    message: `cannot be read (${what})`,
    hint: "the file is damaged: write or copy it again",
  });
}
