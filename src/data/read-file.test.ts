import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { readCifarSplit } from "./cifar.ts";
import { readIdxSplit } from "./idx.ts";

const folder = mkdtempSync(join(tmpdir(), "sweepstake-bounds-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** One byte more than any file of images may have, without taking the disk. */
function sparse(name: string): void {
  const file = openSync(join(folder, name), "w");
  ftruncateSync(file, 2 ** 29 + 1);
  closeSync(file);
}

const obtain = "Get them from the shop";
const idx = () => readIdxSplit(folder, "images", "labels", { count: 1, shape: [1, 2, 2], classes: 10, obtain });

describe("files of images have at most 512 MiB", () => {
  it("plain idx and CIFAR files, which are not read further", () => {
    sparse("images");
    expect(idx).toThrow("images: expected at most 536870912 bytes, got more");
    sparse("batch");
    const cifar = { count: 1, shape: [3, 1, 2], labelBytes: [10], obtain } as const;
    expect(() => readCifarSplit(folder, ["batch"], cifar)).toThrow("batch: expected at most 536870912 bytes, got more");
    rmSync(join(folder, "images"));
  });

  it("and gzip files unpack to no more", () => {
    // Members of a gzip file follow each other: 600 times a megabyte of zeros, packed to 1 kB each.
    const member = gzipSync(Buffer.alloc(2 ** 20));
    writeFileSync(join(folder, "images.gz"), Buffer.concat(Array.from({ length: 600 }, () => member)));
    expect(idx).toThrow(/images\.gz: expected a gzip file, cannot unpack its \d+ bytes \(.*536870912 bytes\)/);
  });
});
