import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { env, InferenceSession, Tensor } from "onnxruntime-web";
import { beforeAll, describe, expect, it } from "vitest";
import { readCheckpoint } from "../src/checkpoints/read-checkpoint.ts";
import { decodeSafetensors } from "../src/core/safetensors.ts";
import { loadData } from "../src/data/load.ts";
import { readOnnx } from "../src/export/onnx/run-file.ts";
import { decodeParquet } from "../src/export/parquet/parquet.ts";
import { decodeRecords } from "../src/export/tensorboard/records.ts";
import { cli, smallSpec, temporaryFolder, writeSpec } from "./cli-runner.ts";

env.wasm.numThreads = 1;

const folder = temporaryFolder();
const out = join(folder, "out");
const spec = writeSpec(folder, smallSpec);
writeSpec(folder, "name: [", "broken.yaml");

interface Best {
  readonly run: string;
  readonly mask: string;
  readonly testAccuracy: number;
}
let best: Best;

const ours = (...args: string[]) => cli([...args, "--out", out]);
const json = async (...args: string[]): Promise<unknown> => {
  const { code, stdout, stderr } = await ours(...args, "--json");
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
};

beforeAll(async () => {
  expect((await ours("run", spec, "--executor", "inline", "--log", "tensorboard")).code).toBe(0);
  best = (await json("best", spec, "--sparsity", "0.8")) as Best;
}, 120_000);

describe("an experiment that was run", () => {
  it("is listed with its runs, beside a file that is no experiment", async () => {
    const { experiments, runs } = (await json("list", folder)) as {
      experiments: Record<string, unknown>[];
      runs: { key: string; sparsity: number; testAccuracy: number }[];
    };
    expect(experiments[0]?.problem).toBeTypeOf("string");
    expect(experiments[1]).toMatchObject({ file: spec, name: "small", trainings: 9, done: 9, failed: 0 });
    expect(runs.length).toBe(9);
    // The best one is found in the list by hand.
    const at80 = runs.filter(({ sparsity }) => Math.abs(sparsity - 0.8) < 0.001);
    expect(at80.length).toBe(4);
    expect(best.testAccuracy).toBe(Math.max(...at80.map(({ testAccuracy }) => testAccuracy)));
    expect(at80.find(({ key }) => key === best.run)?.testAccuracy).toBe(best.testAccuracy);
  });

  it("shows a run: recipe, curve, mask, files", async () => {
    const shown = (await json("show", best.run.slice(0, 8))) as Record<string, unknown>;
    expect(shown).toMatchObject({
      key: best.run,
      status: "done",
      parameters: { seed: 0, model: { name: "lenet5", width: 0.5 }, recipe: { epochs: 3 } },
      inputs: { mask: { key: best.mask } },
    });
    expect((shown.curve as { testAccuracy: number }[]).at(-1)?.testAccuracy).toBe(best.testAccuracy / 100);
    expect(shown.mask).toContainEqual({ layer: "fc1.weight", kept: 2400, size: 12000 });
    const { stdout } = await ours("show", best.run.slice(0, 8));
    expect(stdout).toMatch(/fc1\.weight +12000 +2400 +80 %/);
    expect((await ours("show", best.mask)).stdout).toMatch(/^mask: /);
  });

  it("gives the same weights in every format, under the mask", async () => {
    const stored = join(out, "store", "objects", best.run.slice(0, 2), best.run, "weights@3.safetensors");
    const weights = decodeSafetensors(readFileSync(stored), stored).tensors;
    for (const [format, name] of [
      ["safetensors", "a.safetensors"],
      ["torch", "a.pt"],
      ["torch-prune", "b.pt"],
    ] as const) {
      const file = join(folder, name);
      expect((await ours("export", best.run, "--to", format, "-o", file)).code).toBe(0);
      const { stored: read, mask } = readCheckpoint(file);
      expect(new Map([...read].sort())).toEqual(new Map([...weights].sort()));
      expect(mask?.keptCount("fc1.weight")).toBe(format === "torch-prune" ? 2400 : undefined);
    }
    const { metadata } = decodeSafetensors(readFileSync(join(folder, "a.safetensors")), "a");
    expect(metadata).toMatchObject({ run: best.run, mask: best.mask, epoch: "3", sparsity: "0.8" });
    expect(JSON.parse(readFileSync(join(folder, "a.pt.json"), "utf8"))).toMatchObject({ run: best.run });
  });

  it("gives an ONNX file that onnxruntime is as accurate with as we are", async () => {
    const file = join(folder, "a.onnx");
    const { code, stderr } = await ours("export", best.run, "--to", "onnx", "-o", file);
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("(pixel / 255 - mean) / std") as string,
    });
    const { test, info, mean, std } = loadData({ name: "fashion-mnist", subset: 512, testSubset: 256 });
    const pixels = Float32Array.from(test.images, (byte) => (byte / 255 - (mean[0] ?? 0)) / (std[0] ?? 1));
    const session = await InferenceSession.create(readFileSync(file));
    const { logits } = await session.run({ images: new Tensor("float32", pixels, [test.count, ...info.shape]) });
    const rows = logits?.data as Float32Array;
    const right = Array.from(test.labels).filter((label, i) => {
      const row = rows.slice(i * info.classes, (i + 1) * info.classes);
      return row.indexOf(Math.max(...row)) === label;
    });
    expect((100 * right.length) / test.count).toBe(best.testAccuracy);
  });
});

