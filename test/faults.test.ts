import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makePlan } from "../src/plan/plan.ts";
import { loadSpec } from "../src/spec/load.ts";
import { cli, smallSpec, temporaryFolder, writeSpec } from "./cli-runner.ts";

const folder = temporaryFolder();
const spec = writeSpec(folder, smallSpec);
const debian = "/usr/share/datasets/fashion-mnist";

function dataCopy(name: string): string {
  const copy = join(folder, name);
  cpSync(debian, copy, { recursive: true, dereference: true });
  return copy;
}

function specWithData(path: string, name: string): string {
  const text = smallSpec.replace("name: fashion-mnist,", `name: fashion-mnist, path: ${path},`);
  return writeSpec(folder, text, name);
}

describe("faults give one clear message, a non-zero exit and nothing half-written", () => {
  it("a missing engine", async () => {
    const missing = join(folder, "nowhere.node");
    const { code, stderr } = await cli(["run", spec, "--out", join(folder, "a")], { SWEEPSTAKE_ADDON: missing });
    expect(code).toBe(1);
    expect(stderr).toContain(
      `the native engine is not built: ${missing} does not exist\n  hint: build it with \`npm run setup\``,
    );
    expect(existsSync(join(folder, "a", "store", "objects"))).toBe(false);
  });

  it("an engine that cannot be loaded (libtorch removed)", async () => {
    const broken = join(folder, "broken.node");
    writeFileSync(broken, "not a library");
    const { code, stderr } = await cli(["run", spec, "--out", join(folder, "b")], { SWEEPSTAKE_ADDON: broken });
    expect(code).toBe(1);
    expect(stderr).toContain(`the native engine cannot be loaded from ${broken}`);
    expect(stderr).toContain("hint: if libtorch was moved, removed or upgraded since the build");
    const doctor = await cli(["doctor"], { SWEEPSTAKE_ADDON: broken });
    expect(doctor.code).toBe(1);
    expect(doctor.stdout).toMatch(/MISSING {2}libtorch/);
  });

  it("a truncated data file", async () => {
    const data = dataCopy("truncated");
    truncateSync(join(data, "train-images-idx3-ubyte.gz"), 1_000_000);
    const { code, stderr } = await cli(["run", specWithData(data, "truncated.yaml"), "--out", join(folder, "c")]);
    expect(code).toBe(2);
    expect(stderr).toContain(join(data, "train-images-idx3-ubyte.gz"));
    expect(stderr).toContain("hint:");
    expect(stderr).not.toContain("    at ");
  });

  it("data that are not there", async () => {
    const { code, stderr } = await cli([
      "run",
      specWithData(join(folder, "void"), "void.yaml"),
      "--out",
      join(folder, "d"),
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain("cannot find the files of Fashion-MNIST; looked in");
  });

  it("a full disk", async (context) => {
    const disk = join(folder, "disk");
    mkdirSync(disk);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=400k", "tmpfs", disk], { stdio: "ignore" });
    } catch {
      context.skip("mounting a small disk needs root");
    }
    try {
      const { code, stderr } = await cli(["run", spec, "--workers", "2", "--out", join(disk, "out")]);
      expect(code).toBe(1);
      expect(stderr.match(/the disk is full/g)).toHaveLength(1);
      execFileSync("mount", ["-o", "remount,size=200m", disk]);
      const again = await cli(["run", spec, "--out", join(disk, "out")]);
      expect(again.stderr).not.toContain("damaged");
      expect(again.code).toBe(0);
    } finally {
      execFileSync("umount", [disk]);
    }
  }, 120_000);

  it("a spec with many mistakes: all at once, with positions, before anything runs", async () => {
    const wrong = writeSpec(
      folder,
      smallSpec
        .replace("epochs: 3", "epochs: 0")
        .replace("sparsities: [0.5, 0.8]", "sparsities: [0.5, 85]")
        .replace("seeds: 1", "seeds: 0")
        .replace("lenet5", "lenet6"),
      "wrong.yaml",
    );
    const { code, stdout, stderr } = await cli(["run", wrong, "--out", join(folder, "e")]);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/wrong\.yaml:4:16: model\.name: .*lenet6/);
    expect(stderr).toMatch(/wrong\.yaml:6:11: train\.epochs/);
    expect(stderr).toMatch(/wrong\.yaml:11:8: seeds/);
    expect(stderr).toMatch(/wrong\.yaml:13:36: prune\[0\]\.iterative\.sparsities\[1\]: .*85/);
    expect(stderr).toContain("hint: sparsity is the share removed; for 85 % write 0.85");
    expect(existsSync(join(folder, "e"))).toBe(false);
  });

  it.each([
    ["its mark", 0],
    ["a record", 2],
  ])("a store of another version, by %s: every command says so and touches nothing", async (by, format) => {
    const out = join(folder, `format${format}`);
    const store = join(out, "store");
    const key = [...makePlan(loadSpec(spec, [])).stages.keys()][0] ?? "";
    const file = by === "a record" ? join("objects", key.slice(0, 2), key, "record.json") : "format.json";
    mkdirSync(join(store, file, ".."), { recursive: true });
    if (by === "a record") writeFileSync(join(store, "format.json"), '{"format":1}\n');
    writeFileSync(join(store, file), `{"format":${format}}\n`);
    const before = readdirSync(out, { recursive: true });
    const runs = await Promise.all(["status", "plan", "run", "report"].map((name) => cli([name, spec, "--out", out])));
    for (const { code, stdout, stderr } of runs) {
      expect([code, stdout, stderr]).toEqual([
        2,
        "",
        `${store}: expected a store of format 1, got format ${format} (${file})\n` +
          "  hint: it was written by another version of sweepstake: use that version, or choose another folder with --out\n",
      ]);
    }
    expect(readdirSync(out, { recursive: true })).toEqual(before);
    expect(readFileSync(join(store, file), "utf8")).toBe(`{"format":${format}}\n`);
  });
});
