import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RunError } from "../core/errors.ts";
import { type Holder, holderName, newHolder } from "./holder.ts";
import { Layout } from "./layout.ts";
import { Leases } from "./leases.ts";
import { provenance } from "./provenance.fixture.ts";
import { type Lease, Store } from "./store.ts";

const key = "0a".repeat(32);
const result = { stage: {}, kind: "train", status: "done", summary: {}, provenance } as const;

let root: string;
let folder: string;
let store: Store;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance", "setInterval", "clearInterval", "Date"] });
  root = mkdtempSync(join(tmpdir(), "sweepstake-leases-"));
  folder = join(root, "leases", key);
  store = Store.open(root);
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(root, { recursive: true, force: true });
});

function claim(): Lease {
  const lease = store.claim(key);
  if (lease === undefined) throw new Error("the lease is taken");
  return lease;
}

/** A lease as another process would hold it: this process's identity with some changes. */
function heldBy(change: Partial<Holder>): string {
  const path = join(folder, holderName({ ...newHolder(), ...change }));
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, "");
  beat(path);
  return path;
}

function beat(path: string): void {
  utimesSync(path, new Date(), new Date());
}

/** What another host does when it takes the lease over. */
function takeOver(): void {
  const [name = ""] = readdirSync(folder);
  renameSync(join(folder, name), join(folder, holderName({ ...newHolder(), host: "elsewhere", token: "theirs" })));
}

const lostMessage =
  `stage ${key}: another process took it over, because this one had shown no life for 30 s\n` +
  "  hint: nothing is lost: the other process goes on from the last checkpoint";

describe("a lease", () => {
  it("has one holder until it is released", () => {
    const lease = claim();
    expect([store.claim(key), Store.open(root).claim(key), store.isClaimed(key)]).toEqual([undefined, undefined, true]);
    lease.release();
    expect([store.isClaimed(key), existsSync(folder)]).toEqual([false, false]);
    claim().release();
  });

  it("of a dead process on this host is taken over at once", () => {
    // The process id is ours, so it lives, but it started at another time: the number was given out again.
    heldBy({ start: "1" });
    expect(store.isClaimed(key)).toBe(false);
    const lease = claim();
    expect([lease.lost, readdirSync(folder).length]).toEqual([false, 1]);
    lease.release();
  });

  it("of a live process on this host is never taken over, however long it is silent", () => {
    heldBy({});
    for (let minute = 0; minute < 5; minute++) {
      expect(store.claim(key)).toBeUndefined();
      vi.advanceTimersByTime(60_000);
    }
    expect(store.isClaimed(key)).toBe(true);
  });

  it.each([{ host: "elsewhere" }, { system: "another boot or container" }])(
    "of %j is taken over after 30 s without a sign of life, not earlier",
    (change) => {
      heldBy({ ...change, pid: 999_999_999 }); // no such process here, which says nothing about there
      expect([store.isClaimed(key), store.claim(key)]).toEqual([true, undefined]);
      vi.advanceTimersByTime(29_999);
      expect(store.claim(key)).toBeUndefined();
      vi.advanceTimersByTime(1);
      claim().release();
    },
  );

  it("of another host lives as long as its heartbeat goes on, even with a clock that is an hour off", () => {
    const path = heldBy({ host: "elsewhere" });
    for (let round = 0; round < 10; round++) {
      const theirs = new Date(Date.now() - 3_600_000);
      utimesSync(path, theirs, theirs);
      expect(store.claim(key)).toBeUndefined();
      vi.advanceTimersByTime(20_000);
    }
  });

  it("of another host that was silent for a minute no longer shows as claimed", () => {
    heldBy({ host: "elsewhere" });
    vi.advanceTimersByTime(59_999);
    expect(store.isClaimed(key)).toBe(true);
    vi.advanceTimersByTime(1);
    expect(store.isClaimed(key)).toBe(false);
  });

  it("shows life every 5 s by itself, and by beat() while a computation blocks the timer", () => {
    const lease = claim();
    const watcher = new Leases(new Layout(root));
    const lives = () => watcher.isClaimed(key);
    const [name = ""] = readdirSync(folder);
    const abroad = join(folder, name.replace(/^[^~]*/, "elsewhere"));
    // Seen from another host only the heartbeat counts, so look at the file as that host would.
    const seen = () => {
      renameSync(join(folder, name), abroad);
      const result = lives();
      renameSync(abroad, join(folder, name));
      return result;
    };
    for (let i = 0; i < 20; i++) {
      vi.advanceTimersByTime(5_000);
      expect(seen()).toBe(true);
    }
    vi.setSystemTime(Date.now() + 120_000); // time passes, no timer fires
    expect(seen()).toBe(false);
    vi.spyOn(performance, "now").mockReturnValue(performance.now() + 120_000);
    lease.beat();
    expect(seen()).toBe(true);
    vi.restoreAllMocks();
    lease.release();
  });

  it("that was renewed makes a takeover fail that has already begun", () => {
    const lease = new Leases(new Layout(root)).claim(key);
    const [name = ""] = readdirSync(folder);
    expect(lease?.renew()).toBe(true);
    expect(() => renameSync(join(folder, name), join(folder, "theirs"))).toThrow("ENOENT");
    expect(lease?.isHeld()).toBe(true);
    takeOver();
    expect([lease?.renew(), lease?.isHeld()]).toEqual([false, false]);
    lease?.release();
  });

  it("that cannot be created is an error, not a busy stage", () => {
    writeFileSync(join(root, "leases"), "");
    expect(() => store.claim(key)).toThrow(RunError);
    expect(() => store.claim(key)).toThrow(`cannot write ${folder}: `);
  });
});