it("makes a network smaller where channels are empty, and says by how much", async () => {
  const file = join(folder, "compact.onnx");
  const { code, stderr } = await ours("export", best.run, "--to", "compact", "-o", file);
  expect(code).toBe(0);
  const sizes = /^(\d+) parameters became (\d+)/m.exec(stderr)?.slice(1).map(Number);
  const kept = readOnnx(readFileSync(file)).weights;
  const after = [...kept].reduce((sum, [name, { data }]) => (name.includes("running") ? sum : sum + data.length), 0);
  // A spec of this size leaves dead units at 80 %; where it left none, the command would say that.
  if (sizes === undefined) expect(stderr).toContain("no channel could be left out");
  else expect(sizes[1]).toBe(after);
});

describe("what cannot be had is refused", () => {
  it.each([
    [["show", "zz"], "expected 4 to 64 hexadecimal digits"],
    [["show", "00000000000000"], "no finished object"],
    [["best", spec, "--sparsity", "0.7"], "has no networks at 70 %"],
    [["best", spec, "--sparsity", "80"], "For 80 % write 0.8"],
    [["list", join(folder, "nowhere")], "expected a folder"],
  ])("%j", async (args, text) => {
    const { code, stderr } = await ours(...args);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(text) as string });
  });

  it.each([
    [["--to", "torch", "-o", "a.onnx"], "expected a name that ends in .pt or .pth"],
    [["--to", "torch", "-o", "old.pt", "--epoch", "2"], "expected weights after epoch 2, which were not kept"],
    [["--to", "safetensors", "-o", "spec.yaml"], "expected a name that ends in .safetensors"],
    [["--to", "torch", "-o", "c.pt"], "there is a file of this name already"],
    [["--to", "nothing", "-o", "c.pt"], "Allowed choices"],
  ])("export %j", async (args, text) => {
    writeSpec(folder, "precious", "c.pt");
    const paths = args.map((arg) => (arg.includes(".") ? join(folder, arg) : arg));
    const { code, stderr } = await ours("export", best.run, ...paths);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(text) as string });
    expect(readFileSync(join(folder, "c.pt"), "utf8")).toBe("precious");
  });

  it("names the object when it is no training", async () => {
    const { code, stderr } = await ours("export", best.mask, "--to", "torch", "-o", join(folder, "mask.pt"));
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining("got an object of kind mask") as string,
    });
  });
});

it("writes the tables as Parquet beside the report, as many rows as runs", async () => {
  expect((await ours("report", spec, "--to", "parquet")).code).toBe(0);
  const { rows, metadata } = await decodeParquet(readFileSync(join(out, "reports", "small", "results.parquet")));
  const arm = rows.find(({ key, start }) => key === best.run && start !== undefined);
  expect(arm?.finalAccuracy).toBe(Number(best.testAccuracy.toFixed(6)));
  expect(JSON.parse(metadata["sweepstake.spec"] ?? "")).toMatchObject({ name: "small", model: { name: "lenet5" } });
});

it("has an event file for TensorBoard of every training, with a record for each epoch", () => {
  const folders = readdirSync(join(out, "reports", "small", "tensorboard"));
  expect(folders.length).toBe(9);
  const name = folders.find((folder) => folder.endsWith(best.run.slice(0, 10)));
  const bytes = readFileSync(
    join(out, "reports", "small", "tensorboard", name ?? "", "events.out.tfevents.sweepstake"),
  );
  const records = decodeRecords(bytes);
  // Version, settings, three epochs, end.
  expect(records.length).toBe(6);
  const text = bytes.toString("latin1");
  for (const part of ["train.optimizer.sgd.lr", "iterative", "accuracy/test", best.run]) expect(text).toContain(part);
  const last = Buffer.from(records[4] ?? []);
  const at = last.indexOf("accuracy/test") + "accuracy/test".length + 1;
  expect(last.readFloatLE(at)).toBe(Math.fround(best.testAccuracy));
});

it("lists the other runs, and says so, when one is damaged", async () => {
  const { runs } = (await json("list", folder)) as { runs: { key: string }[] };
  const key = runs.find((run) => run.key !== best.run)?.key ?? "";
  const file = join(out, "store", "objects", key.slice(0, 2), key, "metrics.jsonl");
  writeFileSync(file, readFileSync(file, "utf8").replace("1", "2"));
  const { code, stdout, stderr } = await ours("list", folder, "--json");
  expect(code).toBe(0);
  expect(stderr).toContain(`damaged: object ${key} (train): metrics.jsonl is damaged`);
  const left = (JSON.parse(stdout) as { runs: { key: string }[] }).runs.map((run) => run.key);
  expect(left).toEqual(runs.map((run) => run.key).filter((other) => other !== key));
});
