import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { StateDict } from "../core/array.ts";
import { encodeSafetensors } from "../core/safetensors.ts";
import { Layout } from "./layout.ts";
import { provenance } from "./provenance.fixture.ts";
import { CorruptObjectError, type Lease, Store } from "./store.ts";
import type { ObjectRecord, Result } from "./types.ts";

const key = "0a".repeat(32);
const other = "f1".repeat(32);
const result: Result = {
  stage: { kind: "train" },
  kind: "train",
  status: "done",
  summary: { accuracy: 0.5 },
  provenance,
};
const state: StateDict = new Map([["w", { dtype: "float32", shape: [2], data: Float32Array.of(1, 2) }]]);

let root: string;
let store: Store;
beforeEach(() => {
  root = join(mkdtempSync(join(tmpdir(), "sweepstake-store-")), "store");
  store = Store.open(root);
});
afterEach(() => rmSync(join(root, ".."), { recursive: true, force: true }));

function claim(of = key): Lease {
  const lease = store.claim(of);
  if (lease === undefined) throw new Error("the lease is taken");
  return lease;
}

function put(files: Record<string, string | Uint8Array>, change: Partial<Result> = {}, of = key): ObjectRecord {
  const lease = claim(of);
  for (const [file, bytes] of Object.entries(files)) lease.write(file, bytes);
  const record = lease.commit({ ...result, ...change });
  lease.release();
  return record;
}

describe("Store.open", () => {
  it("writes nothing before the first write", () => {
    expect([store.record(key), store.has(key), [...store.list()], store.failure(key), store.isClaimed(key)]).toEqual([
      undefined,
      false,
      [],
      undefined,
      false,
    ]);
    expect(existsSync(root)).toBe(false);
  });

  it("opens a store again", () => {
    put({ "overlap.json": "[1]" });
    expect(Store.open(root).readJson(key, "overlap.json")).toEqual([1]);
  });

  it("refuses a folder that holds something else", () => {
    mkdirSync(root);
    writeFileSync(join(root, "thesis.tex"), "");
    expect(() => Store.open(root)).toThrow(
      `${root}: expected a store or an empty folder, got a folder with 1 other files and no format.json\n` +
        "  hint: choose another folder with --out",
    );
  });
});

describe("an object", () => {
  it("is invisible until it is committed, and then whole", () => {
    const lease = claim();
    lease.write("weights@3.safetensors", encodeSafetensors(state, {}));
    lease.write("metrics.jsonl", '{"epoch":1}\n{"epoch":2}\n');
    expect([store.record(key), store.has(key), [...store.list()]]).toEqual([undefined, false, []]);
    expect(() => store.read(key, "metrics.jsonl")).toThrow(CorruptObjectError);
    const record = lease.commit(result);
    lease.release();
    expect(store.record(key)).toEqual(record);
    expect(Object.keys(record.files).sort()).toEqual(["metrics.jsonl", "stage.json", "weights@3.safetensors"]);
    expect(record.files["metrics.jsonl"]?.sizeBytes).toBe(24);
    expect(store.readState(key, "weights@3")).toEqual(state);
    expect(store.readMetrics(key)).toEqual([{ epoch: 1 }, { epoch: 2 }]);
    expect(store.readJson(key, "stage.json")).toEqual({ kind: "train" });
    store.verify(key);
  });

  it("leaves nothing but itself behind", () => {
    const lease = claim();
    lease.write("mask.safetensors", "m");
    lease.checkpoint({ a: Uint8Array.of(1) });
    lease.commit(result);
    lease.release();
    expect(readdirSync(root).sort()).toEqual(["format.json", "leases", "objects", "work"]);
    expect([readdirSync(join(root, "leases")), readdirSync(join(root, "work"))]).toEqual([[], []]);
    expect(readdirSync(join(root, "objects", "0a", key)).sort()).toEqual([
      "mask.safetensors",
      "record.json",
      "stage.json",
    ]);
  });

  it("is done only with the outputs that it holds", () => {
    put({
      "weights@1.safetensors": "1",
      "mask.safetensors": "2",
      "overlap.json": "3",
      "metrics.jsonl": "4",
      "timing.jsonl": "5",
    });
    expect(store.has(key)).toBe(true);
    expect(store.has(key, ["weights@1", "mask", "overlap", "metrics", "timing"])).toBe(true);
    expect(store.has(key, ["weights@1", "weights@2"])).toBe(false);
    expect(store.has(other)).toBe(false);
  });

  it("that diverged has a record and is not done", () => {
    put({ "metrics.jsonl": "{}\n" }, { status: "diverged", summary: { divergedAt: { epoch: 3 } } });
    expect(store.record(key)).toMatchObject({ status: "diverged", summary: { divergedAt: { epoch: 3 } } });
    expect(store.has(key)).toBe(false);
  });

  it("is listed, in the order of keys", () => {
    put({}, {}, other);
    put({}, {}, key);
    expect([...store.list()].map((record) => record.key)).toEqual([key, other]);
  });

  it("refuses names that are no files of its own, and keys that are none", () => {
    const lease = claim();
    for (const name of ["../x", "a/b", ".x", "", "record.json"])
      expect(() => lease.write(name, "")).toThrow(`internal: store: "${name}" is not a file name`);
    expect(() => store.claim("../../etc")).toThrow('internal: store: "../../etc" is not a key');
    expect(() => store.has(key, ["weights"])).not.toThrow();
    lease.release();
  });
});

