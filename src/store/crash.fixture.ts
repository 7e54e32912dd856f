import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll } from "vitest";
import { Store } from "./store.ts";

// Real processes that run the compiled store and are really killed.

// In memory where possible: the tests sync thousands of times, which a disk takes its time for.
export const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "sweepstake-crash-"));
export const key = "0a".repeat(32);

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
  Object.assign(fault, { step: 0, at, mode: "steal" });
  let end = "done";
  try {
    const lease = store.claim(key);
    // Lost while it was claimed, it is busy.
    if (lease === undefined) end = "LeaseLostError";
    else computeWith(lease, store, key, Number(epochs));
  } catch (error) { end = error.constructor.name; }
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
export let compute: Job["compute"];

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

/** Every file that the object's record vouches for, and the record itself. */
export function content(store: Store): Record<string, string> {
  const record = store.record(key);
  const files = Object.keys(record?.files ?? {}).map((file) => [file, store.read(key, file).toString()] as const);
  return { ...Object.fromEntries(files), record: JSON.stringify(record) };
}

/** The store of a computation that nothing disturbed: first with `before` epochs (0: not at all), then with `epochs`. */
export function undisturbed(
  before: number,
  epochs: number,
): { readonly start: string; readonly end: Record<string, string> } {
  const start = before === 0 ? "" : join(mkdtempSync(join(folder, "start-")), "store");
  if (start !== "") compute(Store.open(start), key, before);
  const root = join(mkdtempSync(join(folder, "end-")), "store");
  if (start !== "") cpSync(start, root, { recursive: true });
  compute(Store.open(root), key, epochs);
  return { start, end: content(Store.open(root)) };
}

export const cases = [
  ["a new object", 0, 1],
  ["an extended object", 1, 2],
] as const;
