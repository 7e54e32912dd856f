import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Lease, Store } from "./store.ts";

// Real processes that run the compiled store and are really killed.

// In memory where possible: the tests sync thousands of times, which a disk takes its time for.
const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "sweepstake-crash-"));
const key = "0a".repeat(32);

/** Numbers every call that changes the file system, and dies or fails (MODE) at the one numbered AT, half of it done. */
const faults = `
  import fs from "node:fs";
  import { syncBuiltinESMExports } from "node:module";
  globalThis.fault = { step: 0, at: Number(process.env.AT ?? 0), mode: process.env.MODE ?? "none" };
  const calls = ["mkdirSync", "openSync", "writeSync", "fsyncSync", "closeSync", "renameSync", "writeFileSync"];
  const removals = ["rmSync", "rmdirSync", "utimesSync"]; // these never need space
  const writing = new Set();
  for (const name of [...calls, ...removals]) {
    const real = fs[name];
    fs[name] = (...args) => {
      // Reading, which uses the same functions, changes nothing.
      if (name === "closeSync" && !writing.delete(args[0])) return real(...args);
      if (name === "openSync" && args[1] !== "wx") return real(...args);
      if (fault.mode === "full" && removals.includes(name)) return real(...args);
      if (++fault.step !== fault.at) {
        const value = real(...args);
        if (name === "openSync") writing.add(value);
        return value;
      }
      if (fault.mode === "steal") {
        fault.at = 0;
        fault.steal();
        const value = real(...args);
        if (name === "openSync") writing.add(value);
        return value;
      }
      if (name === "writeSync") real(args[0], args[1], args[2], (args[1].length - args[2]) >> 1);
      if (name === "rmSync" && fs.existsSync(args[0]) && fs.statSync(args[0]).isDirectory())
        for (const first of fs.readdirSync(args[0]).slice(0, 1)) real(args[0] + "/" + first, { recursive: true });
      if (fault.mode === "kill") process.kill(process.pid, "SIGKILL");
      if (name === "closeSync") real(...args);
      throw Object.assign(new Error("ENOSPC: no space left on device, " + name.replace("Sync", "")), { code: "ENOSPC" });
    };
  }
  syncBuiltinESMExports();`;

/** One stage, as the executor runs it; `epochs` decides which files it keeps. Returns whether it had to compute. */
const job = `
  const provenance = { sweepstake: "0", node: "", libtorch: "", device: "cpu", threads: 1, precision: "float32", hardware: "",
    startedAt: "", finishedAt: "", durationMs: 0, resumes: 0 };
  export function compute(store, key, epochs) {
    const lease = store.claim(key);
    if (lease === undefined) throw new Error("busy");
    return computeWith(lease, store, key, epochs);
  }
  export function computeWith(lease, store, key, epochs, pause = () => {}) {
    try {
      const outputs = Array.from({ length: epochs }, (_, i) => "weights@" + (i + 1));
      if (store.has(key, outputs)) return false;
      let from = lease.readCheckpoint()?.epoch[0] ?? 0;
      for (let epoch = from + 1; epoch <= epochs; epoch++) {
        lease.write("weights@" + epoch + ".safetensors", "weights of epoch " + epoch);
        pause();
        lease.checkpoint({ epoch: Uint8Array.of(epoch) });
      }
      lease.write("metrics.jsonl", "{}\\n".repeat(epochs));
      lease.commit({ stage: { kind: "train" }, kind: "train", status: "done", summary: { epochs }, provenance });
      return true;
    } finally {
      lease.release();
    }
  }`;

const killed = `
  import { Store } from "./store/store.js";
  import { compute } from "./job.js";
  compute(Store.open(process.argv[2]), "${key}", Number(process.argv[3]));
  console.log(fault.step);`;

