import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { checkpoints, cli, RunningCli, smallSpec, storeHashes, temporaryFolder, writeSpec } from "./cli-runner.ts";

const folder = temporaryFolder();
const admm = "admm: { sparsities: [0.5], epochsPerStage: 1 }";
const text = smallSpec.replace("iterative: { sparsities: [0.5, 0.8] }", admm);
const spec = writeSpec(folder, text);

function filesNamed(out: string, name: string): string[] {
  const objects = join(folder, out, "store");
  return readdirSync(objects, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(name))
    .map((path) => join(objects, path));
}

it("prunes by ADMM, trains all four starts, measures R_p, and warns that four epochs do not converge", async () => {
  const run = await cli(["run", spec, "--executor", "inline", "--out", join(folder, "whole")]);
  expect(run.code).toBe(0);
  expect(run.stderr).toContain("ADMM       1 pruning, not counted as trainings");
  expect(run.stderr).toContain("5/5"); // dense and four starts
  expect(run.stderr).toMatch(/ADMM {2}small, seed 0, mask, admm 50 %: [\d.]+ %/);
  expect(run.stdout).toMatch(/admm 50 % +([\d.]+ +){4}[\d.]+\n/);
  expect(run.stdout.replaceAll(/\s+/g, " ")).toContain("Warning: ADMM has not converged in small, admm 50 %");
  const [residuals = ""] = filesNamed("whole", "residuals.jsonl");
  const lines = readFileSync(residuals, "utf8").trim().split("\n");
  expect(lines.map((line) => (JSON.parse(line) as { rho: number }).rho)).toEqual(
    [1e-4, 1e-3, 1e-2, 0.1].map((rho) => expect.closeTo(rho, 12) as number),
  );
  const page = readFileSync(join(folder, "whole", "reports", "small", "report.html"), "utf8");
  expect(page).toContain("<h2>Convergence of ADMM</h2>");
  expect(page).toContain('<figure id="residuals-admm">');
  const status = await cli(["status", spec, "--out", join(folder, "whole")]);
  expect(status.stdout).toMatch(/admm +1 /);
  expect(status.stdout).toContain("warning: ADMM has not converged in small, seed 0, mask, admm 50 %");
}, 60_000);

it("is stopped in mid-pruning by SIGTERM and goes on to the same bits", async () => {
  const out = join(folder, "term");
  const run = new RunningCli(["run", spec, "--executor", "inline", "--set", "retrain=[ticket]", "--out", out]);
  // Once the dense run is stored (1/2), a checkpoint can only be ADMM's, of the first of its four epochs.
  while (run.child.exitCode === null && !(run.stderr.includes("1/2") && checkpoints(out).length > 0))
    await new Promise((resolve) => setTimeout(resolve, 5));
  run.child.kill("SIGTERM");
  const stopped = await run.finished;
  expect(stopped.code).toBe(143);
  expect(stopped.stderr).toContain("checkpointed: small, seed 0, mask, admm 50 %");
  const rest = await cli(["run", spec, "--executor", "inline", "--out", out]);
  expect(rest.code).toBe(0);
  const [hashes, whole] = [storeHashes(out), storeHashes(join(folder, "whole"))];
  expect(hashes).toEqual(whole);
  expect(Object.keys(hashes).filter((name) => name.endsWith("mask.safetensors"))).toHaveLength(1);
}, 60_000);

it("records a diverged pruning, skips what needs it, and says so", async () => {
  const diverging = writeSpec(
    folder,
    text.replace("epochsPerStage: 1", "epochsPerStage: 1, lrFactor: 1e30"),
    "diverging.yaml",
  );
  const out = join(folder, "diverging");
  const run = await cli(["run", diverging, "--executor", "inline", "--out", out]);
  expect(run.code).toBe(0);
  expect(run.stderr).toContain("ADMM  small, seed 0, mask, admm 50 %: diverged");
  expect(run.stderr).toContain("skipped: small, seed 0, fine-tune, admm 50 %");
  expect(run.stdout).toContain("seed 0 diverged");
  const status = JSON.parse((await cli(["status", diverging, "--json", "--out", out])).stdout) as unknown;
  expect(status).toMatchObject({ stages: { train: { done: 1, "to do": 4 }, admm: { diverged: 1 } }, warnings: [] });
}, 60_000);
