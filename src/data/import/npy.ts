import { InputError } from "../../core/errors.ts";
import { visible } from "../../core/visible.ts";

/** What the header of an .npy file says. */
export interface NpyHeader {
  /** NumPy's name of the type with its byte order, e.g. `|u1`, `<i8`. */
  readonly type: string;
  readonly shape: readonly number[];
  readonly isFortran: boolean;
  /** Bytes of the header, where the values begin. */
  readonly start: number;
}

/** Bytes that hold the header of any array that is taken. */
export const HEADER_BYTES = 2 ** 16;

const MAGIC = Buffer.from("934e554d5059", "hex");

/**
 * Reads the header at the beginning of an .npy file. Nothing is evaluated: the text must be the dictionary that NumPy writes.
 * @param bytes the first of the file, at least the whole header
 * @param name  of the array, for errors
 * @throws InputError for damage, object arrays and records
 * @source NEP 1 and numpy.lib.format, versions 1.0 to 3.0
 */
export function npyHeader(bytes: Buffer, name: string): NpyHeader {
  const major = bytes[6] ?? 0;
  if (bytes.length < 12 || !bytes.subarray(0, 6).equals(MAGIC) || major < 1 || major > 3)
    throw refuse(name, "expected an array written by numpy.save, got something else");
  const [length, from] = major === 1 ? [bytes.readUInt16LE(8), 10] : [bytes.readUInt32LE(8), 12];
  if (from + length > bytes.length) throw refuse(name, `expected a header of ${length} bytes, got fewer`);
  const text = bytes.toString("latin1", from, from + length);
  const type = /'descr': ?(?:'([^']*)'|(\[))/.exec(text);
  const isFortran = /'fortran_order': ?(True|False)/.exec(text)?.[1];
  const shape = /'shape': ?\(([\d, ]*)\)/.exec(text)?.[1];
  if (type === null || isFortran === undefined || shape === undefined)
    throw refuse(name, `expected NumPy's header, got ${visible(text.slice(0, 100))}`);
  if (type[2] !== undefined) throw refuse(name, "expected an array of numbers, got an array of records");
  if (/^[<>|]?O/.test(type[1] ?? ""))
    throw refuse(
      name,
      "is an array of Python objects, which is code and not read",
      "convert it in Python: a = numpy.stack(a).astype('uint8')",
    );
  const sizes = shape.split(",").flatMap((part) => (part.trim() === "" ? [] : [Number(part)]));
  if (!sizes.every((size) => Number.isSafeInteger(size))) throw refuse(name, `has an impossible shape (${shape})`);
  return { type: type[1] ?? "", shape: sizes, isFortran: isFortran === "True", start: from + length };
}

/** Bytes of a value of a type of whole numbers; undefined for other types. */
export function integerBytes(type: string): 1 | 2 | 4 | 8 | undefined {
  const bytes = Number(/^[<>|=][iu]([1248])$/.exec(type)?.[1]);
  return bytes === 1 || bytes === 2 || bytes === 4 || bytes === 8 ? bytes : undefined;
}

/**
 * The values of an array of whole numbers.
 * @param bytes those of all values
 * @returns     numbers; what 53 bits do not hold is rounded, so it is no label either way
 */
export function integers(bytes: Buffer, type: string): number[] {
  const width = integerBytes(type) ?? 1;
  const isBig = type.startsWith(">");
  const isSigned = type.includes("i");
  return Array.from({ length: bytes.length / width }, (_, i) => {
    const at = i * width;
    if (width === 8) {
      if (isSigned) return Number(isBig ? bytes.readBigInt64BE(at) : bytes.readBigInt64LE(at));
      return Number(isBig ? bytes.readBigUInt64BE(at) : bytes.readBigUInt64LE(at));
    }
    if (isSigned) return isBig ? bytes.readIntBE(at, width) : bytes.readIntLE(at, width);
    return isBig ? bytes.readUIntBE(at, width) : bytes.readUIntLE(at, width);
  });
}

function refuse(
  where: string,
  message: string,
  hint = "write it again with numpy.save, numpy.savez or numpy.savez_compressed",
): InputError {
  return new InputError({ where, message, hint });
}
