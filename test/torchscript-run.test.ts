import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkpoints, cli, RunningCli, storeHashes, temporaryFolder, writeSpec } from "./cli-runner.ts";

/** The command line on a network saved by PyTorch, from plan to report. */

const folder = temporaryFolder();
const fixtures = join(import.meta.dirname, "fixtures", "torchscript");
const text = `
name: own-network
data: { name: fashion-mnist, subset: 512, testSubset: 256 }
model: { torchscript: net.pt }
train:
  epochs: 3
  batchSize: 64
  optimizer: { sgd: { lr: 0.05 } }
  augment: { crop: 2, flip: true }
seeds: 1
prune:
  - iterative: { sparsities: [0.5] }
retrain: [ticket, reinit, { rewind: { epoch: 1 } }, fine-tune]
measure: { correlation: { p: [0.1, 0.2] } }
`;

/** A folder with a spec and the network that it names. */
function place(name: string, network = "lenet5", spec = text): string {
  mkdirSync(join(folder, name), { recursive: true });
  copyFileSync(join(fixtures, `${network}.pt`), join(folder, name, "net.pt"));
  return writeSpec(join(folder, name), spec);
}

function out(name: string): string {
  return join(folder, "out", name);
}

function weightFiles(store: string): string[] {
  const objects = join(store, "store", "objects");
  return readdirSync(objects, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith("weights@3.safetensors"))
    .sort()
    .map((name) => join(objects, name));
}

