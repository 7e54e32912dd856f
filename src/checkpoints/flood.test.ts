import { deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { decodeCheckpoint } from "./read-checkpoint.ts";
import { encodeTorch } from "./torch-write.ts";
import { encodeZip } from "./zip-write.ts";

/** A file of torch.save whose structure makes as many values of one byte each. */
function flood(opcode: string, count: number): Buffer {
  const pickle = `\x80\x02)${opcode.repeat(count)}.`;
  return encodeZip([
    { name: "archive/data.pkl", bytes: Buffer.from(pickle, "latin1") },
    { name: "archive/version", bytes: Buffer.from("3\n") },
  ]);
}

describe("what floods the memory", () => {
  it.each([
    ["dictionaries", "}"],
    ["lists", "]"],
    ["sets", "\x8f"],
    ["tuples", ")"],
    ["nested tuples", "\x85"],
  ])("a million %s of one byte each are refused", (_, opcode) => {
    expect(() => decodeCheckpoint(flood(opcode, 1_100_000), "x.pt")).toThrow(
      "expected at most 1000000 values, got more",
    );
  });

  it("a structure of more than 64 MB is not even unpacked", () => {
    expect(() => decodeCheckpoint(flood("0", 65_000_000), "x.pt")).toThrow(
      "expected at most 64000000 bytes, got 6500000",
    );
  });
});

describe("what unpacks to more than it says, or says more than it may", () => {
  const pickle = encodeTorch(new Map([["w", { dtype: "float32", shape: [1], data: Float32Array.of(1) }]]));

  /** A stored entry made a deflated one: zeros that unpack to `actual` bytes, of which the directory says `claimed`. */
  function bomb(actual: number, claimed: number): Buffer {
    const packed = deflateRawSync(Buffer.alloc(actual));
    const bytes = encodeZip([{ name: "archive/data.pkl", bytes: packed }]);
    const end = bytes.length - 22;
    const directory = bytes.readUInt32LE(end + 16);
    for (const [at, size] of [
      [0, { method: 8, sizes: 22, crc: 14 }],
      [directory, { method: 10, sizes: 24, crc: 16 }],
    ] as const) {
      bytes.writeUInt16LE(8, at + size.method);
      bytes.writeUInt32LE(claimed, at + size.sizes);
      bytes.writeUInt32LE(0, at + size.crc);
    }
    return bytes;
  }

  it("an entry that unpacks to more than the directory says is not unpacked further", () => {
    const before = process.memoryUsage().rss;
    expect(() => decodeCheckpoint(bomb(300_000_000, 1000), "x.pt")).toThrow(
      'x.pt: entry "archive/data.pkl": expected 1000 bytes of compressed data, got damaged or other ones',
    );
    // The zeros that the test packs take their 300 MB once; unpacking them would take them again.
    expect(process.memoryUsage().rss - before).toBeLessThan(500_000_000);
  });

  it.each([2 ** 32 - 2, 3_000_000_000])(
    "an entry that claims %d bytes is refused by the size of the file",
    (claimed) => {
      expect(() => decodeCheckpoint(bomb(1_000_000, claimed), "x.pt")).toThrow(`expected at most 100 times the file's`);
    },
  );

  it("an entry that claims 4 GiB or more is refused by name", () => {
    expect(() => decodeCheckpoint(bomb(1000, 2 ** 32 - 1), "x.pt")).toThrow("has a size or position of 4 GiB or more");
  });

  it("a whole file is read all the same", () => {
    expect(decodeCheckpoint(pickle, "x.pt").tensors.size).toBe(1);
  });
});