describe("a lost lease", () => {
  it("is noticed by every write, and the loser changes nothing", () => {
    const lease = claim();
    lease.write("metrics.jsonl", "1\n");
    lease.checkpoint({ epoch: Uint8Array.of(1) });
    takeOver();
    expect(lease.lost).toBe(true);
    expect(() => lease.write("metrics.jsonl", "2\n")).toThrow(lostMessage);
    expect(() => lease.checkpoint({ epoch: Uint8Array.of(2) })).toThrow(lostMessage);
    expect(() => lease.commit(result)).toThrow(lostMessage);
    lease.release();
    expect(readdirSync(folder)[0]).toMatch(/^elsewhere~.*~theirs$/);
    expect(store.record(key)).toBeUndefined();
  });

  it("is not disturbed by the heartbeat of the process that lost it", () => {
    claim();
    takeOver();
    vi.advanceTimersByTime(60_000);
    expect(readdirSync(folder)).toHaveLength(1);
    expect(store.isClaimed(key)).toBe(false);
  });

  it("leaves its files and its checkpoint to the next holder, who alone can commit them", () => {
    const first = claim();
    first.write("weights@1.safetensors", "w");
    first.checkpoint({ epoch: Uint8Array.of(1) });
    first.write("weights@2.safetensors", "after the checkpoint, so it does not count");
    takeOver();
    store.claim(key);
    vi.advanceTimersByTime(30_000);
    const second = claim();
    expect(second.files).toEqual([]);
    expect(second.readCheckpoint()).toEqual({ epoch: Uint8Array.of(1) });
    expect(second.files).toEqual(["weights@1.safetensors"]);
    expect(() => first.commit(result)).toThrow(lostMessage);
    const { files } = second.commit(result);
    expect(Object.keys(files).sort()).toEqual(["stage.json", "weights@1.safetensors"]);
    expect(readdirSync(join(root, "objects", "0a", key)).sort()).toEqual([
      "record.json",
      "stage.json",
      "weights@1.safetensors",
    ]);
    second.release();
    store.verify(key);
  });
});

describe("a checkpoint", () => {
  it("survives a release without commit, and is replaced by the next one", () => {
    const lease = claim();
    expect(lease.readCheckpoint()).toBeUndefined();
    lease.write("weights@1.safetensors", "w");
    lease.checkpoint({ epoch: Uint8Array.of(1), momentum: Uint8Array.of(1, 2, 3) });
    lease.checkpoint({ epoch: Uint8Array.of(2) });
    lease.release();
    const next = claim();
    expect(next.readCheckpoint()).toEqual({ epoch: Uint8Array.of(2) });
    next.commit(result);
    next.release();
    expect(store.has(key, ["weights@1"])).toBe(true);
    expect(existsSync(join(root, "work", key))).toBe(false);
  });

  it("that is not read does not bring its files into the object", () => {
    const lease = claim();
    lease.write("weights@1.safetensors", "w");
    lease.checkpoint({});
    lease.release();
    const next = claim();
    expect(Object.keys(next.commit(result).files)).toEqual(["stage.json"]);
    next.release();
  });
});
