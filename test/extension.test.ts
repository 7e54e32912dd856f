import { cpSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { checkpoints, cli, RunningCli, smallSpec, storeHashes, temporaryFolder, writeSpec } from "./cli-runner.ts";

const folder = temporaryFolder();
const rewind = "--set=retrain=[ticket, { rewind: { epoch: 1 } }]";
const spec = writeSpec(
  folder,
  smallSpec
    .replace("iterative: { sparsities: [0.5, 0.8] }", "one-shot: { sparsities: [0.5] }")
    .replace(/^retrain: .*$/m, "retrain: [ticket]"),
);

interface StoredRecord {
  readonly files: Readonly<Record<string, unknown>>;
  readonly provenance: { readonly threads: number; readonly durationMs: number };
  readonly extensions?: readonly { readonly threads: number; readonly durationMs: number }[];
}

/** The record of the dense run: the only training whose weights after epoch 1 are ever asked for. */
function extendedRecord(out: string): StoredRecord | undefined {
  const objects = join(out, "store", "objects");
  return readdirSync(objects, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith("record.json"))
    .map((name) => JSON.parse(readFileSync(join(objects, name), "utf8")) as StoredRecord)
    .find((record) => record.extensions !== undefined);
}

/** A store with the results of the spec as it stands, with one worker of one thread; computed once. */
function stored(name: string): string {
  const out = join(folder, name);
  cpSync(base, out, { recursive: true });
  return out;
}

const base = join(folder, "base");
beforeAll(async () => {
  expect((await cli(["run", spec, "--workers", "1", "--out", base])).code).toBe(0);
}, 60_000);

describe("asking later for an epoch that was not kept", () => {
  it("adds it to the object, which is then as if it had been asked for at once", async () => {
    const [later, once] = [stored("later"), join(folder, "once")];
    expect(extendedRecord(later)).toBeUndefined();
    const second = await cli(["run", spec, rewind, "--out", later]);
    expect(second.code).toBe(0);
    expect((await cli(["run", spec, rewind, "--out", once])).code).toBe(0);
    expect(storeHashes(later)).toEqual(storeHashes(once));
    const record = extendedRecord(later);
    const [extension] = record?.extensions ?? [];
    expect(Object.keys(record?.files ?? {})).toContain("weights@1.safetensors");
    expect(record?.provenance.durationMs).toBeGreaterThan(extension?.durationMs ?? Number.POSITIVE_INFINITY);
  }, 120_000);

  it("refuses to add weights of another trajectory, when the machine rounds differently", async () => {
    const out = stored("other");
    const before = storeHashes(out);
    const elsewhere = { DNNL_MAX_CPU_ISA: "SSE41", ATEN_CPU_CAPABILITY: "default" };
    const { code, stderr } = await cli(["run", spec, rewind, "--out", out], elsewhere);
    expect(code).toBe(1);
    expect(stderr).toMatch(/failed: small, seed 0, dense: training [0-9a-f]{64} does not repeat bit for bit here/);
    expect(storeHashes(out)).toEqual(before);
    expect(extendedRecord(out)).toBeUndefined();
    expect(stderr).toContain("run on the hardware and libtorch of its record (libtorch ");
    // The attempt leaves nothing behind: where the bits are the same it succeeds.
    expect((await cli(["run", spec, rewind, "--out", out])).code).toBe(0);
    expect(extendedRecord(out)).toBeDefined();
  }, 120_000);

  it("that cannot be added stops only what needs it: what reads stored outputs is trained", async () => {
    const out = stored("partly");
    const more = [rewind, "--set=prune=[{ one-shot: { sparsities: [0.5, 0.7] } }]"];
    const elsewhere = { DNNL_MAX_CPU_ISA: "SSE41", ATEN_CPU_CAPABILITY: "default" };
    expect((await cli(["run", spec, ...more, "--out", out], elsewhere)).code).toBe(1);
    const status = JSON.parse((await cli(["status", spec, ...more, "--json", "--out", out])).stdout) as {
      readonly stages: Readonly<Record<string, Readonly<Record<string, number>>>>;
    };
    // Both masks and both tickets; what is missing are the weights to rewind to and the two trainings from there.
    expect(status.stages.mask).toMatchObject({ done: 2, "to do": 0 });
    expect(status.stages.train).toMatchObject({ done: 2 });
    expect((await cli(["run", spec, ...more, "--out", out])).code).toBe(0);
  }, 120_000);

  it("is computed with the threads of the record, whatever is asked for", async () => {
    const [later, once] = [stored("later-threads"), join(folder, "once")];
    const second = await cli(["run", spec, rewind, "--workers", "1", "--threads", "2", "--out", later]);
    expect([second.code, second.stderr]).toEqual([0, expect.not.stringContaining("does not repeat")]);
    expect(extendedRecord(later)?.extensions?.map(({ threads }) => threads)).toEqual([1]);
    const dense = (out: string) =>
      Object.entries(storeHashes(out)).filter(([name]) => name.endsWith("weights@1.safetensors"));
    expect(dense(later)).toEqual(dense(once));
  }, 120_000);
});

describe("the number of threads", () => {
  const long = "--set=train.epochs=5";
  const dense = [long, "--set=prune=[]", "--set=retrain=[]", "--workers", "1"];

  it("is set as well as recorded, in this process and in workers alike", async () => {
    const run = async (name: string, args: readonly string[], env = {}) => {
      const out = join(folder, name);
      expect((await cli(["run", spec, ...dense, ...args, "--out", out], env)).code).toBe(0);
      return storeHashes(out);
    };
    const local = { 1: await run("local-1", ["--threads", "1"]), 2: await run("local-2", ["--threads", "2"]) };
    expect(local[1]).not.toEqual(local[2]);
    const inline = ["--executor", "inline", "--threads"];
    expect(await run("inline-2", [...inline, "2"])).toEqual(local[2]);
    expect(await run("inline-1", [...inline, "1"], { OMP_NUM_THREADS: "2" })).toEqual(local[1]);
  }, 120_000);

  it("is that of the checkpoint when a training goes on", async () => {
    const [out, whole] = [join(folder, "stopped"), join(folder, "whole")];
    const size = "--set=data.subset=8000";
    const run = new RunningCli(["run", spec, ...dense, size, "--threads", "1", "--out", out]);
    while (checkpoints(out).length === 0 && run.child.exitCode === null) await sleep(20);
    run.child.kill("SIGTERM");
    expect((await run.finished).code).toBe(143);
    expect((await cli(["run", spec, ...dense, size, "--threads", "2", "--out", out])).code).toBe(0);
    expect((await cli(["run", spec, ...dense, size, "--threads", "1", "--out", whole])).code).toBe(0);
    expect(storeHashes(out)).toEqual(storeHashes(whole));
    const objects = join(out, "store", "objects");
    const threads = readdirSync(objects, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith("record.json"))
      .map((name) => JSON.parse(readFileSync(join(objects, name), "utf8")) as StoredRecord & { readonly kind: string })
      .filter(({ kind }) => kind === "train")
      .map(({ provenance }) => provenance.threads);
    expect(threads).toEqual([1]);
  }, 180_000);
});

describe("the progress of a run", () => {
  it("ends every training with the accuracy of its last epoch", async () => {
    const out = join(folder, "progress");
    const { stderr, stdout } = await cli(["run", spec, "--set=prune=[]", "--set=retrain=[]", "--out", out]);
    const printed = /dense: ([\d.]+) %/.exec(stderr)?.[1];
    const results = JSON.parse(
      (await cli(["report", spec, "--set=prune=[]", "--set=retrain=[]", "--json", "--out", out])).stdout,
    ) as {
      runs: readonly { start: string; finalAccuracy: number }[];
    };
    const final = results.runs.find(({ start }) => start === "dense")?.finalAccuracy;
    expect(Number(printed)).toBeCloseTo(final ?? Number.NaN, 2);
    expect(stdout).toContain("The winning property is not judged");
  }, 60_000);
});
