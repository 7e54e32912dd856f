import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { temporaryFolder } from "./cli-runner.ts";

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

const root = join(import.meta.dirname, "..");
const folder = temporaryFolder();

it("the npm package has what users need, and no more", () => {
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
  const [packed] = JSON.parse(spawnSync("npm", args, { cwd: root, encoding: "utf8" }).stdout) as readonly Packed[];
  if (packed === undefined) throw new Error("npm pack printed nothing");
  expect(packed.size).toBeLessThan(3_000_000);
  const paths = packed.files.map(({ path }) => path);
  expect(paths).toEqual(
    expect.arrayContaining([
      "README.md",
      "bin/sweepstake.js",
      "dist/index.js",
      "dist/cli/main.js",
      "dist/run/local/worker.js",
      "native/Makefile",
      "native/addon.cc",
      "native/torch.h",
      "scripts/setup.sh",
      "scripts/find-libtorch.js",
      "examples/demo.yaml",
      "papers/liu2021/2.yaml",
    ]),
  );
  expect(
    paths.filter((path) => /\.test\.|\.fixture\.|^native\/build|^dist\/(bench|soak)|^test\/|\.o$|\.gch$/.test(path)),
  ).toEqual([]);

  // Unpacked elsewhere, beside the dependencies, it runs as far as it can without the engine.
  spawnSync("tar", ["xzf", join(folder, packed.filename), "-C", folder]);
  const unpacked = join(folder, "package");
  expect(existsSync(join(unpacked, "package.json"))).toBe(true);
  spawnSync("ln", ["-s", join(root, "node_modules"), join(unpacked, "node_modules")]);
  const run = (...words: readonly string[]) =>
    spawnSync(process.execPath, [join(unpacked, "bin/sweepstake.js"), ...words], { encoding: "utf8", cwd: folder });
  expect(run("--version").stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  const plan = run("plan", join(unpacked, "examples/demo.yaml"));
  expect([plan.status, plan.stdout]).toEqual([0, expect.stringContaining("trainings")]);
}, 60_000);
