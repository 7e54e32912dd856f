import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkpoints, cli, RunningCli, smallSpec, storeHashes, temporaryFolder, writeSpec } from "./cli-runner.ts";

const folder = temporaryFolder();
const spec = writeSpec(folder, smallSpec);

function out(name: string): string {
  return join(folder, name);
}

/** Waits until the condition holds; the surrounding test has the time limit. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}

function childrenOf(pid: number | undefined): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.split(" ").filter(Boolean).map(Number);
}

/** Dense run, two tickets, two reinits, two rewinds, two fine-tunings. */
const TRAININGS = 9;

describe("sweepstake run", () => {
  it("trains everything once, gives the same bits inline and with two workers, and then has nothing left to do", async () => {
    const inline = await cli(["run", spec, "--executor", "inline", "--out", out("inline")]);
    expect(inline.stderr).toContain(`${TRAININGS}/${TRAININGS}`);
    expect(inline.code).toBe(0);
    const local = await cli(["run", spec, "--workers", "2", "--out", out("local")]);
    expect(local.code).toBe(0);
    expect(storeHashes(out("local"))).toEqual(storeHashes(out("inline")));
    expect(Object.keys(storeHashes(out("local"))).length).toBeGreaterThan(3 * TRAININGS);

    const again = await cli(["run", spec, "--out", out("local")]);
    expect(again.code).toBe(0);
    expect(again.stderr).toContain("to do      0 of them");
    expect(again.stdout).toBe(local.stdout);
    const plan = JSON.parse((await cli(["plan", spec, "--json", "--out", out("local")])).stdout) as Record<
      string,
      number
    >;
    expect(plan).toMatchObject({ trainings: TRAININGS, trainingsToDo: 0, stagesToDo: 0 });
    const status = await cli(["status", spec, "--json", "--out", out("local")]);
    expect(JSON.parse(status.stdout)).toMatchObject({ stages: { train: { done: TRAININGS, "to do": 0 } } });
  }, 240_000);

  it("restarts a worker that is killed in mid-training, and the bits are those of the undisturbed run", async () => {
    const run = new RunningCli(["run", spec, "--workers", "1", "--out", out("killed")]);
    await until(() => checkpoints(out("killed")).length > 0 || run.child.exitCode !== null);
    for (const pid of childrenOf(run.child.pid)) process.kill(pid, "SIGKILL");
    const { code, stderr } = await run.finished;
    expect(stderr).toContain("a worker process died (SIGKILL, as when memory runs out); trying again (2 of 3)");
    expect(code).toBe(0);
    expect(storeHashes(out("killed"))).toEqual(storeHashes(out("inline")));
  }, 120_000);

  it.each([
    { signal: "SIGTERM", code: 143, name: "term" },
    { signal: "SIGINT", code: 130, name: "int" },
  ] as const)(
    "checkpoints and exits on $signal, and goes on to the same bits",
    async ({ signal, code, name }) => {
      const run = new RunningCli(["run", spec, "--workers", "2", "--out", out(name)]);
      await until(() => checkpoints(out(name)).length > 0 || run.child.exitCode !== null);
      run.child.kill(signal);
      const stopped = await run.finished;
      expect(stopped.code).toBe(code);
      expect(stopped.stderr).toContain("checkpointed:");
      expect(checkpoints(out(name)).length).toBeGreaterThan(0);
      const rest = await cli(["run", spec, "--out", out(name)]);
      expect(rest.code).toBe(0);
      expect(storeHashes(out(name))).toEqual(storeHashes(out("inline")));
    },
    120_000,
  );

  it("loses nothing when the whole process group is killed at once", async () => {
    const run = new RunningCli(["run", spec, "--workers", "2", "--out", out("group")]);
    await until(() => checkpoints(out("group")).length > 0 || run.child.exitCode !== null);
    const workers = childrenOf(run.child.pid);
    run.child.kill("SIGKILL");
    for (const pid of workers) process.kill(pid, "SIGKILL");
    await run.finished;
    const rest = await cli(["run", spec, "--out", out("group")]);
    expect(rest.code).toBe(0);
    expect(storeHashes(out("group"))).toEqual(storeHashes(out("inline")));
  }, 120_000);

  it("quarantines a damaged object, says so, and computes it again", async () => {
    const objects = join(out("local"), "store", "objects");
    const [dense] = readdirSync(objects, { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith("weights@1.safetensors"),
    );
    const path = join(objects, dense ?? "");
    const bytes = readFileSync(path);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(path, bytes);
    // Without the rewound trainings there is something to do that reads the damaged weights.
    const consumers = readdirSync(objects, { recursive: true, encoding: "utf8" }).filter((name) => {
      if (!name.endsWith("stage.json")) return false;
      const stage = JSON.parse(readFileSync(join(objects, name), "utf8")) as {
        inputs: { weights?: { output: string } };
      };
      return stage.inputs.weights?.output === "weights@1";
    });
    expect(consumers.length).toBe(2);
    for (const consumer of consumers) rmSync(join(objects, consumer, ".."), { recursive: true });

    const repaired = await cli(["run", spec, "--workers", "1", "--out", out("local")]);
    expect(repaired.code).toBe(0);
    expect(repaired.stderr).toMatch(/notice: .*weights@1\.safetensors/);
    expect(storeHashes(out("local"))).toEqual(storeHashes(out("inline")));
  }, 120_000);

  it("records a diverged training, skips what needs it, finishes the rest and says so", async () => {
    const diverging = writeSpec(
      folder,
      `${smallSpec}sweep: { train.optimizer.sgd.lr: [0.05, 1e30] }\n`,
      "diverging.yaml",
    );
    const run = await cli(["run", diverging, "--out", out("diverging")]);
    expect(run.stderr).toMatch(/lr 1e\+30, seed 0, dense: diverged/);
    expect(run.stderr).toContain("skipped: lr 1e+30, seed 0, fine-tune, iterative 80 %");
    expect(run.stderr).toContain("lr 0.05, seed 0, fine-tune, iterative 80 %");
    const status = JSON.parse(
      (await cli(["status", diverging, "--json", "--out", out("diverging")])).stdout,
    ) as unknown;
    expect(status).toMatchObject({ stages: { train: { done: TRAININGS, diverged: 1, "to do": TRAININGS - 1 } } });
    expect(run.code).toBe(0);
  }, 120_000);
});
