import { describe, expect, it } from "vitest";
import { decodeCheckpoint } from "./read-checkpoint.ts";
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