describe("a spec with a TorchScript model", () => {
  const spec = place("a");

  it("is described by the plan, layer by layer, with the reason of those that stay dense", async () => {
    // First convolution 2·25 weights, then 4·2·25, 30·100, 21·30 and 10·21; a multiply-accumulate per weight and place, 28² and 10².
    expect((await cli(["plan", spec])).stdout.split("\n").slice(-9)).toEqual([
      "net.pt: 4,163 trained values, 4,040 of them prunable, 63,040 multiply-accumulates per image",
      "  conv1.weight  [2, 1, 5, 5]  dense: protected (first-conv)",
      "  conv2.weight  [4, 2, 5, 5]  pruned",
      "  fc1.weight    [30, 100]     pruned",
      "  fc2.weight    [21, 30]      pruned",
      "  fc3.weight    [10, 21]      pruned",
      "  biases (3), 61 values: dense",
      "  scales and shifts of normalisations (4), 12 values: dense",
      "",
    ]);
    const { stdout } = await cli(["plan", spec, "--json", "--set", "protect=[fc1.weight]"]);
    const { networks } = JSON.parse(stdout) as { networks: { layers: { name: string; reason?: string }[] }[] };
    expect(networks[0]?.layers.filter(({ reason }) => reason?.startsWith("protected"))).toEqual([
      { name: "fc1.weight", shape: [30, 100], pruned: false, reason: "protected (fc1.weight)" },
    ]);
  });

  it("is planned, run and reported, its network named by its content", async () => {
    const plan = JSON.parse((await cli(["plan", spec, "--json"])).stdout) as Record<string, number>;
    expect(plan).toMatchObject({ trainings: 5, trainingsToDo: 5 }); // dense, and four starts under a mask
    const run = await cli(["run", spec, "--executor", "inline", "--out", out("inline"), "--json"]);
    expect(run.stderr).toContain("5/5");
    expect(run.code).toBe(0);
    const results = JSON.parse(run.stdout) as { spec: { model: object } };
    expect(results.spec.model).toEqual({
      name: "torchscript",
      torchscript: "net.pt",
      init: "default",
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
    const report = await cli(["report", spec, "--out", out("inline")]);
    expect(report.code).toBe(0);
    expect(report.stdout).toContain("Winning property");
    const stages = readdirSync(join(out("inline"), "store"), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith("record.json"))
      .map((name) => readFileSync(join(out("inline"), "store", name), "utf8"));
    expect(stages.length).toBeGreaterThan(5);
    expect(stages.filter((stage) => stage.includes("net.pt"))).toEqual([]);
  }, 120_000);

  it("gives the same bits after a worker was killed, and from another place", async () => {
    const other = place("b");
    const run = new RunningCli(["run", other, "--workers", "1", "--out", out("killed")]);
    while (checkpoints(out("killed")).length === 0 && run.child.exitCode === null)
      await new Promise((resolve) => setTimeout(resolve, 10));
    const children = readFileSync(`/proc/${run.child.pid}/task/${run.child.pid}/children`, "utf8");
    for (const pid of children.split(" ").filter(Boolean)) process.kill(Number(pid), "SIGKILL");
    const { code, stderr } = await run.finished;
    expect(stderr).toContain("a worker process died (SIGKILL, as when memory runs out); trying again (2 of 3)");
    expect(code).toBe(0);
    expect(storeHashes(out("killed"))).toEqual(storeHashes(out("inline")));
    expect((await cli(["run", other, "--out", out("inline")])).stderr).toContain("to do      0 of them");
  }, 120_000);

  it("trains in float64 and bfloat16, and prunes the network that it trained", async () => {
    for (const precision of ["float64", "bfloat16"]) {
      const set = ["--set", `train.precision=${precision}`, "--set", "train.epochs=1", "--set", "retrain=[ticket]"];
      const run = await cli(["run", spec, ...set, "--out", out(precision)]);
      expect(run.stderr).toContain("2/2");
      expect(run.code).toBe(0);
    }
    const [first = "", second = ""] = weightFiles(out("inline"));
    const compared = await cli(["compare", first, second, "--json"]);
    expect(compared.code).toBe(0);
    expect(JSON.parse(compared.stdout)).toMatchObject({
      layers: ["conv2.weight", "fc1.weight", "fc2.weight", "fc3.weight"],
    });
    const pruned = await cli([
      "prune",
      first,
      "--sparsity",
      "0.5",
      "--output",
      join(folder, "pruned.safetensors"),
      "--json",
    ]);
    expect(pruned.code).toBe(0);
    expect(pruned.stdout).toContain("fc1.weight");
  }, 120_000);
});

describe("what is wrong with the file is said with the spec's place, and exits with 2", () => {
  it.each([
    ["plan", "refused", "model: { torchscript: net.pt }", "spec.yaml:4:8: model: "],
    ["plan", "residual", "model: { torchscript: net.pt }", "does not take images of shape [1, 28, 28]"],
    ["plan", "lenet5", "model: { torchscript: nte.pt }", "nte.pt, which cannot be read"],
    ["plan", "lenet5", "model: { torchscript: net.pt, init: random }", 'expected "default" or "file", got "random"'],
    ["plan", "lenet5", "model: { name: torchscript }", "expected a file saved by torch.jit.save, got nothing"],
    ["plan", "lenet5", "model: net.pt", "model: { torchscript: net.pt }"],
    ["run", "lenet5", `model: { torchscript: net.pt, sha256: ${"f".repeat(64)} }`, "the file has changed"],
  ])("%s, %s, %s", async (command, network, model, message) => {
    const spec = place("wrong", network, text.replace("model: { torchscript: net.pt }", model));
    const { code, stderr } = await cli([command, spec, "--out", out("wrong")]);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });

  it("also when it changes while the run is on", async () => {
    const spec = place("changing");
    const run = new RunningCli(["run", spec, "--workers", "1", "--out", out("changing")]);
    while (!run.stderr.includes("trainings") && run.child.exitCode === null)
      await new Promise((resolve) => setTimeout(resolve, 5));
    rmSync(join(folder, "changing", "net.pt"));
    const { code, stderr } = await run.finished;
    expect(stderr).toContain("net.pt, which cannot be read");
    expect(code).toBe(1);
  }, 60_000);
});
