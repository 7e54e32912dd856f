import { arrayFromBytes, type DType, type HostArray, itemBytes, type StateDict } from "./array.ts";
import { duplicateKey } from "./duplicate-key.ts";
import { InputError } from "./errors.ts";
import { fileTypes, METADATA } from "./safetensors-format.ts";

/** That of some 100,000 tensors; the format's own limit, 100 MB, takes 35 times as much memory to parse. */
const MAX_HEADER_BYTES = 16_000_000;

/** Bytes per element of the format's types that are left out by name. */
const otherTypes: Readonly<Record<string, number>> = { U16: 2, U32: 4, U64: 8, F8_E5M2: 1, F8_E4M3: 1, C64: 8 };

const typeNames = new Map(Object.entries(fileTypes).map(([dtype, name]) => [name, dtype as DType]));

interface Entry {
  readonly name: string;
  /** Undefined for a type that is not read. */
  readonly dtype: DType | undefined;
  readonly typeName: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/**
 * The tensors and the metadata of a safetensors file. Everything is checked before the first tensor is touched: every byte
 * of the file belongs to exactly one thing. Tensors come in the order of their data; their arrays are views of `bytes`
 * where the alignment allows it. Tensors of other types that the format knows (complex, unsigned, eight bits) are left out by name.
 * @param name the file's name, for errors
 * @throws InputError naming the file, the tensor and the fix
 */
export function decodeSafetensors(
  bytes: Uint8Array,
  name: string,
): { tensors: StateDict; metadata: Record<string, string>; skipped: readonly string[] } {
  const { header, dataStart } = readHeader(bytes, name);
  const { [METADATA]: meta, ...tensors } = header;
  const metadata = meta === undefined ? {} : readMetadata(meta, name);
  const entries = Object.entries(tensors).map(([tensor, value]) => readEntry(value, tensor, name));
  checkLayout(entries, bytes.length - dataStart, name);
  return {
    tensors: new Map(
      entries.flatMap(({ name: tensor, dtype, shape, begin, end }): [string, HostArray][] => {
        const data = bytes.subarray(dataStart + begin, dataStart + end);
        return dtype === undefined ? [] : [[tensor, arrayFromBytes(dtype, shape, data)]];
      }),
    ),
    metadata,
    skipped: entries.flatMap(({ name: tensor, dtype, typeName }) =>
      dtype === undefined ? [`${tensor} (${typeName})`] : [],
    ),
  };
}

function refuse(where: string, message: string, hint: string): InputError {
  return new InputError({ where, message, hint });
}

const cutOff = "the file is cut off or not a safetensors file: copy or export it again";
const badHeader = "the header is damaged or not that of a safetensors file: copy or export it again";

function readHeader(bytes: Uint8Array, name: string): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < 8)
    throw refuse(name, `expected at least 8 bytes for the length of the header, got ${bytes.length}`, cutOff);
  const length = Buffer.from(bytes.buffer, bytes.byteOffset, 8).readBigUInt64LE();
  if (length > MAX_HEADER_BYTES)
    throw refuse(name, `expected a header of at most ${MAX_HEADER_BYTES} bytes, got a length of ${length}`, badHeader);
  const dataStart = 8 + Number(length);
  if (dataStart > bytes.length)
    throw refuse(name, `expected a header of ${length} bytes, got ${bytes.length - 8}`, cutOff);
  const text = decodeUtf8(bytes.subarray(8, dataStart), name);
  const header = parseObject(text, name);
  const twice = duplicateKey(text);
  if (twice !== undefined)
    throw refuse(
      name,
      `expected each key once, got ${twice.map((key) => JSON.stringify(key)).join(" / ")} twice`,
      badHeader,
    );
  return { header, dataStart };
}

function decodeUtf8(padded: Uint8Array, name: string): string {
  let length = padded.length;
  while (length > 0 && padded[length - 1] === 0x20) length--;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(padded.subarray(0, length));
  } catch {
    throw refuse(name, "expected a header in UTF-8, got bytes that are not", badHeader);
  }
}

