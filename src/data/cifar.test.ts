import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readCifarSplit } from "./cifar.ts";

const shape = [3, 1, 2] as const;
const obtain = "Get them from the shop";
const ten = { count: 4, shape, labelBytes: [10], obtain };
const hundred = { count: 2, shape, labelBytes: [20, 100], obtain };

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sweepstake-cifar-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, bytes: readonly number[]): void {
  writeFileSync(join(folder, name), Uint8Array.from(bytes));
}

describe("readCifarSplit", () => {
  it("decodes hand-made records over several files, in the order of the files", () => {
    write("b", [9, 1, 2, 3, 4, 5, 6, 0, 7, 8, 9, 10, 11, 12]);
    write("a", [4, 255, 254, 253, 252, 251, 250, 3, 0, 0, 0, 0, 0, 1]);
    expect(readCifarSplit(folder, ["b", "a"], ten)).toEqual({
      images: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 255, 254, 253, 252, 251, 250, 0, 0, 0, 0, 0, 1),
      labels: Uint8Array.of(9, 0, 4, 3),
      count: 4,
    });
  });

  it("takes the fine label of two", () => {
    write("a", [19, 99, 1, 2, 3, 4, 5, 6, 0, 42, 7, 8, 9, 10, 11, 12]);
    const { images, labels } = readCifarSplit(folder, ["a"], hundred);
    expect(labels).toEqual(Uint8Array.of(99, 42));
    expect(images).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
  });

  it.each([
    [
      "truncated",
      [9, 1, 2, 3, 4, 5, 6, 0, 7, 8, 9, 10, 11],
      "truncated: expected 14 bytes (2 images of 7 bytes), found 13",
    ],
    ["empty", [], "truncated: expected 14 bytes (2 images of 7 bytes), found 0"],
    [
      "longer by a record",
      new Array<number>(21).fill(0),
      "too long: expected 14 bytes (2 images of 7 bytes), found 21",
    ],
    ["mislabelled", [9, 1, 2, 3, 4, 5, 6, 10, 7, 8, 9, 10, 11, 12], "image 1: expected a label in [0, 10), got 10"],
  ])("refuses a file that is %s, naming it and the fix", (_, bytes, message) => {
    write("a", new Array<number>(14).fill(0));
    write("b", bytes);
    expect(() => readCifarSplit(folder, ["a", "b"], ten)).toThrow(
      `${folder}/b: ${message}\n  hint: the file is damaged or not the official one: delete it and get it again. ${obtain}`,
    );
  });

  it("refuses a coarse or fine label out of range, so that CIFAR-10's layout is not taken for CIFAR-100's", () => {
    write("a", [19, 99, 1, 2, 3, 4, 5, 6, 20, 42, 7, 8, 9, 10, 11, 12]);
    expect(() => readCifarSplit(folder, ["a"], hundred)).toThrow(
      `${folder}/a: image 1: expected a coarse label in [0, 20), got 20`,
    );
    write("a", [19, 100, 1, 2, 3, 4, 5, 6, 0, 42, 7, 8, 9, 10, 11, 12]);
    expect(() => readCifarSplit(folder, ["a"], hundred)).toThrow(
      `${folder}/a: image 0: expected a label in [0, 100), got 100`,
    );
  });

  it("says why a file cannot be read", () => {
    expect(() => readCifarSplit(folder, ["a"], hundred)).toThrow(`${folder}/a: cannot read the file (ENOENT`);
  });
});
