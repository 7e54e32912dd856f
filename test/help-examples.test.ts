import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { checkpointEncoder } from "../src/checkpoints/write-checkpoint.ts";
import { createProgram } from "../src/cli/main.ts";
import type { HostArray } from "../src/core/array.ts";
import { stream } from "../src/core/rng.ts";
import { greyPng, writeTree } from "../src/data/import/images.fixture.ts";
import { RunningCli, temporaryFolder } from "./cli-runner.ts";

// Every example of a help text and of the documentation runs as it stands, in a folder that has what the examples name: a small demo.yaml,
// weight files, images. Only what would train the paper's networks for days is planned instead of run.

const root = join(import.meta.dirname, "..");
const world = temporaryFolder();

/** Lines of commands: those of the help texts, and those in blocks of the documentation. */
function examples(): readonly string[] {
  const helps = createProgram().commands.map((command) => {
    let text = "";
    command.configureOutput({ writeOut: (part) => (text += part) });
    command.outputHelp();
    return text;
  });
  const docs = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
  const pages = ["README.md", "CONTRIBUTING.md", ...docs.map((name) => join("docs", name))].map((name) =>
    [...readFileSync(join(root, name), "utf8").matchAll(/^```sh\n(.*?)^```/gms)].map((match) => match[1]).join("\n"),
  );
  const lines = [...helps, ...pages].flatMap((text) => text.replaceAll(/\\\n\s*/g, "").split("\n"));
  const commands = lines.flatMap(
    (line) => /^\s*(?:\$ )?(?:npx )?sweepstake(?: (.*?))?(?:\s{2,}.*|\s+#.*|\s+>.*)?$/.exec(line)?.[1] ?? [],
  );
  return [...new Set(commands)].sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1));
}

/** What makes files that others read comes first. */
function place(line: string): number {
  const at = ["prune resnet", "prune", "compare", "run", "best", "export", "data import"].findIndex((start) =>
    line.startsWith(start),
  );
  return at === -1 ? 7 : at;
}

/** Words of a shell command, quotes taken away. */
function words(line: string): readonly string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}

/** Two sparsities of tickets after an epoch of two steps. */
const demo = `
name: demo
data: { name: fashion-mnist, subset: 128, testSubset: 64 }
model: { name: lenet5, width: 0.5 }
train:
  epochs: 2
  batchSize: 64
  optimizer: { sgd: { lr: 0.05, momentum: 0.9 } }
  schedule: { milestones: [1] }
seeds: 1
prune:
  - one-shot: { sparsities: [0.8, 0.9] }
retrain: [ticket]
`;

/** What makes the shipped demo as short. */
const shortDemo = [
  ...["train.epochs=2", "train.schedule.milestones=[1]", "data.subset=128", "data.testSubset=64"],
  ...["retrain=[ticket]", "prune=[{one-shot: {sparsities: [0.5]}}]"],
];

/** Weights of a small network, by names in its order. */
function network(seed: number): ReadonlyMap<string, HostArray> {
  const draws = stream(seed, "weights of an example");
  const array = (...shape: number[]): HostArray => {
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => draws.normal());
    return { dtype: "float32", shape, data };
  };
  return new Map([
    ["conv1.weight", array(8, 3, 3, 3)],
    ["conv2.weight", array(16, 8, 3, 3)],
    ["fc.weight", array(10, 64)],
    ["fc.bias", array(10)],
  ]);
}

beforeAll(() => {
  for (const name of ["papers", "docs/results"]) cpSync(join(root, name), join(world, name), { recursive: true });
  mkdirSync(join(world, "examples"));
  for (const name of ["examples/demo.yaml", "spec.yaml", "my-spec.yaml"]) writeFileSync(join(world, name), demo);
  for (const [i, name] of [
    "resnet.pt",
    "before.pt",
    "after.safetensors",
    "ticket.safetensors",
    "tuned.safetensors",
  ].entries())
    writeFileSync(join(world, name), checkpointEncoder(name)(network(i)));
  const both = ["initial", "trained"].flatMap((part, i) =>
    [...network(i)].map(([name, array]) => [`${part}.${name}`, array] as const),
  );
  writeFileSync(join(world, "run.pt"), checkpointEncoder("run.pt")(new Map(both)));
  const fixtures = join(root, "test/fixtures/data");
  cpSync(join(fixtures, "packed.npz"), join(world, "medmnist.npz"));
  for (const name of readdirSync(fixtures).filter((file) => file.endsWith(".parquet")))
    cpSync(join(fixtures, name), join(world, "data", name));
  const classes = ["cat", "dog"].flatMap((name) => [0, 1, 2, 3, 4].map((i) => `photos/${name}/${i}.png`));
  writeTree(
    world,
    Object.fromEntries(classes.map((name, i) => [name, greyPng(70, 64, (k) => (17 * k + 31 * i) % 256)])),
  );
});

/** Digits of a run of the demo, which `best` prints; the examples have those of some other run. */
let run = "";

/** The arguments that are run for an example. */
function argumentsOf(line: string): readonly string[] {
  const args = words(line).map((word) => (word === "3fa91c0b2d" ? run : word));
  const [command, first = ""] = args;
  if (command === "demo") return [...args, ...shortDemo.flatMap((set) => ["--set", set])];
  if (command === "run" && first.startsWith("papers/")) return ["plan", ...args.slice(1)];
  const isSeen = ["--plan", "--status", "--report"].some((option) => args.includes(option));
  if (command === "paper" && args.length > 1 && !isSeen) return [...args, "--plan"];
  return args;
}

describe("examples of help and documentation", () => {
  it("are there", () => {
    expect(examples().length).toBeGreaterThan(50);
  });

  it.each(examples())("sweepstake %s", async (line) => {
    const args = argumentsOf(line);
    const output = args[args.indexOf("-o") + 1] ?? "";
    if (args.includes("-o")) rmSync(join(world, output), { force: true }); // two examples write the same file
    const running = new RunningCli(args, { HOME: world }, world);
    if (line.startsWith("serve")) {
      while (!running.stdout.includes("token=") && running.child.exitCode === null) await sleep(20);
      running.child.kill("SIGTERM");
    }
    const { code, stdout, stderr } = await running.finished;
    expect([code, code === 0 ? "" : stderr + stdout]).toEqual([0, ""]);
    if (line.startsWith("best")) run = /\b[0-9a-f]{10}\b/.exec(stdout)?.[0] ?? "";
  });
});
