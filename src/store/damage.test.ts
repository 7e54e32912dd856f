import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sha256 } from "../core/canonical-json.ts";
import { RunError } from "../core/errors.ts";
import { encodeSafetensors } from "../core/safetensors.ts";
import { provenance } from "./provenance.fixture.ts";
import { CorruptObjectError, Store } from "./store.ts";

const key = "0a".repeat(32);
const files = ["mask.safetensors", "metrics.jsonl", "stage.json"];
const again = "\n  hint: run the same command again: it computes the object anew";

let root: string;
let object: string;
let quarantine: string;
let notices: string[];
let store: Store;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "sweepstake-damage-"));
  object = join(root, "objects", "0a", key);
  quarantine = join(root, "quarantine", `${key}-1`);
  notices = [];
  store = Store.open(root, (message) => notices.push(message));
  compute();
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function compute(): void {
  const lease = store.claim(key);
  lease?.write("mask.safetensors", "0110");
  lease?.write("metrics.jsonl", '{"loss":1.5}\n');
  lease?.commit({ stage: { kind: "mask" }, kind: "mask", status: "done", summary: { kept: 2 }, provenance });
  lease?.release();
}

function thrownBy(action: () => unknown): CorruptObjectError {
  try {
    action();
  } catch (error) {
    if (error instanceof CorruptObjectError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

/** The object is out of the way, and computing it again works. */
function expectQuarantined(): void {
  expect(existsSync(object)).toBe(false);
  expect(readdirSync(quarantine)).toContain("record.json");
  expect(store.has(key)).toBe(false);
}

describe("a damaged file of an object", () => {
  it("is refused by name, set aside, and computed anew", () => {
    writeFileSync(join(object, "mask.safetensors"), "0111");
    const error = thrownBy(() => store.read(key, "mask.safetensors"));
    expect(error.message).toBe(
      `object ${key} (mask): mask.safetensors is damaged: expected SHA-256 ` +
        "a5c3dd48facf21ed5f916d0ae979091fead570e6aea6c1d8038d1f68b26fa51f, found " +
        `5bedd317328c9ed79ecd3aecee74d37f97813cb4ce61ef3402eb388fb369fa86; the object was moved to ${quarantine}${again}`,
    );
    expect([error.key, error.exitCode, error instanceof RunError]).toEqual([key, 1, true]);
    expectQuarantined();
    compute();
    expect(store.read(key, "mask.safetensors").toString()).toBe("0110");
  });

  it("is noticed whichever bit of whichever file is flipped", () => {
    for (const file of files) {
      const path = join(object, file);
      const whole = readFileSync(path);
      for (let bit = 0; bit < whole.length * 8; bit++) {
        const bytes = Buffer.from(whole);
        bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        writeFileSync(path, bytes);
        expect(thrownBy(() => store.verify(key)).message).toContain(`object ${key} (mask): ${file} is damaged`);
        renameSync(quarantine, object);
      }
      writeFileSync(path, whole);
      store.verify(key);
    }
  });

  it("is noticed when it is cut off, longer, missing, or a folder", () => {
    const path = join(object, "mask.safetensors");
    const found = (): string => {
      const { message } = thrownBy(() => store.read(key, "mask.safetensors"));
      renameSync(quarantine, object);
      return message.replace(/; the object was moved.*/s, "");
    };
    for (const length of [0, 1, 2, 3]) {
      writeFileSync(path, "0110".slice(0, length));
      expect(found()).toBe(`object ${key} (mask): mask.safetensors is damaged: expected 4 bytes, found ${length}`);
    }
    writeFileSync(path, "0110");
    appendFileSync(path, "\n");
    expect(found()).toBe(`object ${key} (mask): mask.safetensors is damaged: expected 4 bytes, found 5`);
    rmSync(path);
    expect(found()).toBe(`object ${key} (mask): mask.safetensors is missing`);
  });

  it("goes to a place of its own each time", () => {
    for (const n of [1, 2, 3]) {
      rmSync(join(object, "metrics.jsonl"));
      expect(thrownBy(() => store.readMetrics(key)).message).toContain(`moved to ${root}/quarantine/${key}-${n}\n`);
      compute();
    }
    expect(readdirSync(join(root, "quarantine"))).toHaveLength(3);
    store.verify(key);
  });
});

describe("a damaged record", () => {
  const noticed = `; the object was moved to`;

  it("is not there for those who ask, with a notice, and is computed anew", () => {
    rmSync(join(object, "record.json"));
    expect(store.record(key)).toBeUndefined();
    expect(notices).toEqual([`object ${key}: record.json is damaged: it is missing${noticed} ${quarantine}${again}`]);
    compute();
    store.verify(key);
    expect(notices).toHaveLength(1);
  });

  it("is noticed whichever byte of it is changed, and wherever it is cut off", () => {
    const path = join(object, "record.json");
    const whole = readFileSync(path);
    const variants = [...whole.keys()].flatMap((at) => {
      const changed = Buffer.from(whole);
      changed.writeUInt8(whole.readUInt8(at) ^ (1 << (at & 7)), at);
      return [changed, whole.subarray(0, at)];
    });
    for (const bytes of variants) {
      writeFileSync(path, bytes);
      expect([...store.list()]).toEqual([]);
      expect(existsSync(object)).toBe(false);
      renameSync(quarantine, object);
    }
    expect(notices).toHaveLength(variants.length);
    writeFileSync(path, whole);
    store.verify(key);
  });

  it.each(["x", "{", "[1", '{"format":1,"files":{"a":1}'])(
    "with a right checksum that is no record is damaged: %j",
    (body) => {
      writeFileSync(join(object, "record.json"), `${body},"sha256":"${sha256(body)}"}\n`);
      expect(store.record(key)).toBeUndefined();
      expect(notices).toHaveLength(1);
    },
  );

  it("of another object is refused", () => {
    const moved = `${"0a".repeat(31)}0b`;
    renameSync(object, join(root, "objects", "0a", moved));
    expect(store.record(moved)).toBeUndefined();
    expect(notices[0]).toContain(`object ${moved}: record.json is damaged: it belongs to the object ${key}${noticed}`);
  });
});

describe("what is not there", () => {
  it("is named, and an object that is merely not in the store is not quarantined", () => {
    const absent = "0b".repeat(32);
    expect(thrownBy(() => store.read(absent, "mask.safetensors")).message).toBe(
      `object ${absent} is not in the store${again}`,
    );
    const error = thrownBy(() => store.read(key, "weights@3.safetensors"));
    expect(error.message).toBe(
      `object ${key} (mask): weights@3.safetensors is not among its files mask.safetensors, metrics.jsonl, stage.json${again}`,
    );
    expect(existsSync(object)).toBe(true);
  });
});

describe("a damaged checkpoint", () => {
  const parts = { weights: Uint8Array.of(1, 2, 3), position: new Uint8Array() };

  it("is dropped with a notice, whichever byte is changed and wherever it is cut off: the stage starts over", () => {
    const other = "0c".repeat(32);
    const path = join(root, "work", other, "checkpoint");
    const lease = store.claim(other);
    lease?.checkpoint(parts);
    const whole = readFileSync(path);
    expect(lease?.readCheckpoint()).toEqual(parts);
    for (let at = 0; at < whole.length; at++) {
      const changed = Buffer.from(whole);
      changed.writeUInt8(whole.readUInt8(at) ^ (1 << (at & 7)), at);
      for (const bytes of [changed, whole.subarray(0, at)]) {
        writeFileSync(path, bytes);
        expect(lease?.readCheckpoint()).toBeUndefined();
        expect(existsSync(path)).toBe(false);
      }
    }
    expect(new Set(notices)).toEqual(
      new Set([`stage ${other}: the checkpoint is damaged and was dropped; the stage starts over`]),
    );
    expect(notices).toHaveLength(2 * whole.length);
    lease?.release();
  });

  it.each(["{", "[1]", '{"a":1}', "null"])("with a right checksum whose files are %s is dropped too", (files) => {
    const other = "0c".repeat(32);
    const lease = store.claim(other);
    const body = encodeSafetensors(new Map(), { key: other, files });
    for (const rest of [body, Buffer.from("no safetensors")]) {
      writeFileSync(join(root, "work", other, "checkpoint"), Buffer.concat([Buffer.from(sha256(rest), "hex"), rest]));
      expect(lease?.readCheckpoint()).toBeUndefined();
    }
    expect(notices).toHaveLength(2);
    lease?.release();
  });

  it("of another stage is dropped too", () => {
    const [from, to] = ["0c".repeat(32), "0d".repeat(32)];
    const source = store.claim(from);
    const target = store.claim(to);
    source?.checkpoint(parts);
    renameSync(join(root, "work", from, "checkpoint"), join(root, "work", to, "checkpoint"));
    expect(target?.readCheckpoint()).toBeUndefined();
    expect(notices).toEqual([`stage ${to}: the checkpoint is damaged and was dropped; the stage starts over`]);
    source?.release();
    target?.release();
  });

  it("whose files are damaged is dropped too", () => {
    const other = "0c".repeat(32);
    const lease = store.claim(other);
    lease?.write("weights@1.safetensors", "w");
    lease?.checkpoint(parts);
    lease?.release();
    const work = join(root, "work", other);
    const folder = readdirSync(work).find((name) => name.startsWith("files-")) ?? "";
    writeFileSync(join(work, folder, "weights@1.safetensors"), "v");
    const next = store.claim(other);
    expect(next?.readCheckpoint()).toBeUndefined();
    expect(notices).toEqual([
      `stage ${other}: a file of the checkpoint is missing or damaged and was dropped; the stage starts over`,
    ]);
    next?.release();
  });
});
