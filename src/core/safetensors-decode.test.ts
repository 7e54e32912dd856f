import { describe, expect, it } from "vitest";
import { InputError } from "./errors.ts";
import { stream } from "./rng.ts";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";

function file(header: string | Uint8Array, dataBytes = 0): Buffer {
  const text = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeUInt32LE(text.length);
  return Buffer.concat([length, text, Buffer.alloc(dataBytes)]);
}

/** The message for a file whose tensor `w` has this header entry; the entry's default fits its 8 bytes of data. */
function withEntry(entry: Record<string, unknown>, dataBytes = 8): Buffer {
  return file(JSON.stringify({ w: { dtype: "F32", shape: [2], data_offsets: [0, 8], ...entry } }), dataBytes);
}

function refusal(bytes: Uint8Array): string {
  try {
    decodeSafetensors(bytes, "net.safetensors");
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  return "accepted";
}

const cutOff = "\n  hint: the file is cut off or not a safetensors file: copy or export it again";
const badHeader = "\n  hint: the header is damaged or not that of a safetensors file: copy or export it again";
const two64 = Buffer.concat([Buffer.alloc(8, 0xff), Buffer.from("{}")]);
const over100MB = Buffer.from([1, 0xe1, 0xf5, 5, 0, 0, 0, 0]);
const w = '"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}';
const a = { dtype: "U8", shape: [4], data_offsets: [0, 4] };
const typeNames = "F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL";

const refused: readonly [claim: string, bytes: Uint8Array, message: string][] = [
  ["an empty file", Buffer.alloc(0), `expected at least 8 bytes for the length of the header, got 0${cutOff}`],
  ["seven bytes", Buffer.alloc(7), `expected at least 8 bytes for the length of the header, got 7${cutOff}`],
  ["a header that is longer than the file", file("{}").subarray(0, 9), `expected a header of 2 bytes, got 1${cutOff}`],
  [
    "a header over 16 MB",
    over100MB,
    `expected a header of at most 16000000 bytes, got a length of 100000001${badHeader}`,
  ],
  [
    "a header length of 2^64-1",
    two64,
    `expected a header of at most 16000000 bytes, got a length of 18446744073709551615${badHeader}`,
  ],
  [
    "a header that is not UTF-8",
    file(Uint8Array.of(0x7b, 0xff, 0x7d)),
    `expected a header in UTF-8, got bytes that are not${badHeader}`,
  ],
  ["a header that is not JSON", file("{oh}"), `expected a header in JSON, got {oh}${badHeader}`],
  ["an empty header", file(""), `expected a header in JSON, got ${badHeader}`],
  ["an array as header", file("[1]"), `expected a JSON object as header, got [1]${badHeader}`],
  ["null as header", file("null"), `expected a JSON object as header, got null${badHeader}`],
  ["a space before the header", file(" {}"), `expected a JSON object as header, got  {}${badHeader}`],
  ["a line end after the header", file("{}\n"), `expected a JSON object as header, got {}\n${badHeader}`],
  ["a byte order mark", file("\ufeff{}"), `expected a header in JSON, got \ufeff{}${badHeader}`],
  ["a tensor twice", file(`{${w},${w}}`), `expected each key once, got "w" twice${badHeader}`],
  [
    "a tensor twice, spelt differently",
    file(`{${w},${w.replace("w", "\\u0077")}}`),
    `expected each key once, got "w" twice${badHeader}`,
  ],
  [
    "a field twice",
    file('{"w":{"dtype":"U8","shape":[0],"shape":[0],"data_offsets":[0,0]}}'),
    `expected each key once, got "w" / "shape" twice${badHeader}`,
  ],
  [
    "metadata that is a list",
    file('{"__metadata__":[]}'),
    `__metadata__: expected an object of strings, got []${badHeader}`,
  ],
  [
    "metadata that is nested",
    file('{"__metadata__":{"k":{}}}'),
    `__metadata__: expected a string for "k", got an object${badHeader}`,
  ],
  ["metadata null", file('{"__metadata__":null}'), `__metadata__: expected an object of strings, got null${badHeader}`],
  [
    "metadata with a number",
    file('{"__metadata__":{"k":1}}'),
    `__metadata__: expected a string for "k", got 1${badHeader}`,
  ],
  ["a tensor that is no object", file('{"w":3}'), `tensor "w": expected an object, got 3${badHeader}`],
  [
    "an unknown field",
    withEntry({ layout: 1 }),
    `tensor "w": expected dtype, shape and data_offsets only, got "layout" too${badHeader}`,
  ],
  [
    "an unknown dtype",
    withEntry({ dtype: "F4" }),
    `tensor "w": expected a dtype among ${typeNames}, got F4\n  hint: convert the tensor to one of these types before saving it`,
  ],
  [
    "a missing dtype",
    withEntry({ dtype: undefined }),
    `tensor "w": expected a dtype among ${typeNames}, got nothing\n  hint: convert the tensor to one of these types before saving it`,
  ],
  [
    "a missing shape",
    withEntry({ shape: undefined }),
    `tensor "w": expected a shape of whole numbers from 0, got nothing${badHeader}`,
  ],
  [
    "a negative length",
    withEntry({ shape: [-2] }),
    `tensor "w": expected a shape of whole numbers from 0, got [-2]${badHeader}`,
  ],
  [
    "a broken length",
    withEntry({ shape: [0.5] }),
    `tensor "w": expected a shape of whole numbers from 0, got [0.5]${badHeader}`,
  ],
  [
    "a length of 2^53",
    withEntry({ shape: [2 ** 53] }),
    `tensor "w": expected a shape of whole numbers from 0, got [9007199254740992]${badHeader}`,
  ],
  [
    "one offset",
    withEntry({ data_offsets: [0] }),
    `tensor "w": expected data_offsets of two whole numbers from 0, got [0]${badHeader}`,
  ],
  [
    "missing offsets",
    withEntry({ data_offsets: undefined }),
    `tensor "w": expected data_offsets of two whole numbers from 0, got nothing${badHeader}`,
  ],
  [
    "a negative offset",
    withEntry({ data_offsets: [-8, 0] }),
    `tensor "w": expected data_offsets of two whole numbers from 0, got [-8,0]${badHeader}`,
  ],
  [
    "reversed offsets",
    withEntry({ data_offsets: [8, 0] }),
    `tensor "w": expected data_offsets in order, got 8 after 0${badHeader}`,
  ],
  [
    "a size that overflows",
    withEntry({ shape: [2 ** 30, 2 ** 30] }),
    `tensor "w": expected a size below 2^53 bytes, got shape [1073741824, 1073741824]${badHeader}`,
  ],
  [
    "a size that overflows on the way to 0",
    withEntry({ shape: [2 ** 30, 2 ** 30, 0], data_offsets: [0, 0] }, 0),
    `tensor "w": expected a size below 2^53 bytes, got shape [1073741824, 1073741824, 0]${badHeader}`,
  ],
  [
    "offsets that do not fit shape and type",
    withEntry({ shape: [3] }),
    `tensor "w": expected 12 bytes for F32 [3], got data_offsets of 8${badHeader}`,
  ],
  [
    "data that is cut off",
    withEntry({}, 7),
    `tensor "w": expected data up to byte 8, got a file with 7 bytes of data${cutOff}`,
  ],
  [
    "bytes behind the data",
    withEntry({}, 9),
    "expected 8 bytes of data, got 9\n  hint: something was appended to the file, or it is damaged: copy or export it again",
  ],
  [
    "a hole before the first tensor",
    withEntry({ data_offsets: [1, 9] }, 9),
    `tensor "w": expected data from byte 0 on, got 1: the bytes between belong to none${badHeader}`,
  ],
  [
    "a hole between tensors",
    file(JSON.stringify({ a, b: { ...a, data_offsets: [5, 9] } }), 9),
    `tensor "b": expected data from byte 4 on, got 5: the bytes between belong to none${badHeader}`,
  ],
  [
    "tensors that overlap",
    file(JSON.stringify({ a, b: { ...a, data_offsets: [3, 7] } }), 7),
    `tensor "b": expected data from byte 4 on, got 3: it overlaps another tensor${badHeader}`,
  ],
  [
    "two tensors on the same bytes",
    file(JSON.stringify({ a, b: a }), 4),
    `tensor "b": expected data from byte 4 on, got 0: it overlaps another tensor${badHeader}`,
  ],
];

describe("decodeSafetensors refuses", () => {
  it.each(refused)("%s", (_, bytes, message) => {
    expect(refusal(bytes)).toBe(`net.safetensors: ${message}`);
  });

  const whole = encodeSafetensors(
    new Map([
      ["conv.weight", { dtype: "float32", shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
      ["mask", { dtype: "bool", shape: [3], data: Uint8Array.of(1, 0, 1) }],
    ]),
    { epoch: "3" },
  );

  it("a file that is cut off at any byte", () => {
    for (let length = 0; length < whole.length; length++)
      expect([length, refusal(whole.subarray(0, length))]).not.toEqual([length, "accepted"]);
  });

  it("with an InputError and nothing else, whichever bit of the header is flipped", () => {
    const headerEnd = 8 + whole.readUInt32LE(0);
    let accepted = 0;
    for (let bit = 0; bit < headerEnd * 8; bit++) {
      const bytes = Buffer.from(whole);
      bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      if (refusal(bytes) === "accepted") accepted++;
    }
    // A flipped bit inside a name or a metadata text gives another valid file; anywhere else it must be seen.
    const texts = "conv.weight".length + "mask".length + "epoch".length + "3".length + "__metadata__".length;
    expect(accepted).toBeGreaterThan(0);
    expect(accepted).toBeLessThanOrEqual(texts * 8);
  });

  it("with an InputError and nothing else, whatever random bytes it is given", () => {
    const random = stream(7, "safetensors fuzz");
    for (let round = 0; round < 3000; round++) {
      const bytes = Buffer.from(whole);
      const changes = 1 + random.below(6);
      for (let i = 0; i < changes; i++) bytes.writeUInt8(random.below(256), random.below(bytes.length));
      refusal(bytes.subarray(0, random.below(4) === 0 ? random.below(bytes.length) : bytes.length));
    }
  });

  it("a deeply nested header without running out of stack", () => {
    const depth = 200_000;
    expect(refusal(file(`{"w":${"[".repeat(depth)}${"]".repeat(depth)}}`))).toBe(
      `net.safetensors: tensor "w": expected an object, got a nested list${badHeader}`,
    );
  });
});