/** Lets the call fail once at every step in turn, each in a store of its own, and says how it ended. */
const full = `
  import { cpSync } from "node:fs";
  import { Store } from "./store/store.js";
  import { compute } from "./job.js";
  const [, , root, before, epochs] = process.argv;
  fault.mode = "full";
  for (let at = 1; ; at++) {
    const store = root + at;
    fault.at = 0;
    if (before !== "") cpSync(before, store, { recursive: true });
    Object.assign(fault, { at, step: 0 });
    let message = "done";
    try { compute(Store.open(store), "${key}", Number(epochs)); } catch (error) { message = error.name + ": " + error.message; }
    if (fault.step < at) break;
    console.log(JSON.stringify(message));
  }`;

/**
 * A holder that is silent at a call of its own, in turn at each: meanwhile another host takes the lease over and finishes, or begins and finishes
 * after the first one has gone on. The silence itself is not waited for: the takeover is the rename that ends it.
 */
const stolen = `
  import { readdirSync, renameSync } from "node:fs";
  import { join } from "node:path";
  import { Lease } from "./store/lease.js";
  import { LeaseFile } from "./store/leases.js";
  import { Layout } from "./store/layout.js";
  import { Objects } from "./store/objects.js";
  import { Store } from "./store/store.js";
  import { computeWith } from "./job.js";
  const [, , root, epochs, isSlow] = process.argv;
  const key = "${key}";
  const layout = new Layout(root);
  const notices = [];
  const { at } = fault;
  fault.at = 0;
  let rest = () => undefined;
  fault.steal = () => {
    const folder = layout.lease(key);
    const store = Store.open(root, (message) => notices.push(message));
    let names = [];
    try { names = readdirSync(folder); } catch { /* it is not claimed yet, or given back */ }
    if (names.length !== 1) return;
    const holder = { host: "other", system: "x", pid: 1, start: "1", token: "b".repeat(16) };
    renameSync(join(folder, names[0]), join(folder, ["other", "x", 1, "1", holder.token].join("~")));
    const file = new LeaseFile(folder, holder);
    const objects = new Objects(layout, (message) => notices.push(message));
    const lease = new Lease({ key, layout, objects, file, onNotice: (message) => notices.push(message) });
    if (isSlow === "no") { computeWith(lease, store, key, Number(epochs)); return; }
    // It has begun: what it has taken over and written must still be there when it goes on.
    if (!store.has(key, Array.from({ length: Number(epochs) }, (_, i) => "weights@" + (i + 1)))) {
      const from = lease.readCheckpoint()?.epoch[0] ?? 0;
      if (from < Number(epochs)) lease.write("weights@" + (from + 1) + ".safetensors", "weights of epoch " + (from + 1));
    }
    rest = () => computeWith(lease, store, key, Number(epochs));
  };
  const store = Store.open(root, (message) => notices.push(message));
  const lease = store.claim(key);
  Object.assign(fault, { step: 0, at, mode: "steal" });
  let end = "done";
  try { computeWith(lease, store, key, Number(epochs)); } catch (error) { end = error.constructor.name; }
  fault.mode = "none";
  let other = "done";
  try { rest(); } catch (error) { other = error.constructor.name + ": " + error.message; }
  console.log(JSON.stringify({ steps: fault.step, end, other, notices }));`;

/** Says "ready", and on a line of input claims all keys, says which it got, and holds them until it is killed. */
const racer = `
  import { Store } from "./store/store.js";
  const store = Store.open(process.argv[2]);
  console.log("ready");
  process.stdin.once("data", () => {
    const keys = JSON.parse(process.argv[3]);
    console.log(JSON.stringify(keys.filter((key) => store.claim(key) !== undefined)));
  });`;

interface Job {
  readonly compute: (store: Store, key: string, epochs: number) => boolean;
}
let compute: Job["compute"];

