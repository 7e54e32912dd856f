import type fs from "node:fs";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { provenance } from "./provenance.fixture.ts";
import { Store } from "./store.ts";

/** What the store did to the file system, in order: `write`, `sync`, `rename` with paths. A power loss cannot be tried in a
 * test, but the order that survives one can: nothing is renamed that is not synced, and every rename is synced itself. */
interface Call {
  readonly call: "write" | "sync" | "rename";
  readonly path: string;
  readonly to?: string;
}

const trace = vi.hoisted(() => ({ calls: [] as Call[] }));

vi.mock("node:fs", async (importOriginal) => {
  const real = await importOriginal<typeof fs>();
  const open = new Map<number, string>();
  return {
    ...real,
    openSync: (path: string, flags: string) => {
      const file = real.openSync(path, flags);
      open.set(file, path);
      return file;
    },
    writeSync: (file: number, bytes: Uint8Array, offset: number) => {
      trace.calls.push({ call: "write", path: open.get(file) ?? "" });
      return real.writeSync(file, bytes, offset);
    },
    fsyncSync: (file: number) => {
      trace.calls.push({ call: "sync", path: open.get(file) ?? "" });
      real.fsyncSync(file);
    },
    renameSync: (from: string, to: string) => {
      trace.calls.push({ call: "rename", path: from, to });
      real.renameSync(from, to);
    },
  };
});

const key = "0a".repeat(32);

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "sweepstake-durability-"));
  trace.calls.length = 0;
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function compute(epochs: number): void {
  const lease = Store.open(root).claim(key);
  for (let epoch = 1; epoch <= epochs; epoch++) {
    lease?.write(`weights@${epoch}.safetensors`, `weights of epoch ${epoch}`);
    lease?.checkpoint({ epoch: Uint8Array.of(epoch) });
  }
  lease?.write("metrics.jsonl", "{}\n".repeat(epochs));
  lease?.commit({ stage: {}, kind: "train", status: "done", summary: {}, provenance });
  lease?.release();
}

/** A lease need not survive a power loss: its holder does not. */
function lasting(): Call[] {
  return trace.calls.filter(({ path }) => !path.startsWith(join(root, "leases")));
}

function indexAfter(calls: readonly Call[], start: number, path: string): number {
  return calls.findIndex((call, i) => i > start && call.call === "sync" && call.path === path);
}

describe("what the store writes survives a power loss:", () => {
  it("a file is synced before it gets its name, and the folder after", () => {
    compute(2);
    compute(3);
    const calls = lasting();
    const renames = calls.flatMap((call, i) => (call.call === "rename" ? [{ ...call, i }] : []));
    expect(renames.length).toBeGreaterThan(15);
    for (const { path, to = "", i } of renames) {
      // The new holder of a stage renames the folder of files that its predecessor left; losing that loses no file.
      if (
        to.includes("/files-") &&
        path.includes("/files-") &&
        dirname(to) === dirname(path) &&
        !path.includes(".tmp-")
      )
        continue;
      const before = calls.slice(0, i).filter((call) => call.path === path);
      expect([relative(root, path), before.at(-1)?.call]).toEqual([relative(root, path), "sync"]);
      expect([relative(root, to), indexAfter(calls, i, dirname(to)) > i]).toEqual([relative(root, to), true]);
    }
  });

  it("the record is the last file of a new object, and the object becomes visible after it", () => {
    compute(1);
    const names = lasting().flatMap(({ call, to }) =>
      call === "rename" && to !== undefined ? [relative(root, to)] : [],
    );
    expect(names.slice(-2).map((name) => name.replace(/files-[0-9a-f]+/, "files"))).toEqual([
      `work/${key}/files/record.json`,
      `objects/0a/${key}`,
    ]);
  });

  it("the lease is confirmed by a rename, which no cache can answer, before anything is committed", () => {
    compute(1);
    const names = trace.calls.flatMap(({ call, to }) =>
      call === "rename" && to !== undefined ? [relative(root, to)] : [],
    );
    const isLease = (name: string) => name.startsWith(`leases/${key}/`);
    const [first, last] = [
      names.findIndex((name, i) => isLease(name) && i > names.indexOf(`work/${key}/checkpoint`)),
      names.findLastIndex(isLease),
    ];
    expect(first).toBeGreaterThan(names.indexOf(`work/${key}/checkpoint`));
    expect(first).toBeLessThan(names.findIndex((name) => name.endsWith("/stage.json")));
    // And once more when all is written, right before the object becomes visible.
    expect(names[last - 1]).toMatch(/record\.json$/);
    expect(names[last + 1]).toBe(`objects/0a/${key}`);
  });

  it("the record is the last file of an extended object", () => {
    compute(1);
    trace.calls.length = 0;
    compute(2);
    const names = lasting().flatMap(({ call, to }) =>
      call === "rename" && to !== undefined ? [relative(root, to)] : [],
    );
    const placed = names.filter((name) => name.startsWith("objects/"));
    expect(placed.at(-1)).toBe(`objects/0a/${key}/record.json`);
    expect(placed).toHaveLength(5); // two weights, the metrics, stage.json, the record
  });
});
