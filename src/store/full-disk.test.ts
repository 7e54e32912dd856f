import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RunError } from "../core/errors.ts";
import { provenance } from "./provenance.fixture.ts";
import { type Lease, Store } from "./store.ts";

const key = "0a".repeat(32);
const result = {
  stage: { kind: "train" },
  kind: "train",
  status: "done",
  summary: {},
  provenance,
} as const;

function mount(folder: string): boolean {
  return spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]).status === 0;
}

const probe = mkdtempSync(join(tmpdir(), "sweepstake-mount-"));
const canMount = mount(probe) && spawnSync("umount", [probe]).status === 0;
rmSync(probe, { recursive: true });

let disk: string;
beforeEach(() => {
  disk = mkdtempSync(join(tmpdir(), "sweepstake-disk-"));
});
afterEach(() => {
  spawnSync("umount", [disk]);
  rmSync(disk, { recursive: true, force: true });
});

function claim(store: Store): Lease {
  const lease = store.claim(key);
  if (lease === undefined) throw new Error("the lease is taken");
  return lease;
}

/** All files below a folder, temporary ones too. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);
}

// Where mounting is not allowed, "a disk that is full at any step" in crash.test.ts stands in for it.
describe.skipIf(!canMount)("a real disk of 64 kB that is full", () => {
  it("gives one clear error, keeps what was stored and nothing half-written, and works again with space", () => {
    mount(disk);
    const store = Store.open(join(disk, "store"));
    const first = claim(store);
    first.write("weights@1.safetensors", new Uint8Array(20_000));
    first.commit(result);
    first.release();
    const second = claim(store);
    second.checkpoint({ epoch: Uint8Array.of(1) });
    const write = () => second.write("weights@2.safetensors", new Uint8Array(100_000));
    expect(write).toThrow(RunError);
    expect(write).toThrow(
      /^cannot write .*\/weights@2\.safetensors: ENOSPC: no space left on device, write\n {2}hint: the disk is full: free some space or choose another folder with --out, then run the same command again$/,
    );
    expect(() => second.checkpoint({ epoch: new Uint8Array(100_000) })).toThrow("hint: the disk is full");
    expect(filesBelow(disk).filter((name) => name.includes("tmp"))).toEqual([]);
    expect(second.readCheckpoint()).toEqual({ epoch: Uint8Array.of(1) });
    store.verify(key);
    expect(Object.keys(store.record(key)?.files ?? {}).sort()).toEqual(["stage.json", "weights@1.safetensors"]);
    expect(spawnSync("mount", ["-o", "remount,size=1m", disk]).status).toBe(0);
    write();
    second.commit(result);
    second.release();
    expect(store.read(key, "weights@2.safetensors")).toHaveLength(100_000);
    store.verify(key);
  });

  it("that has no room for a store at all gives the same clear error", () => {
    mount(disk);
    expect(spawnSync("sh", ["-c", 'head -c 60000 /dev/zero > "$0/film"', disk]).status).toBe(0);
    for (let i = 0; spawnSync("sh", ["-c", `head -c 4096 /dev/zero > "$0/rest${i}"`, disk]).status === 0 && i < 20; )
      i++;
    const store = Store.open(join(disk, "store"));
    expect(() => store.claim(key)).toThrow(
      /^cannot write .*: ENOSPC: no space left on device.*\n {2}hint: the disk is full/,
    );
    expect(store.record(key)).toBeUndefined();
  });
});
