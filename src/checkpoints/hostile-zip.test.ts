import { deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { InputError } from "../core/errors.ts";
import { decodeCheckpoint } from "./read-checkpoint.ts";
import { fixtureBytes } from "./torch.fixture.ts";
import { encodeTorch } from "./torch-write.ts";
import { encodeZip } from "./zip-write.ts";

/** The smallest file of ours: one weight. */
const small = encodeTorch(new Map([["w", { dtype: "float32", shape: [1], data: Float32Array.of(1.5) }]]));

/** Offsets in `small`: of the directory, its entries, and the record at the end. */
const end = small.length - 22;
const directory = small.readUInt32LE(end + 16);
const entries = [0, 1, 2, 3].map((n) => {
  let at = directory;
  for (let i = 0; i < n; i++) at += 46 + small.readUInt16LE(at + 28);
  return at;
});
const [pickleEntry = 0, , dataEntry = 0, versionEntry = 0] = entries;

function changed(change: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.from(small);
  change(bytes);
  return bytes;
}

function failure(bytes: Uint8Array): string {
  try {
    decodeCheckpoint(bytes, "x.pt");
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  throw new Error("was read");
}

describe("a damaged or hostile zip archive", () => {
  it.each<[string, (bytes: Buffer) => void, string]>([
    ["no end", (b) => b.writeUInt8(0, end), "expected the end of a zip archive in the last 22 bytes"],
    ["a comment", (b) => b.writeUInt16LE(1, end + 20), "expected the end of a zip archive in the last 22 bytes"],
    ["several disks", (b) => b.writeUInt16LE(1, end + 4), "got a part of several"],
    ["two counts", (b) => b.writeUInt16LE(9, end + 8), "got a part of several"],
    [
      "a directory elsewhere",
      (b) => b.writeUInt32LE(directory - 1, end + 16),
      "expected the zip directory to end at byte",
    ],
    [
      "a directory beyond the file",
      (b) => b.writeUInt32LE(2 ** 31, end + 12),
      "expected the zip directory to end at byte",
    ],
    [
      "a count too large",
      (b) => [8, 10].forEach((at) => void b.writeUInt16LE(5, end + at)),
      "expected 5 entries in the zip directory, got 4",
    ],
    ["a bad signature in the directory", (b) => b.writeUInt8(0, pickleEntry), "expected an entry of the zip directory"],
    [
      "a comment of an entry beyond the directory",
      (b) => b.writeUInt16LE(60000, versionEntry + 32),
      "the zip directory is cut off",
    ],
    ["encryption", (b) => b.writeUInt16LE(1, dataEntry + 8), 'entry "archive/data/0": is encrypted'],
    ["unknown flags", (b) => b.writeUInt16LE(0x40, dataEntry + 8), 'entry "archive/data/0": has flags 0x40'],
    [
      "another method",
      (b) => b.writeUInt16LE(12, dataEntry + 10),
      'entry "archive/data/0": expected stored (0) or deflated (8) data, got method 12',
    ],
    ["two sizes of stored data", (b) => b.writeUInt32LE(9, dataEntry + 24), "is stored, but has the two sizes 4 and 9"],
    [
      "zip64 sizes",
      (b) => [20, 24].forEach((at) => void b.writeUInt32LE(0xffffffff, dataEntry + at)),
      "has a size or position of 4 GiB or more",
    ],
    [
      "sizes beyond the file",
      (b) => {
        const local = b.readUInt32LE(dataEntry + 42);
        for (const at of [dataEntry + 20, dataEntry + 24, local + 18, local + 22]) b.writeUInt32LE(9999, at);
      },
      'entry "archive/data/0": expected 9999 bytes before the directory, got fewer',
    ],
    [
      "another checksum",
      (b) => b.writeUInt32LE(7, dataEntry + 16),
      'entry "archive/data/0": its header and the directory disagree',
    ],
    [
      "other data",
      (b) => b.writeUInt8(1, b.indexOf(Buffer.from(Float32Array.of(1.5).buffer))),
      'entry "archive/data/0": expected the checksum in the directory, got other bytes',
    ],
    [
      "another pickle",
      (b) => b.writeUInt8(1, b.indexOf("_rebuild")),
      'entry "archive/data.pkl": expected the checksum',
    ],
    [
      "an entry that overlaps the one before",
      (b) => b.writeUInt32LE(0, dataEntry + 42),
      "and overlaps the entry before it, which ends at",
    ],
    [
      "a gap before an entry",
      (b) => b.writeUInt32LE(b.readUInt32LE(versionEntry + 42) + 1, versionEntry + 42),
      "belong to none",
    ],
    [
      "no local header",
      (b) => b.writeUInt8(0, b.readUInt32LE(versionEntry + 42)),
      'entry "archive/version": expected its header at byte',
    ],
    [
      "a local name of another length",
      (b) => b.writeUInt16LE(60000, 26),
      'entry "archive/data.pkl": its header is cut off',
    ],
    [
      "another local name",
      (b) => b.writeUInt8(0x62, 30),
      'entry "archive/data.pkl": its header and the directory disagree',
    ],
    ["a name that is no UTF-8", (b) => b.writeUInt8(0xff, pickleEntry + 46), "expected entry names in UTF-8"],
  ])("%s", (_, change, message) => {
    const text = failure(changed(change));
    expect(text).toContain(message);
    expect(text).toMatch(/^x\.pt: .+\n {2}hint: /);
  });

  it.each(["../../etc/passwd", "/etc/passwd", "archive/../x", "archive\\x", "C:x", "archive/\0", ""])(
    "a name like a path, %j, is refused",
    (name) => {
      expect(failure(encodeZip([{ name, bytes: Buffer.alloc(1) }]))).toBe(
        `x.pt: entry ${JSON.stringify(name)}: expected a name inside the archive\n  hint: the file is damaged or cut off: copy it or save it again`,
      );
    },
  );

  it("a name twice", () => {
    const part = { name: "archive/data.pkl", bytes: Buffer.from("\x80\x02}.", "latin1") };
    expect(failure(encodeZip([part, part]))).toContain('x.pt: entry "archive/data.pkl": is there twice');
  });

  it("a zip file of something else, a TorchScript program, big-endian numbers", () => {
    expect(failure(encodeZip([{ name: "word/document.xml", bytes: Buffer.alloc(0) }]))).toContain(
      'x.pt: expected a zip archive of torch.save (one folder with data.pkl), got "word/document.xml"',
    );
    const pickle = { name: "a/data.pkl", bytes: Buffer.from("\x80\x02}.", "latin1") };
    expect(failure(encodeZip([pickle, { name: "a/code/net.py", bytes: Buffer.alloc(0) }]))).toContain(
      "x.pt: expected weights, got a TorchScript program",
    );
    expect(failure(encodeZip([pickle, { name: "a/byteorder", bytes: Buffer.from("big") }]))).toContain(
      'x.pt: expected little-endian numbers, got byte order "big"',
    );
  });

  it("that unpacks to a thousand times its size is refused before it is unpacked", () => {
    const text = failure(deflated(deflateRawSync(Buffer.alloc(2 ** 24)), 2 ** 24));
    expect(text).toMatch(/x\.pt: expected at most 100 times the file's \d+ bytes in its entries, got 16777216/);
  });

  it("that unpacks to more or less than it says is stopped at what it says", () => {
    // Deflated data without compression, so that the sizes are no reason yet.
    const data = deflateRawSync(Buffer.alloc(100_000), { level: 0 });
    for (const size of [0, 1000, 99_999, 100_001])
      expect(failure(deflated(data, size))).toContain(
        `x.pt: entry "a/data.pkl": expected ${size} bytes of compressed data, got damaged or other ones`,
      );
    expect(failure(deflated(Buffer.from("no deflate"), 10))).toContain("expected 10 bytes of compressed data");
  });
});

/** A zip archive of one deflated entry that says it is `size` bytes unpacked. */
function deflated(data: Buffer, size: number): Buffer {
  const bytes = encodeZip([{ name: "a/data.pkl", bytes: data }]);
  const start = bytes.readUInt32LE(bytes.length - 6);
  for (const at of [0, start + 2]) {
    bytes.writeUInt16LE(8, at + 8);
    bytes.writeUInt32LE(size, at + 22);
  }
  return bytes;
}

describe("every truncation and every flipped bit", () => {
  const files = ["harm.pt", "two-networks.pt", "parameters.pt", "deflated.pt", "harm-legacy.pt", "views-legacy.pt"];
  const all: [string, Buffer][] = [
    ["of ours", small],
    ...files.map((name): [string, Buffer] => [name, fixtureBytes(name)]),
  ];

  it.each(all)("cut off at every byte, %s is refused", (_, bytes) => {
    for (let length = 0; length < bytes.length; length++) expect(failure(bytes.subarray(0, length))).toMatch(/^x\.pt/);
  });

  it.each(all)("a flipped bit in %s gives an InputError, or in a zip archive what was there before", (name, bytes) => {
    const options = name === "two-networks.pt" ? { key: "a" } : {};
    const before = attempt(bytes, options);
    let refused = 0;
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const after = attempt(bytes, options);
      if (after === undefined) refused++;
      else if (!name.includes("legacy")) expect(after).toEqual(before);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    }
    expect(refused).toBeGreaterThan(2 * bytes.length);
  });
});

/** The arrays of a file, or undefined where it is refused; any error but InputError fails the test. */
function attempt(bytes: Uint8Array, options: { key?: string }): unknown {
  try {
    const { tensors } = decodeCheckpoint(bytes, "x.pt", options);
    return [...tensors].map(([name, { dtype, shape, data }]) => [name, dtype, [...shape], [...data]]);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}