beforeAll(async () => {
  for (const part of ["core", "store"]) {
    const source = join(import.meta.dirname, "..", part);
    mkdirSync(join(folder, part));
    for (const name of readdirSync(source).filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))) {
      const { outputText } = ts.transpileModule(readFileSync(join(source, name), "utf8"), {
        compilerOptions: {
          target: ts.ScriptTarget.ES2023,
          module: ts.ModuleKind.ESNext,
          rewriteRelativeImportExtensions: true,
          verbatimModuleSyntax: true,
        },
      });
      writeFileSync(join(folder, part, name.replace(/\.ts$/, ".js")), outputText);
    }
  }
  const scripts = { faults, job, killed, full, stolen, racer };
  for (const [name, text] of Object.entries(scripts)) writeFileSync(join(folder, `${name}.js`), text);
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  ({ compute } = (await import(join(folder, "job.js"))) as Job);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function runKilled(root: string, epochs: number, at: number): { readonly killed: boolean; readonly steps: number } {
  const args = ["--import", join(folder, "faults.js"), join(folder, "killed.js"), root, String(epochs)];
  const child = spawnSync(process.execPath, args, {
    encoding: "utf8",
    env: { ...process.env, AT: String(at), MODE: "kill" },
  });
  if (child.signal !== "SIGKILL" && child.status !== 0) throw new Error(child.stderr);
  return { killed: child.signal === "SIGKILL", steps: Number(child.stdout) };
}

/** Every file that the object's record vouches for, and the record itself. */
function content(store: Store): Record<string, string> {
  const record = store.record(key);
  const files = Object.keys(record?.files ?? {}).map((file) => [file, store.read(key, file).toString()] as const);
  return { ...Object.fromEntries(files), record: JSON.stringify(record) };
}

/** The store of a computation that nothing disturbed: first with `before` epochs (0: not at all), then with `epochs`. */
function undisturbed(before: number, epochs: number): { readonly start: string; readonly end: Record<string, string> } {
  const start = before === 0 ? "" : join(mkdtempSync(join(folder, "start-")), "store");
  if (start !== "") compute(Store.open(start), key, before);
  const root = join(mkdtempSync(join(folder, "end-")), "store");
  if (start !== "") cpSync(start, root, { recursive: true });
  compute(Store.open(root), key, epochs);
  return { start, end: content(Store.open(root)) };
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

const cases = [
  ["a new object", 0, 1],
  ["an extended object", 1, 2],
] as const;

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

describe("a holder that is silent at any step of writing, while another host takes over", () => {
  it.each(
    cases.flatMap(([name, before, epochs]) =>
      (["no", "yes"] as const).map((isSlow) => [name, before, epochs, isSlow] as const),
    ),
  )(
    "publishes nothing of %s that is not whole, and takes nothing away (%i, %i, slow: %s)",
    (_, before, epochs, isSlow) => {
      const { start, end } = undisturbed(before, epochs);
      const ends: string[] = [];
      for (let at = 1; ; at++) {
        const root = join(mkdtempSync(join(folder, "stolen-")), "store");
        if (start !== "") cpSync(start, root, { recursive: true });
        const args = ["--import", join(folder, "faults.js"), join(folder, "stolen.js"), root, String(epochs), isSlow];
        const child = spawnSync(process.execPath, args, { encoding: "utf8", env: { ...process.env, AT: String(at) } });
        if (child.status !== 0) throw new Error(`${at}: ${child.stderr}`);
        const result = JSON.parse(child.stdout) as { steps: number; end: string; other: string; notices: string[] };
        // The first ends well or finds its lease lost, nothing else; the other one ends well.
        expect(["done", "LeaseLostError"]).toContain(result.end);
        // Silent at the very rename of a checkpoint, the first one replaces that of the other, whose hashes then do not fit: it is dropped.
        const notices = result.notices.filter((notice) => !/checkpoint.* damaged and was dropped/.test(notice));
        expect([at, result.other, notices]).toEqual([at, "done", []]);
        ends.push(result.end);
        const store = Store.open(root, (message) => ends.push(message));
        store.verify(key);
        expect(Object.keys(content(store)).sort()).toEqual(Object.keys(end).sort());
        for (let epoch = 1; epoch <= epochs; epoch++)
          expect(content(store)[`weights@${epoch}.safetensors`]).toBe(`weights of epoch ${epoch}`);
        expect(existsSync(join(root, "quarantine"))).toBe(false);
        rmSync(dirname(root), { recursive: true });
        if (result.steps < at) break;
      }
      expect(ends.filter((one) => one === "LeaseLostError").length).toBeGreaterThan(16);
      expect(ends.at(-1)).toBe("done");
    },
  );
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