function parseObject(text: string, name: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refuse(name, `expected a header in JSON, got ${shown(text)}`, badHeader);
  }
  // Only spaces at the end may surround the object, so that no second reading of the same bytes exists.
  if (!isObject(value) || !text.startsWith("{") || !text.endsWith("}"))
    throw refuse(name, `expected a JSON object as header, got ${shown(text)}`, badHeader);
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (isObject(value)) return "an object";
  // JSON.parse takes any depth, JSON.stringify runs out of stack.
  if (Array.isArray(value) && value.some((item) => typeof item === "object" && item !== null)) return "a nested list";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}

function readMetadata(value: unknown, name: string): Record<string, string> {
  const where = `${name}: ${METADATA}`;
  if (!isObject(value)) throw refuse(where, `expected an object of strings, got ${shown(value)}`, badHeader);
  return Object.fromEntries(
    Object.entries(value).map(([key, text]) => {
      if (typeof text !== "string")
        throw refuse(where, `expected a string for ${JSON.stringify(key)}, got ${shown(text)}`, badHeader);
      return [key, text];
    }),
  );
}

function readEntry(value: unknown, tensor: string, name: string): Entry {
  const where = tensorAt(name, tensor);
  if (!isObject(value)) throw refuse(where, `expected an object, got ${shown(value)}`, badHeader);
  const { dtype: typeName, shape, data_offsets: offsets, ...others } = value;
  const [other] = Object.keys(others);
  if (other !== undefined)
    throw refuse(where, `expected dtype, shape and data_offsets only, got ${JSON.stringify(other)} too`, badHeader);
  const dtype = typeof typeName === "string" ? typeNames.get(typeName) : undefined;
  const itemSize = dtype === undefined ? otherTypes[String(typeName)] : itemBytes[dtype];
  if (itemSize === undefined)
    throw refuse(
      where,
      `expected a dtype among ${[...typeNames.keys()].join(", ")}, got ${shown(typeName)}`,
      "convert the tensor to one of these types before saving it",
    );
  if (!Array.isArray(shape) || !shape.every(isCount))
    throw refuse(where, `expected a shape of whole numbers from 0, got ${shown(shape)}`, badHeader);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount))
    throw refuse(where, `expected data_offsets of two whole numbers from 0, got ${shown(offsets)}`, badHeader);
  const [begin = 0, end = 0] = offsets;
  if (begin > end) throw refuse(where, `expected data_offsets in order, got ${begin} after ${end}`, badHeader);
  const size = sizeBytes(shape, itemSize);
  if (size === undefined)
    throw refuse(where, `expected a size below 2^53 bytes, got shape [${shape.join(", ")}]`, badHeader);
  if (end - begin !== size)
    throw refuse(
      where,
      `expected ${size} bytes for ${String(typeName)} [${shape.join(", ")}], got data_offsets of ${end - begin}`,
      badHeader,
    );
  return { name: tensor, dtype, typeName: String(typeName), shape, begin, end };
}

function tensorAt(name: string, tensor: string): string {
  return `${name}: tensor ${JSON.stringify(tensor)}`;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0 && !Object.is(value, -0);
}

/** Bytes of a tensor; undefined when the product leaves the exact integers on the way, as in [2^40, 2^40, 0]. */
function sizeBytes(shape: readonly number[], itemSize: number): number | undefined {
  let size = itemSize;
  for (const length of shape) {
    size *= length;
    if (!Number.isSafeInteger(size)) return undefined;
  }
  return size;
}

/** Puts the entries into the order of their data and checks that they cover it without holes, overlaps or a rest. */
function checkLayout(entries: Entry[], dataBytes: number, name: string): void {
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end || (a.name < b.name ? -1 : 1));
  let covered = 0;
  for (const { name: tensor, begin, end } of entries) {
    const where = tensorAt(name, tensor);
    if (begin < covered)
      throw refuse(where, `expected data from byte ${covered} on, got ${begin}: it overlaps another tensor`, badHeader);
    if (begin > covered)
      throw refuse(
        where,
        `expected data from byte ${covered} on, got ${begin}: the bytes between belong to none`,
        badHeader,
      );
    if (end > dataBytes)
      throw refuse(where, `expected data up to byte ${end}, got a file with ${dataBytes} bytes of data`, cutOff);
    covered = end;
  }
  if (covered !== dataBytes)
    throw refuse(
      name,
      `expected ${covered} bytes of data, got ${dataBytes}`,
      "something was appended to the file, or it is damaged: copy or export it again",
    );
}
