import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { stream } from "../src/core/rng.ts";
import { cli, smallSpec, temporaryFolder, writeSpec } from "./cli-runner.ts";

const folder = temporaryFolder();
const spec = writeSpec(
  folder,
  smallSpec
    .replace("iterative: { sparsities: [0.5, 0.8] }", "one-shot: { sparsities: [0.5] }")
    .replace(/^retrain: .*$/m, "retrain: [ticket]"),
);
const out = join(folder, "out");
const objects = join(out, "store", "objects");
const verify = async (...args: readonly string[]) => cli(["store", "verify", ...args, "--out", out]);
const files = () =>
  readdirSync(objects, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(json|jsonl|safetensors)$/.test(name))
    .sort();

beforeAll(async () => {
  expect((await cli(["run", spec, "--out", out])).code).toBe(0);
}, 60_000);

describe("sweepstake store ls and du", () => {
  it("say which experiment needs each object, and count what none does", async () => {
    const list = async (name: string, place: string) => cli(["store", name, place, "--out", out, "--json"]);
    const { objects } = JSON.parse((await list("ls", folder)).stdout) as {
      readonly objects: readonly { readonly sizeBytes: number; readonly neededBy: readonly string[] }[];
    };
    expect(objects.length).toBeGreaterThan(3);
    expect(objects.every(({ neededBy }) => neededBy.length === 1 && neededBy[0] === spec)).toBe(true);
    const onDisk = files()
      .filter((name) => !name.endsWith("record.json"))
      .reduce((sum, name) => sum + readFileSync(join(out, "store", "objects", name)).length, 0);
    expect(objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)).toBe(onDisk);
    const elsewhere = await cli(["store", "du", out, "--out", out]);
    expect(elsewhere.stdout).toMatch(new RegExp(`needed by no spec of the folder\\s+${objects.length}\\s`));
  });
});

describe("sweepstake store verify", () => {
  it("finds nothing in a sound store, of all objects or of one experiment", async () => {
    const { stages } = JSON.parse((await cli(["plan", spec, "--json", "--out", out])).stdout) as {
      readonly stages: number;
    };
    for (const args of [[], [spec]]) {
      const { code, stdout } = await verify(...args);
      expect([code, stdout]).toEqual([0, `${stages} objects, every byte read: all sound\n`]);
    }
  });

  it("finds one flipped bit in whichever file, names the object and moves nothing", async () => {
    const draws = stream(1, "flips");
    for (const name of files()) {
      const path = join(objects, name);
      const bytes = readFileSync(path);
      const at = draws.below(bytes.length);
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << draws.below(8));
      writeFileSync(path, flipped);
      const { code, stdout } = await verify("--json");
      const found = JSON.parse(stdout) as { checked: number; damaged: readonly { key: string }[] };
      expect([name, code, found.damaged.map(({ key }) => key)]).toEqual([name, 1, [name.split("/")[1]]]);
      writeFileSync(path, bytes);
    }
    expect(existsSync(join(out, "store", "quarantine"))).toBe(false);
  }, 120_000);

  it("with --repair quarantines, and the next run computes the same bytes anew", async () => {
    const name = files().find((file) => file.endsWith("mask.safetensors")) ?? "";
    const before = readFileSync(join(objects, name));
    rmSync(join(objects, name));
    const listed = await verify(spec);
    expect([listed.code, listed.stdout]).toEqual([
      1,
      expect.stringMatching(/mask\.safetensors is missing\n\d objects, .*: 1 damaged; --repair/),
    ]);
    // A record is believed only if its files are there: status sees it, too.
    const repaired = await verify(spec, "--repair");
    expect(repaired.stdout).toContain("moved to ");
    const status = JSON.parse((await cli(["status", spec, "--json", "--out", out])).stdout) as object;
    expect(status).toMatchObject({ stages: { mask: { done: 0, "to do": 1 } } });
    expect((await cli(["run", spec, "--out", out])).code).toBe(0);
    expect(readFileSync(join(objects, name)).equals(before)).toBe(true);
    expect((await verify()).code).toBe(0);
  }, 60_000);

  it("and without it status and run notice a missing file of a record", async () => {
    const name = files().find((file) => file.endsWith("weights@0.safetensors")) ?? "";
    rmSync(join(objects, name));
    const status = await cli(["status", spec, "--json", "--out", out]);
    expect(status.stderr).toContain("weights@0.safetensors is missing or cut off");
    expect(JSON.parse(status.stdout)).toMatchObject({ stages: { init: { done: 0, "to do": 1 } } });
    expect((await cli(["run", spec, "--out", out])).code).toBe(0);
    expect((await verify()).code).toBe(0);
  }, 60_000);
});
