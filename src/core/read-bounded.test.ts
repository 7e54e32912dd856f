import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { readBounded } from "./read-bounded.ts";

const folder = mkdtempSync(join(tmpdir(), "sweepstake-bounded-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, "file");

test("a file is read whole up to its bound, and not at all beyond", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 0, max: 300 }), (bytes, atMost) => {
      writeFileSync(path, bytes);
      expect(readBounded(path, atMost)).toEqual(bytes.length <= atMost ? Buffer.from(bytes) : undefined);
    }),
  );
});

test("more than one chunk is read, and a device without an end is left", () => {
  const bytes = Buffer.alloc(3 * 2 ** 20 + 5, "abcdefg");
  writeFileSync(path, bytes);
  expect(readBounded(path, bytes.length)?.equals(bytes)).toBe(true);
  expect(readBounded("/dev/zero", 5_000_000)).toBeUndefined();
});
