import { crc32 } from "node:zlib";
import { InputError } from "../core/errors.ts";
import { IN_ZIP64, recordBytes, signatures } from "../core/zip-format.ts";

export interface ZipPart {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** torch.save starts every entry's data at a multiple of this, so that it can be mapped into memory. */
const ALIGNMENT = 64;

/** Day 1 of the format, as in every file of torch.save: equal contents give equal bytes. */
const MIDNIGHT = 0;
const FIRST_OF_JANUARY_1980 = (1 << 5) | 1;

/**
 * A zip archive of stored entries, in their order. Equal parts give equal bytes.
 * @throws InputError when it would reach 4 GiB
 */
export function encodeZip(parts: readonly ZipPart[]): Buffer {
  const pieces: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const { name, bytes } of parts) {
    const fields = commonFields(bytes);
    const nameBytes = Buffer.from(name, "utf8");
    const padding = paddingField(at + recordBytes.local + nameBytes.length);
    const local = Buffer.alloc(recordBytes.local);
    local.writeUInt32LE(signatures.local, 0);
    fields.copy(local, 4);
    local.writeUInt16LE(nameBytes.length, 26);
    local.writeUInt16LE(padding.length, 28);
    const central = Buffer.alloc(recordBytes.central);
    central.writeUInt32LE(signatures.central, 0);
    fields.copy(central, 6);
    central.writeUInt16LE(nameBytes.length, 28);
    if (at + bytes.length >= IN_ZIP64 - 2 ** 20) throw tooLarge();
    central.writeUInt32LE(at, 42);
    pieces.push(local, nameBytes, padding, bytes);
    directory.push(central, nameBytes);
    at += local.length + nameBytes.length + padding.length + bytes.length;
  }
  const directoryBytes = directory.reduce((sum, piece) => sum + piece.length, 0);
  const end = Buffer.alloc(recordBytes.end);
  end.writeUInt32LE(signatures.end, 0);
  end.writeUInt16LE(parts.length, 8);
  end.writeUInt16LE(parts.length, 10);
  end.writeUInt32LE(directoryBytes, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...pieces, ...directory, end]);
}

/** What local header and directory say alike: version, flags, method, time, date, checksum, and the size twice. */
function commonFields(bytes: Uint8Array): Buffer {
  const fields = Buffer.alloc(22);
  fields.writeUInt16LE(10, 0);
  fields.writeUInt16LE(MIDNIGHT, 6);
  fields.writeUInt16LE(FIRST_OF_JANUARY_1980, 8);
  fields.writeUInt32LE(crc32(bytes), 10);
  fields.writeUInt32LE(bytes.length, 14);
  fields.writeUInt32LE(bytes.length, 18);
  return fields;
}

/** An extra field (its tag is torch.save's, "FB") that moves the data behind it to a multiple of the alignment. */
function paddingField(at: number): Buffer {
  const length = (ALIGNMENT - ((at + 4) % ALIGNMENT)) % ALIGNMENT;
  const field = Buffer.alloc(4 + length, "Z");
  field.write("FB", 0, "latin1");
  field.writeUInt16LE(length, 2);
  return field;
}

function tooLarge(): InputError {
  return new InputError({
    where: "",
    message: "expected weights below 4 GiB for a .pt file, got more",
    hint: "write a .safetensors file",
  });
}
