import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { fill, fixturePath, network } from "../checkpoints/torch.fixture.ts";
import { checkpointEncoder } from "../checkpoints/write-checkpoint.ts";
import type { HostArray, StateDict } from "../core/array.ts";
import { encodeSafetensors } from "../core/safetensors.ts";
import { encodeCheckpoint } from "../train/checkpoint.ts";
import { compareFiles } from "./compare-files.ts";
import type { PruneOptions } from "./prune-file.ts";

const folder = mkdtempSync(join(tmpdir(), "sweepstake-prune-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  for (const name of ["out.pt", "out.safetensors", "mask.safetensors"]) rmSync(join(folder, name), { force: true });
});

const at = (name: string) => join(folder, name);
const _options: PruneOptions = {
  sparsity: 0.5,
  pruner: "magnitude",
  protect: ["first-conv"],
  form: "plain",
  force: false,
};
const dense = fixturePath("state-dict.pt");

function write(name: string, state: StateDict): string {
  writeFileSync(at(name), checkpointEncoder(name)(state));
  return at(name);
}

describe("comparing files", () => {
  const p = { p: [0.25], protect: ["first-conv"] };

  it("gives the same for .pt, the old format, safetensors and a training's own checkpoint", () => {
    const safetensors = write("net.safetensors", network);
    const sums = { loss: 0, correct: 0, seen: 0 };
    const own = encodeCheckpoint({ epoch: 0, step: 0, weights: network, momenta: new Map(), sums, metrics: [] });
    writeFileSync(at("own.safetensors"), encodeSafetensors(own.tensors, own.metadata));
    const reference = compareFiles(safetensors, safetensors, p);
    expect(reference.layers).toEqual(["fc.weight"]);
    expect(reference.points[0]?.rp).toBe(1);
    for (const file of [
      dense,
      fixturePath("state-dict-legacy.pt"),
      at("own.safetensors"),
      fixturePath("checkpoint.pt"),
    ])
      expect(compareFiles(file, safetensors, p).points).toEqual(reference.points);
  });

  it("takes the mask of a file in the form of torch.nn.utils.prune, and says when one is not used", () => {
    const pruned = fixturePath("pruned.pt");
    const under = compareFiles(pruned, dense, { ...p, protect: ["fc.weight"], mask: pruned });
    expect(under.mode).toBe("sparse-sparse");
    expect(under.points[0]?.layers.find(({ layer }) => layer === "conv.weight")?.n).toBe(27);
    expect(() => compareFiles(pruned, dense, { ...p, protect: ["none"], mask: pruned })).toThrow(
      "expected a mask for every layer, got none for fc.weight",
    );
    expect(compareFiles(pruned, dense, p).notes).toContain(
      `${pruned}: it has a mask, which is not used: add --mask ${pruned} to compare under it`,
    );
  });

  it("takes a mask of float32 zeros and ones under the weights' own names", () => {
    const keep = Float32Array.from({ length: 12 }, (_, i) => (i < 6 ? 1 : 0));
    const mask = write("mask.safetensors", new Map([["fc.weight", { dtype: "float32", shape: [4, 3], data: keep }]]));
    const under = compareFiles(dense, dense, { ...p, mask });
    expect(under.mode).toBe("sparse-sparse");
    expect(under.points[0]?.layers.map(({ layer, n }) => [layer, n])).toEqual([["fc.weight", 6]]);
    expect(() => compareFiles(dense, dense, { ...p, mask: dense })).toThrow(
      `${dense}: conv.weight: expected a mask, only zeros and ones, got -1.375 (float32) at flat index 0`,
    );
  });

  it("lists what only one file has, and what differs in shape", () => {
    const arrays = (entries: readonly (readonly [string, readonly number[]])[]): StateDict =>
      new Map(entries.map(([name, shape]) => [name, fill(shape)]));
    const a = write(
      "a.pt",
      arrays([
        ["x.weight", [3, 4]],
        ["y.weight", [3, 4]],
        ["z.weight", [3, 4]],
      ]),
    );
    const b = write(
      "b.pt",
      arrays([
        ["x.weight", [3, 4]],
        ["q.weight", [3, 4]],
        ["z.weight", [4, 3]],
      ]),
    );
    const { layers, notes } = compareFiles(a, b, p);
    expect(layers).toEqual(["x.weight"]);
    expect(notes).toEqual([
      `left out, because only ${a} has them: y.weight`,
      `left out, because only ${b} has them: q.weight`,
      "left out, because their shapes differ: z.weight",
    ]);
  });

  it("takes a dictionary of each file behind a #, and says where ties decide", () => {
    const both = ["initial", "trained"].map((key): [string, HostArray] => [`${key}.fc.weight`, fill([4, 3])]);
    const file = write("two.pt", new Map(both));
    const { layers, notes } = compareFiles(`${file}#initial`, `${file}#trained`, { p: [0.5], protect: ["none"] });
    expect(layers).toEqual(["fc.weight"]);
    expect(notes).toContain(`${file}#initial: weights are those at key "initial"`);
    const half = write(
      "half.pt",
      new Map([["fc.weight", { dtype: "float32", shape: [2, 4], data: Float32Array.of(1, 2, 0, 0, 0, 0, 0, 0) }]]),
    );
    expect(compareFiles(half, half, { p: [0.5], protect: ["none"] }).notes).toEqual([
      "p = 0.5: up to 75.0 % of the weights of fc.weight are equal at the threshold and count with their expectation; for pruned files give the mask",
    ]);
  });

  it("refuses an unknown protected layer, and files without a layer in common", () => {
    expect(() => compareFiles(dense, dense, { ...p, protect: ["first_conv"] })).toThrow(/did you mean "first-conv"/);
    expect(() => compareFiles(dense, fixturePath("parameters.pt"), p)).toThrow(
      /have no layers \(weights of two or more dimensions\)/,
    );
  });
});
