import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { canonicalJson, type Json, sha256 } from "../core/canonical-json.ts";
import { InputError } from "../core/errors.ts";
import { provenance } from "./provenance.fixture.ts";
import { encodeRecord } from "./record.ts";
import { Store } from "./store.ts";
import type { ObjectRecord } from "./types.ts";

const key = "0a".repeat(32);
const other = "f1".repeat(32);
const hint =
  "\n  hint: it was written by another version of sweepstake: use that version, or choose another folder with --out";

let root: string;
let mark: string;
beforeEach(() => {
  root = join(mkdtempSync(join(tmpdir(), "sweepstake-format-")), "store");
  mark = join(root, "format.json");
});
afterEach(() => rmSync(join(root, ".."), { recursive: true, force: true }));

function compute(of: string): void {
  const lease = Store.open(root).claim(of);
  lease?.write("overlap.json", "[1]");
  lease?.commit({ stage: {}, kind: "compare", status: "done", summary: {}, provenance });
  lease?.release();
}

function recordFile(of: string): string {
  return join(root, "objects", of.slice(0, 2), of, "record.json");
}

/** A record of the current version, but for the format it states; its checksum fits. */
function writeRecord(of: string, format: number): void {
  const record = { ...(JSON.parse(readFileSync(recordFile(of), "utf8")) as ObjectRecord), format } as ObjectRecord;
  const { sha256: _, ...body } = record as ObjectRecord & { readonly sha256: string };
  writeFileSync(recordFile(of), encodeRecord(body));
}

/** Every file of the store with its bytes and time. */
function contents(): unknown {
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .sort()
    .map((name) => {
      const stat = statSync(join(root, name));
      return [name, stat.mtimeMs, stat.isFile() ? sha256(readFileSync(join(root, name))) : ""];
    });
}

describe("a store of another version", () => {
  it.each([
    ['{"format":2}\n', "format 2"],
    ['{"format": 2, "layout": "sharded"}', "format 2"],
  ])("is refused by its mark %j", (text, found) => {
    compute(key);
    writeFileSync(mark, text);
    const before = contents();
    expect(() => Store.open(root)).toThrow(InputError);
    expect(() => Store.open(root)).toThrow(`${root}: expected a store of format 1, got ${found} (format.json)${hint}`);
    expect(contents()).toEqual(before);
  });

  it("is not what a flipped bit makes of its mark, whichever", () => {
    compute(key);
    const whole = readFileSync(mark);
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const flipped = Buffer.from(whole);
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      writeFileSync(mark, flipped);
      expect([bit, Store.open(root).has(key)]).toEqual([bit, true]);
    }
    compute(other);
    expect(readFileSync(mark).equals(whole)).toBe(true);
  });

  it("reads no more than a megabyte of a mark or a record", () => {
    compute(key);
    writeFileSync(mark, `{"format":1${" ".repeat(1_000_000)}}`);
    expect(Store.open(root).has(key)).toBe(true);
    compute(other);
    writeFileSync(recordFile(key), " ".repeat(1_000_001));
    const notices: string[] = [];
    expect(Store.open(root, (notice) => notices.push(notice)).record(key)).toBeUndefined();
    expect(notices[0]).toContain("it has 0 characters and no checksum");
  });

  it.each(["", "{", '{"format":}', '{"formau":1}', '{"format":"1"}', "null", "sweepstake store", '{"format":1'])(
    "is known by its objects when its mark is damaged: %j",
    (text) => {
      compute(key);
      writeFileSync(mark, text);
      expect(Store.open(root).has(key)).toBe(true);
      compute(other);
      expect(Store.open(root).has(other)).toBe(true);
      expect(readFileSync(mark, "utf8")).toBe('{"format":1}\n');
    },
  );

  it("is opened whatever the spaces in its mark", () => {
    compute(key);
    writeFileSync(mark, '{ "format": 1 }\n');
    expect(Store.open(root).has(key)).toBe(true);
  });

  it.each([0, 2])("is refused by a whole record of format %d, which stays where it is", (format) => {
    compute(key);
    compute(other);
    writeRecord(key, format);
    const before = contents();
    const notices: string[] = [];
    const store = Store.open(root, (notice) => notices.push(notice));
    const message = `${root}: expected a store of format 1, got format ${format} (objects/0a/${key}/record.json)${hint}`;
    for (const read of [
      () => store.record(key),
      () => store.has(key),
      () => store.read(key, "overlap.json"),
      () => [...store.list()],
    ]) {
      expect(read).toThrow(InputError);
      expect(read).toThrow(message);
    }
    expect(store.has(other)).toBe(true);
    expect(notices).toEqual([]);
    expect(contents()).toEqual(before);
  });

  it("is known by a record without the checksum that this version writes", () => {
    compute(key);
    writeFileSync(recordFile(key), canonicalJson({ format: 3, files: [] } satisfies Json));
    expect(() => Store.open(root).record(key)).toThrow(`got format 3 (objects/0a/${key}/record.json)`);
  });

  it("is not what a changed byte in the format makes of a record: that is damage", () => {
    compute(key);
    writeFileSync(recordFile(key), readFileSync(recordFile(key), "utf8").replace('"format":1', '"format":2'));
    const notices: string[] = [];
    expect(Store.open(root, (notice) => notices.push(notice)).record(key)).toBeUndefined();
    expect(notices).toHaveLength(1);
  });
});

describe("a store without a mark", () => {
  it("keeps working when its objects are of this version, and gets its mark back with the next write", () => {
    compute(key);
    rmSync(mark);
    expect(Store.open(root).readJson(key, "overlap.json")).toEqual([1]);
    compute(other);
    expect(readFileSync(mark, "utf8")).toBe('{"format":1}\n');
    expect(Store.open(root).has(key)).toBe(true);
  });

  it("is refused when its objects are of another version", () => {
    compute(key);
    writeRecord(key, 0);
    rmSync(mark);
    const before = contents();
    expect(() => Store.open(root)).toThrow(`${root}: expected a store of format 1, got format 0`);
    expect(contents()).toEqual(before);
  });

  it("is refused when it has no object: the folder may be anything", () => {
    mkdirSync(join(root, "objects"), { recursive: true });
    expect(() => Store.open(root)).toThrow(
      `${root}: expected a store or an empty folder, got a folder with 1 other files and no format.json`,
    );
  });
});
