import { crc32c } from "./crc32c.ts";

/**
 * One record of TensorFlow's record format: the length (8 bytes, little-endian), its masked CRC, the content, its masked CRC.
 * @source tensorflow/core/lib/io/record_writer.h
 */
export function encodeRecord(content: Uint8Array): Buffer {
  const record = Buffer.alloc(content.length + 16);
  record.writeBigUInt64LE(BigInt(content.length), 0);
  record.writeUInt32LE(masked(crc32c(record.subarray(0, 8))), 8);
  record.set(content, 12);
  record.writeUInt32LE(masked(crc32c(content)), 12 + content.length);
  return record;
}

/** The contents of a file of records, or what is wrong with it: reads what `encodeRecord` writes. */
export function decodeRecords(bytes: Uint8Array): Uint8Array[] | string {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const contents: Uint8Array[] = [];
  for (let at = 0; at < file.length; ) {
    if (at + 12 > file.length) return `a record at byte ${at} is cut off`;
    const length = Number(file.readBigUInt64LE(at));
    if (at + 16 + length > file.length) return `the record at byte ${at} is cut off`;
    const content = file.subarray(at + 12, at + 12 + length);
    const sums = [file.readUInt32LE(at + 8), file.readUInt32LE(at + 12 + length)];
    const expected = [masked(crc32c(file.subarray(at, at + 8))), masked(crc32c(content))];
    if (sums[0] !== expected[0] || sums[1] !== expected[1]) return `the record at byte ${at} has a wrong checksum`;
    contents.push(content);
    at += 16 + length;
  }
  return contents;
}

/** A CRC of data that hold CRCs themselves would be weak, so they are rotated and shifted. */
function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
