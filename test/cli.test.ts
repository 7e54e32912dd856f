import { describe, expect, it } from "vitest";
import { cli, RunningCli, smallSpec, temporaryFolder, writeSpec } from "./cli-runner.ts";

const folder = temporaryFolder();
const grid = `
name: grid
data: fashion-mnist
model: lenet5
train: { epochs: 20, optimizer: { sgd: { lr: 0.1 } } }
seeds: 1
retrain: [ticket, reinit, fine-tune]
prune:
  - iterative: { rate: 0.15, rounds: 12 }
`;
const oneShot = "  - one-shot: { sparsities: [0.15, 0.25, 0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9] }\n";

async function planned(name: string, text: string, ...args: string[]): Promise<Record<string, number>> {
  const { stdout } = await cli(["plan", writeSpec(folder, text, name), "--json", ...args]);
  return JSON.parse(stdout) as Record<string, number>;
}

describe("sweepstake plan --json", () => {
  it("counts 37 trainings for twelve iterative rounds with reinit and fine-tune, 114 without sharing", async () => {
    const plan = await planned("iterative.yaml", grid);
    expect(plan).toMatchObject({ trainings: 37, trainingsUnshared: 114, trainingsToDo: 37 });
    expect(plan.estimatedSeconds).toBeGreaterThan(0);
    expect(plan.estimatedBytes).toBeGreaterThan(0);
  });

  it("adds 36 for one-shot masks at twelve sparsities, and no dense run", async () => {
    expect(await planned("both.yaml", grid + oneShot)).toMatchObject({ trainings: 73, trainingsUnshared: 162 });
  });

  it("adds only their own trainings for rewinding", async () => {
    const set = "--set=retrain=[ticket, reinit, { rewind: { epoch: 5 } }, fine-tune]";
    expect(await planned("rewind.yaml", grid, set)).toMatchObject({ trainings: 49 });
  });
});

describe("the help", () => {
  it("names every command, and each command has two examples", async () => {
    const { code, stdout } = await cli(["--help"]);
    expect(code).toBe(0);
    const commands = [...stdout.matchAll(/^ {2}([a-z]+) .*$/gm)]
      .map((match) => match[1] ?? "")
      .filter((name) => name !== "help");
    expect(commands).toEqual([
      "demo",
      "doctor",
      "plan",
      "run",
      "status",
      "serve",
      "data",
      "store",
      "list",
      "show",
      "best",
      "export",
      "report",
      "paper",
      "claims",
      "diagnose",
      "compare",
      "prune",
    ]);
    for (const command of commands) {
      const help = await cli([command, "--help"]);
      expect(help.code).toBe(0);
      expect(help.stdout.match(/^ {2}\$ .*sweepstake /gm)?.length, command).toBeGreaterThanOrEqual(2);
    }
  }, 30_000);

  it("needs no engine", async () => {
    expect((await cli(["--version"], { SWEEPSTAKE_ADDON: "/nowhere" })).code).toBe(0);
    expect(await planned("no-engine.yaml", grid)).toMatchObject({ trainings: 37 });
  });
});

it("refuses an option that is given twice, below a command too", async () => {
  for (const command of [
    ["plan", "spec.yaml", "--out", "a", "--out", "b"],
    ["store", "verify", "--out", "a", "--out", "b"],
    ["data", "show", "photos", "--side", "8", "--side", "9"],
  ]) {
    const { code, stderr } = await cli(command);
    expect([command, code, stderr]).toEqual([
      command,
      2,
      expect.stringMatching(/option '--(out|side)' is given twice/),
    ]);
  }
});

it("ends in peace where the reader of its output has gone, as in `sweepstake … | head`", async () => {
  const running = new RunningCli(["--help"]);
  running.child.stdout?.destroy();
  expect(await running.finished).toEqual({ code: 0, stdout: "", stderr: "" });
});

describe("wrong usage exits with 2 and names what is near", () => {
  it.each([
    { args: ["rnu", "x.yaml"], text: "Did you mean run?" },
    { args: ["run", "x.yaml", "--wrokers", "2"], text: "Did you mean --workers?" },
    { args: ["run"], text: "missing required argument 'spec'" },
    { args: ["run", "x.yaml", "--workers", "0"], text: "expected an integer of at least 1" },
    { args: ["run", "/nowhere/x.yaml"], text: "/nowhere/x.yaml" },
    { args: ["compare", "a", "b", "--p", "0.2,2"], text: "expected fractions in (0, 1)" },
    { args: ["compare", "/nowhere/a.pt", "b"], text: "/nowhere/a.pt" },
  ])("$args", async ({ args, text }) => {
    const { code, stdout, stderr } = await cli(args);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain(text);
    expect(stderr).not.toContain("    at ");
  });

  it("reports a wrong --set by its name", async () => {
    const { code, stderr } = await cli(["plan", writeSpec(folder, smallSpec), "--set", "train.epcohs=3"]);
    expect(code).toBe(2);
    expect(stderr).toContain("--set train.epcohs=3");
    expect(stderr).toContain('did you mean "epochs"');
  });
});
