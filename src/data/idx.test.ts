import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readIdxSplit } from "./idx.ts";

/** Two images of 1 x 2 x 3, written out by hand. */
const imageFile = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6, 250, 251, 252, 253, 254, 255];
const labelFile = [0, 0, 8, 1, 0, 0, 0, 2, 9, 0];
const expected = { count: 2, shape: [1, 2, 3], classes: 10, obtain: "Get them from the shop" } as const;

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sweepstake-idx-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(images: readonly number[] | Uint8Array, labels: readonly number[] | Uint8Array, ending = ""): void {
  writeFileSync(join(folder, `images${ending}`), Uint8Array.from(images));
  writeFileSync(join(folder, `labels${ending}`), Uint8Array.from(labels));
}

function read() {
  return readIdxSplit(folder, "images", "labels", expected);
}

/** The bytes with some replaced, by position. */
function patched(bytes: readonly number[], patch: Readonly<Record<number, number>>): number[] {
  return bytes.map((byte, i) => patch[i] ?? byte);
}

describe("readIdxSplit", () => {
  it("decodes hand-made files byte by byte", () => {
    write(imageFile, labelFile);
    expect(read()).toEqual({
      images: Uint8Array.of(1, 2, 3, 4, 5, 6, 250, 251, 252, 253, 254, 255),
      labels: Uint8Array.of(9, 0),
      count: 2,
    });
  });

  it("reads gzipped files as it reads plain ones, and prefers the plain ones", () => {
    write(gzipSync(Uint8Array.from(imageFile)), gzipSync(Uint8Array.from(labelFile)), ".gz");
    expect(read().images).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6, 250, 251, 252, 253, 254, 255));
    write(imageFile, patched(labelFile, { 8: 7 }));
    expect(read().labels).toEqual(Uint8Array.of(7, 0));
  });

  it.each([
    [
      "a wrong magic number",
      patched(imageFile, { 3: 1 }),
      labelFile,
      "images: expected the magic number 0x00000803 of idx images, got 0x00000801",
    ],
    [
      "another element type",
      patched(imageFile, { 2: 0x0d }),
      labelFile,
      "images: expected the magic number 0x00000803 of idx images, got 0x00000d03",
    ],
    [
      "labels with a wrong magic number",
      imageFile,
      patched(labelFile, { 0: 1 }),
      "labels: expected the magic number 0x00000801 of idx labels, got 0x01000801",
    ],
    [
      "another number of images",
      patched(imageFile, { 7: 3 }),
      labelFile,
      "images: expected the size 2 x 2 x 3, the header says 3 x 2 x 3",
    ],
    [
      "another image size",
      patched(imageFile, { 15: 4 }),
      labelFile,
      "images: expected the size 2 x 2 x 3, the header says 2 x 2 x 4",
    ],
    [
      "another number of labels",
      imageFile,
      patched(labelFile, { 4: 255 }),
      "labels: expected the size 2, the header says 4278190082",
    ],
    ["truncated images", imageFile.slice(0, -1), labelFile, "images: truncated: expected 28 bytes, found 27"],
    [
      "a file shorter than its header",
      imageFile.slice(0, 15),
      labelFile,
      "images: truncated: expected 28 bytes, found 15",
    ],
    ["an empty file", imageFile, [], "labels: truncated: expected 10 bytes, found 0"],
    ["bytes after the end", imageFile, [...labelFile, 0], "labels: too long: expected 10 bytes, found 11"],
    [
      "a label out of range",
      imageFile,
      patched(labelFile, { 9: 10 }),
      "labels: image 1: expected a label in [0, 10), got 10",
    ],
  ])("refuses %s, naming the file and the fix", (_, images, labels, message) => {
    write(images, labels);
    expect(read).toThrow(
      `${folder}/${message}\n  hint: the file is damaged or not the official one: delete it and get it again. Get them from the shop`,
    );
  });

  it("refuses a gzip file that is cut off, damaged inside, or none at all", () => {
    const good = gzipSync(Uint8Array.from(imageFile));
    const flipped = Uint8Array.from(good);
    flipped[good.length - 6] = (flipped[good.length - 6] as number) ^ 0xff; // inside the checksum of the content
    for (const [bad, reason] of [
      [good.subarray(0, good.length - 9), "unexpected end of file"],
      [flipped, "incorrect data check"],
      [Uint8Array.from(imageFile), "incorrect header check"],
    ] as const) {
      write(bad, gzipSync(Uint8Array.from(labelFile)), ".gz");
      expect(read).toThrow(
        `${folder}/images.gz: expected a gzip file, cannot unpack its ${bad.length} bytes (${reason})`,
      );
    }
  });

  it("names the gzipped file and the unpacked size when the content is too short", () => {
    write(gzipSync(Uint8Array.from(imageFile.slice(0, -1))), gzipSync(Uint8Array.from(labelFile)), ".gz");
    expect(read).toThrow(`${folder}/images.gz: truncated: expected 28 bytes after unpacking, found 27`);
  });

  it("says why a file cannot be read", () => {
    write(imageFile, labelFile);
    rmSync(join(folder, "labels"));
    expect(read).toThrow(`${folder}/labels: cannot read the file (ENOENT`);
  });
});
