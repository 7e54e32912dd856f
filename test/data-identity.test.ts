import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { stream } from "../src/core/rng.ts";
import { checkpoints, cli, RunningCli, temporaryFolder } from "./cli-runner.ts";

/**
 * Two sets with the same images under one name. In `clean` the label can be read off the image, so that any network reaches 100 %; in
 * `noisy` labels know nothing of it, so that none is above chance.
 */
const folder = temporaryFolder();
const sets = ["clean", "noisy"] as const;
const files = { train: ["train", 60_000], test: ["t10k", 10_000] } as const;

beforeAll(() => {
  for (const set of sets) mkdirSync(join(folder, set, "fashion-mnist"), { recursive: true });
  for (const part of ["train", "test"] as const) {
    const [name, count] = files[part];
    const classes = Uint8Array.from({ length: count }, (_, i) => (i * 7) % 10);
    const images = Buffer.alloc(16 + count * 784);
    for (const [i, n] of [0x803, count, 28, 28].entries()) images.writeUInt32BE(n, 4 * i);
    // A bright band of two rows, at a height that the class gives.
    for (const [i, label] of classes.entries())
      images.fill(250, 16 + i * 784 + 56 * label, 16 + i * 784 + 56 * (label + 1));
    const draws = stream(1, "noise", part);
    const noise = classes.map(() => draws.below(10));
    for (const set of sets) {
      const labels = Buffer.alloc(8 + count);
      for (const [i, n] of [0x801, count].entries()) labels.writeUInt32BE(n, 4 * i);
      labels.set(set === "clean" ? classes : noise, 8);
      writeFileSync(join(folder, set, "fashion-mnist", `${name}-images-idx3-ubyte`), images);
      writeFileSync(join(folder, set, "fashion-mnist", `${name}-labels-idx1-ubyte`), labels);
    }
  }
  writeFileSync(
    join(folder, "same.yaml"),
    `
name: same
data: { name: fashion-mnist, subset: 1280, testSubset: 1000 }
model: { name: lenet-300-100 }
train: { epochs: 2, batchSize: 64, optimizer: { sgd: { lr: 0.05 } } }
seeds: [0]
`,
  );
});

interface Row {
  readonly start: string;
  readonly variant: string;
  readonly accuracy: number;
}

/** Final accuracies in the CSV of the report that a command has written. */
function accuracies(stderr: string): readonly Row[] {
  const folder = dirname(/^report: (.*)$/m.exec(stderr)?.[1] ?? "");
  const [head = "", ...lines] = readFileSync(join(folder, "results.csv"), "utf8").trim().split("\n");
  const at = (column: string) => head.split(",").indexOf(column);
  return lines.map((line) => {
    const cells = line.split(",");
    return {
      start: cells[at("start")] ?? "",
      variant: cells[at("variant")] ?? "",
      accuracy: Number(cells[at("finalAccuracy")]),
    };
  });
}

const spec = join(folder, "same.yaml");
const inline = ["--executor", "inline", "--workers", "1"];
const place = (set: string) => ["--set", `data.path=${join(folder, set)}`];

describe("two sets of one name in one store", () => {
  const out = join(folder, "out");

  it("have results of their own: 100 % where the label is in the image, chance where it is not", async () => {
    const clean = await cli(["run", spec, ...place("clean"), ...inline, "--out", out]);
    expect(clean.code).toBe(0);
    expect(accuracies(clean.stderr)[0]?.accuracy).toBeGreaterThan(99);
    const plan = JSON.parse((await cli(["plan", spec, ...place("noisy"), "--json", "--out", out])).stdout) as object;
    expect(plan).toMatchObject({ trainings: 1, trainingsToDo: 1 });
    const noisy = await cli(["run", spec, ...place("noisy"), ...inline, "--out", out]);
    expect(noisy.code).toBe(0);
    expect(noisy.stderr).toContain("note: reports/same belongs to another experiment of this name; this one is in ");
    // 1,000 images at a chance of 0.1: six standard errors are 5.7 points.
    expect(Math.abs((accuracies(noisy.stderr)[0]?.accuracy ?? 0) - 10)).toBeLessThan(5.7);
  }, 120_000);

  it("are two trainings of a sweep over their places, and both are there already", async () => {
    const paths = `sweep={ data.path: [${sets.map((set) => JSON.stringify(join(folder, set))).join(", ")}] }`;
    const { stdout } = await cli(["plan", spec, "--set", paths, "--json", "--out", out]);
    expect(JSON.parse(stdout)).toMatchObject({ trainings: 2, trainingsToDo: 0 });
  }, 60_000);

  it("are told apart by the place that the environment names", async () => {
    for (const set of sets) {
      const env = { SWEEPSTAKE_DATA: join(folder, set) };
      const { stdout } = await cli(["plan", spec, "--json", "--out", out], env);
      expect(JSON.parse(stdout)).toMatchObject({ trainingsToDo: 0 });
      const report = await cli(["report", spec, "--out", out], env);
      expect(report.code).toBe(0);
      const [row] = accuracies(report.stderr);
      expect(row?.accuracy ?? Number.NaN).toBeGreaterThan(set === "clean" ? 99 : 4);
      expect(row?.accuracy ?? Number.NaN).toBeLessThan(set === "clean" ? 101 : 16);
    }
  }, 60_000);

  it("need a word when the files are gone, and one content in the store needs none", async () => {
    const nowhere = ["--set", `data.path=${join(folder, "nowhere")}`];
    const refused = await cli(["report", spec, ...nowhere, "--out", out]);
    expect([refused.code, refused.stdout]).toEqual([2, ""]);
    expect(refused.stderr).toContain("results from 2 different contents");
    const contents = /contents: ([0-9a-f]{64}), ([0-9a-f]{64})/.exec(refused.stderr)?.slice(1) ?? [];
    expect(contents).toHaveLength(2);
    for (const content of contents) {
      const { stdout } = await cli([
        "plan",
        spec,
        ...nowhere,
        "--set",
        `data.content=${content}`,
        "--json",
        "--out",
        out,
      ]);
      expect(JSON.parse(stdout)).toMatchObject({ trainingsToDo: 0 });
    }
    const single = join(folder, "single");
    expect((await cli(["run", spec, ...place("clean"), ...inline, "--out", single])).code).toBe(0);
    const { stdout } = await cli(["plan", spec, ...nowhere, "--json", "--out", single]);
    expect(JSON.parse(stdout)).toMatchObject({ trainingsToDo: 0 });
  }, 120_000);
});

it("a training that was stopped on one set is not continued on another", async () => {
  const out = join(folder, "stopped");
  const long = ["--set", "train.epochs=4", "--set", "data.subset=20000"];
  const running = new RunningCli(["run", spec, ...place("clean"), ...long, "--workers", "1", "--out", out]);
  for (let tries = 0; tries < 600 && checkpoints(out).length === 0 && running.child.exitCode === null; tries++)
    await sleep(50);
  running.child.kill("SIGINT");
  expect((await running.finished).code).toBe(130);
  expect(checkpoints(out)).toHaveLength(1);
  const noisy = await cli(["run", spec, ...place("noisy"), ...long, ...inline, "--out", out]);
  expect(noisy.code).toBe(0);
  expect(checkpoints(out)).toHaveLength(1);
  expect(Math.abs((accuracies(noisy.stderr)[0]?.accuracy ?? 0) - 10)).toBeLessThan(5.7);
}, 240_000);
