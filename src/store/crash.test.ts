import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";
import { cases, compute, content, folder, key, undisturbed } from "./crash.fixture.ts";
import { type Lease, Store } from "./store.ts";

function runKilled(root: string, epochs: number, at: number): { readonly killed: boolean; readonly steps: number } {
  const args = ["--import", join(folder, "faults.js"), join(folder, "killed.js"), root, String(epochs)];
  const child = spawnSync(process.execPath, args, {
    encoding: "utf8",
    env: { ...process.env, AT: String(at), MODE: "kill" },
  });
  if (child.signal !== "SIGKILL" && child.status !== 0) throw new Error(child.stderr);
  return { killed: child.signal === "SIGKILL", steps: Number(child.stdout) };
}

/** The store opens, shows the old state or the new one, and a second run completes it with the bytes of an undisturbed one. */
function expectRecovery(root: string, before: number, epochs: number, end: Record<string, string>): void {
  const notices: string[] = [];
  const store = Store.open(root, (message) => notices.push(message));
  const record = store.record(key);
  store.verify(key);
  expect([...store.list()]).toEqual(record === undefined ? [] : [record]);
  const isNew = record?.files[`weights@${epochs}.safetensors`] !== undefined;
  // An extension keeps the summary of what was there, and lists itself beside it, together with its files or not at all.
  expect(record?.summary).toEqual(before > 0 ? { epochs: before } : isNew ? { epochs } : undefined);
  expect(record?.extensions?.length ?? 0).toBe(before > 0 && isNew ? 1 : 0);
  const computed = compute(store, key, epochs);
  expect(content(store)).toEqual(end);
  expect(notices).toEqual([]);
  expect(existsSync(join(root, "quarantine"))).toBe(false);
  if (computed) {
    const onDisk = readdirSync(join(root, "objects", "0a", key)).length;
    expect(onDisk).toBe(Object.keys(end).length); // the files and the record, no remains
    expect(readdirSync(join(root, "work"))).toEqual([]);
  }
  expect(existsSync(join(root, "leases", key))).toBe(false);
}

describe("a process killed at any step of writing", () => {
  it.each(cases)("leaves %s old or complete, and the next run completes it bit for bit", (_, before, epochs) => {
    const { start, end } = undisturbed(before, epochs);
    for (let at = 1; ; at++) {
      const root = join(mkdtempSync(join(folder, "killed-")), "store");
      if (start !== "") cpSync(start, root, { recursive: true });
      const { killed, steps } = runKilled(root, epochs, at);
      if (!killed) {
        expect(steps).toBe(at - 1);
        expect(steps).toBeGreaterThan(40);
        break;
      }
      expectRecovery(root, before, epochs, end);
      rmSync(dirname(root), { recursive: true });
    }
  });
});

describe("a disk that is full at any step of writing", () => {
  it.each(cases)("gives one clear error and leaves %s old or complete", (_, before, epochs) => {
    const { start, end } = undisturbed(before, epochs);
    const prefix = join(mkdtempSync(join(folder, "full-")), "store");
    const args = ["--import", join(folder, "faults.js"), join(folder, "full.js"), prefix, start, String(epochs)];
    const child = spawnSync(process.execPath, args, { encoding: "utf8" });
    const messages = child.stdout
      .trim()
      .split("\n")
      .map((line) => String(JSON.parse(line)));
    expect(child.stderr).toBe("");
    expect(messages.length).toBeGreaterThan(30);
    for (const [i, message] of messages.entries()) {
      expect(message).toMatch(
        /^RunError: cannot write \/.*: ENOSPC: no space left on device, \w+\n {2}hint: the disk is full: free some space or choose another folder with --out, then run the same command again$/,
      );
      const root = `${prefix}${i + 1}`;
      if (existsSync(root))
        expect(
          readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => name.includes(".tmp-")),
        ).toEqual([]);
      expectRecovery(root, before, epochs, end);
    }
  });
});

function race(root: string, keys: readonly string[]): ChildProcess {
  return spawn(process.execPath, [join(folder, "racer.js"), root, JSON.stringify(keys)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
}

/** Starts processes that claim the same keys at the same moment; returns what each got. They go on living. */
async function claimAll(
  root: string,
  keys: readonly string[],
  count: number,
): Promise<{ children: ChildProcess[]; got: string[][] }> {
  const children = Array.from({ length: count }, () => race(root, keys));
  const lines = children.map(({ stdout }) => {
    if (stdout === null) throw new Error("no output");
    return createInterface(stdout)[Symbol.asyncIterator]() as AsyncIterator<string>;
  });
  await Promise.all(lines.map((line) => line.next())); // all are ready
  for (const { stdin } of children) stdin?.write("go\n");
  const answers = await Promise.all(lines.map((line) => line.next()));
  return { children, got: answers.map(({ value }) => JSON.parse(String(value)) as string[]) };
}

async function kill(children: readonly ChildProcess[]): Promise<void> {
  for (const child of children) {
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }
}

describe("processes that claim the same keys", () => {
  it("never win one together, neither fresh ones nor those of killed holders, and keep what they won", async () => {
    const root = join(mkdtempSync(join(folder, "race-")), "store");
    const store = Store.open(root);
    const keys = Array.from({ length: 100 }, (_, i) => i.toString(16).padStart(64, "0"));
    const first = await claimAll(root, keys, 3);
    expect(first.got.flat().sort()).toEqual(keys); // every key once
    expect(keys.map((one) => store.claim(one))).toEqual(keys.map(() => undefined));
    await kill(first.children);
    const second = await claimAll(root, keys, 3);
    expect(second.got.flat().sort()).toEqual(keys);
    expect(keys.map((one) => store.claim(one))).toEqual(keys.map(() => undefined));
    await kill(second.children);
    const leases = keys.map((one): Lease | undefined => store.claim(one));
    expect(leases.filter((lease) => lease === undefined || lease.lost)).toEqual([]);
    for (const lease of leases) lease?.release();
    expect(readdirSync(join(root, "leases"))).toEqual([]);
  });
});
