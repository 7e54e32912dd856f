import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readCheckpoint } from "../checkpoints/read-checkpoint.ts";
import { encodeTorch } from "../checkpoints/torch-write.ts";
import type { HostArray, StateDict } from "../core/array.ts";
import { stream } from "../core/rng.ts";
import { decodeSafetensors } from "../core/safetensors.ts";
import { Mask } from "../masks/mask.ts";
import type { ExportedRun } from "./exported-run.ts";
import { pythonWith, runPython } from "./python.fixture.ts";
import { writeSafetensors, writeTorch, writeTorchPrune } from "./weight-files.ts";
import { writeVerified } from "./write-verified.ts";

const folder = mkdtempSync(join(tmpdir(), "sweepstake-export-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const draws = stream(5, "weights to export");
const floats = (...shape: number[]): HostArray => {
  const length = shape.reduce((product, size) => product * size, 1);
  return { dtype: "float32", shape, data: Float32Array.from({ length }, () => draws.normal()) };
};
/** Names as a network inside a wrapper has them: readers leave such a prefix out. */
const wrapped = (prefix: string): ExportedRun => {
  const weights: StateDict = new Map<string, HostArray>([
    [`${prefix}conv.weight`, floats(4, 3, 3, 3)],
    [`${prefix}bn.running_var`, floats(4)],
    [`${prefix}bn.num_batches_tracked`, { dtype: "int64", shape: [], data: BigInt64Array.of(7n) }],
    [`${prefix}fc.weight`, floats(5, 4)],
  ]);
  const keep = Uint8Array.from({ length: 108 }, (_, i) => (i % 3 === 0 ? 1 : 0));
  const mask = new Mask([[`${prefix}conv.weight`, { shape: [4, 3, 3, 3], keep }]]);
  return {
    key: "f".repeat(64),
    stage: { kind: "train" } as ExportedRun["stage"],
    epoch: 3,
    weights: mask.apply(weights),
    mask,
    metadata: { run: "f".repeat(64), epoch: "3" },
  };
};

describe.each(["", "module."])("weights named %jconv.weight", (prefix) => {
  const run = wrapped(prefix);
  const file = (name: string) => join(folder, `${prefix}${name}`);

  it("are the same arrays in a safetensors file, with their provenance", async () => {
    await writeSafetensors(run, file("a.safetensors"));
    const { tensors, metadata } = decodeSafetensors(readFileSync(file("a.safetensors")), "a");
    expect(new Map([...tensors].sort())).toEqual(new Map([...run.weights].sort()));
    expect(metadata).toEqual({ format: "pt", ...run.metadata });
  });

  it("are the same in files of torch.save, in the order of the network", async () => {
    await writeTorch(run, file("a.pt"));
    const names = [...run.weights.keys()].map((name) => name.slice(prefix.length));
    const { stored } = readCheckpoint(file("a.pt"));
    expect([...stored.keys()]).toEqual(names);
    expect([...stored.values()]).toEqual([...run.weights.values()]);
    await writeTorchPrune(run, file("b.pt"));
    const pruned = readCheckpoint(file("b.pt"));
    expect([...pruned.stored.values()]).toEqual([...run.weights.values()]);
    expect(pruned.mask?.keptCount("conv.weight")).toBe(36);
  });

  const python = pythonWith("torch");
  it.skipIf(python === undefined)("load in PyTorch with weights_only=True (needs a Python with torch)", async () => {
    await writeTorch(run, file("c.pt"));
    await writeTorchPrune(run, file("d.pt"));
    const program = `
import json, sys, torch
plain, prune = (torch.load(f, weights_only=True) for f in sys.argv[1:])
values = lambda state: {k: v.double().flatten().tolist() for k, v in state.items()}
print(json.dumps([values(plain), values(prune)]))`;
    const [plain, prune] = JSON.parse(runPython(python ?? "", program, file("c.pt"), file("d.pt"))) as Record<
      string,
      number[]
    >[];
    const expected = [...run.weights].map(([name, { data }]) => [name, Array.from<number | bigint>(data).map(Number)]);
    expect(plain).toEqual(Object.fromEntries(expected));
    const conv = `${prefix}conv.weight`;
    expect(prune?.[`${conv}_orig`]).toEqual(plain?.[conv]);
    expect(prune?.[`${conv}_mask`]).toEqual(Array.from({ length: 108 }, (_, i) => (i % 3 === 0 ? 1 : 0)));
    expect(Object.keys(prune ?? {}).length).toBe(5);
  });
});

const torch = pythonWith("torch");
it.skipIf(torch === undefined)("every type of array loads with weights_only=True (needs a Python with torch)", () => {
  const arrays: readonly (readonly [HostArray, string, number[]])[] = [
    [{ dtype: "float32", shape: [2], data: Float32Array.of(0.5, -3) }, "torch.float32", [0.5, -3]],
    [{ dtype: "float64", shape: [1, 2], data: Float64Array.of(0.1, 1e300) }, "torch.float64", [0.1, 1e300]],
    [{ dtype: "float16", shape: [2], data: Uint16Array.of(0x3c00, 0xc100) }, "torch.float16", [1, -2.5]],
    [{ dtype: "bfloat16", shape: [2], data: Uint16Array.of(0x3f80, 0xc020) }, "torch.bfloat16", [1, -2.5]],
    [{ dtype: "int64", shape: [], data: BigInt64Array.of(-(2n ** 40n)) }, "torch.int64", [-(2 ** 40)]],
    [{ dtype: "int32", shape: [1], data: Int32Array.of(-70000) }, "torch.int32", [-70000]],
    [{ dtype: "int16", shape: [1], data: Int16Array.of(-300) }, "torch.int16", [-300]],
    [{ dtype: "int8", shape: [1], data: Int8Array.of(-7) }, "torch.int8", [-7]],
    [{ dtype: "uint8", shape: [1], data: Uint8Array.of(200) }, "torch.uint8", [200]],
    [{ dtype: "bool", shape: [2], data: Uint8Array.of(0, 1) }, "torch.bool", [0, 1]],
    [{ dtype: "float32", shape: [0, 3], data: new Float32Array(0) }, "torch.float32", []],
  ];
  const path = join(folder, "types.pt");
  writeFileSync(path, encodeTorch(new Map(arrays.map(([array], i) => [`layer.${i}`, array]))));
  const program = `
import json, sys, torch
state = torch.load(sys.argv[1], weights_only=True)
print(json.dumps([[k, str(v.dtype), list(v.shape), v.double().flatten().tolist()] for k, v in state.items()]))`;
  expect(JSON.parse(runPython(torch ?? "", program, path))).toEqual(
    arrays.map(([{ shape }, type, values], i) => [`layer.${i}`, type, shape, values]),
  );
});

it("refuses a dense network in the form of torch.nn.utils.prune", async () => {
  const { mask: _, ...dense } = wrapped("");
  await expect(writeTorchPrune(dense, join(folder, "dense.pt"))).rejects.toThrow(/expected a network with a mask/);
});

it("leaves the older file, and nothing else, when what was written is not what is read back", async () => {
  const path = join(folder, "kept.bin");
  writeFileSync(path, "older");
  const before = readdirSync(folder).length;
  await expect(writeVerified(path, Buffer.from("newer"), () => "the first byte")).rejects.toThrow(
    /kept.bin: what was written is not what was read back: the first byte/,
  );
  expect(readFileSync(path, "utf8")).toBe("older");
  expect(readdirSync(folder).length).toBe(before);
});