describe("extending an object", () => {
  it("keeps the old files and adds the new ones", () => {
    put({ "weights@10.safetensors": "ten", "metrics.jsonl": "1\n" });
    const record = put(
      { "weights@150.safetensors": "more", "metrics.jsonl": "1\n2\n" },
      {
        summary: 150,
        provenance: { ...provenance, threads: 2, durationMs: 7 },
      },
    );
    expect(store.record(key)).toEqual(record);
    expect(record.summary).toEqual(result.summary);
    expect(record.provenance).toEqual({ ...provenance, durationMs: provenance.durationMs + 7 });
    expect(record.extensions).toEqual([{ ...provenance, threads: 2, durationMs: 7 }]);
    expect(store.read(key, "weights@10.safetensors").toString()).toBe("ten");
    expect(store.read(key, "weights@150.safetensors").toString()).toBe("more");
    expect(store.readMetrics(key)).toEqual([1, 2]);
  });

  it("replaces logs as often as needed and keeps only the last", () => {
    for (let epochs = 1; epochs <= 4; epochs++) put({ "metrics.jsonl": "0\n".repeat(epochs) });
    expect(store.readMetrics(key)).toHaveLength(4);
    expect(readdirSync(join(root, "objects", "0a", key)).filter((name) => name.endsWith(".jsonl"))).toHaveLength(1);
    put({ "metrics.jsonl": "0\n".repeat(4) });
    expect(store.readMetrics(key)).toHaveLength(4);
    store.verify(key);
  });

  it("never gives a stored file another content: others were computed from it", () => {
    put({ "weights@10.safetensors": "one thread" });
    const record = put({ "weights@10.safetensors": "two threads", "weights@20.safetensors": "x" });
    expect(store.read(key, "weights@10.safetensors").toString()).toBe("one thread");
    expect(record.files["weights@10.safetensors"]?.sizeBytes).toBe(10);
  });

  it("mends a stored file when the same content is written again", () => {
    put({ "weights@10.safetensors": "ten" });
    const path = join(root, "objects", "0a", key, "weights@10.safetensors");
    writeFileSync(path, "tin");
    put({ "weights@10.safetensors": "ten" });
    expect(store.read(key, "weights@10.safetensors").toString()).toBe("ten");
  });
});

describe("failures", () => {
  it("are noted, replaced and cleared, and are no results", () => {
    store.recordFailure(key, { message: "a worker died", attempts: 3 });
    store.recordFailure(key, { message: "a worker died again", attempts: 3 });
    expect(store.failure(key)).toEqual({ message: "a worker died again", attempts: 3 });
    expect([store.record(key), store.has(key), [...store.list()]]).toEqual([undefined, false, []]);
    store.clearFailure(key);
    store.clearFailure(key);
    expect(store.failure(key)).toBeUndefined();
  });
});

describe("Layout", () => {
  it("has these paths, which other programs may rely on", () => {
    const layout = new Layout("/s");
    expect([layout.format, layout.record(key), layout.checkpoint(key), layout.lease(key), layout.failure(key)]).toEqual(
      [
        "/s/format.json",
        `/s/objects/0a/${key}/record.json`,
        `/s/work/${key}/checkpoint`,
        `/s/leases/${key}`,
        `/s/failures/${key}.json`,
      ],
    );
    expect([layout.quarantine(key, 2), layout.report("resnet20")]).toEqual([
      `/s/quarantine/${key}-2`,
      "/s/reports/resnet20",
    ]);
    expect(() => layout.report("../x")).toThrow('"../x" is not a file name');
  });
});
