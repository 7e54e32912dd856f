import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cli, smallSpec, storeHashes, temporaryFolder, writeSpec } from "./cli-runner.ts";

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

describe("asking later for an epoch that was not kept", () => {
  it("adds it to the object, which is then as if it had been asked for at once", async () => {
    const [later, once] = [join(folder, "later"), join(folder, "once")];
    const first = await cli(["run", spec, "--out", later]);
    expect(first.code).toBe(0);
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
    const out = join(folder, "other");
    expect((await cli(["run", spec, "--out", out])).code).toBe(0);
    const before = storeHashes(out);
    const elsewhere = { DNNL_MAX_CPU_ISA: "SSE41", ATEN_CPU_CAPABILITY: "default" };
    const { code, stderr } = await cli(["run", spec, rewind, "--out", out], elsewhere);
    expect(code).toBe(1);
    expect(stderr).toMatch(/failed: small, seed 0, dense: training [0-9a-f]{64} does not repeat bit for bit here/);
    expect(storeHashes(out)).toEqual(before);
    expect(extendedRecord(out)).toBeUndefined();
  }, 120_000);
});

describe("the progress of a run", () => {
  it("ends every training with the accuracy of its last epoch", async () => {
    const out = join(folder, "progress");
    const { stderr, stdout } = await cli(["run", spec, "--out", out]);
    const printed = /dense: ([\d.]+) %/.exec(stderr)?.[1];
    const results = JSON.parse((await cli(["report", spec, "--json", "--out", out])).stdout) as {
      runs: readonly { start: string; finalAccuracy: number }[];
    };
    const final = results.runs.find(({ start }) => start === "dense")?.finalAccuracy;
    expect(Number(printed)).toBeCloseTo(final ?? Number.NaN, 2);
    expect(stdout).toContain("The winning property is not judged");
  }, 60_000);
});
