import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { readCheckpoint } from "../checkpoints/read-checkpoint.ts";
import { readMask } from "../checkpoints/read-mask.ts";
import { fill, fixturePath, network } from "../checkpoints/torch.fixture.ts";
import { checkpointEncoder } from "../checkpoints/write-checkpoint.ts";
import type { StateDict } from "../core/array.ts";
import { encodeSafetensors } from "../core/safetensors.ts";
import { Mask } from "../masks/mask.ts";
import { type PruneOptions, pruneFile, pruneText } from "./prune-file.ts";

const folder = mkdtempSync(join(tmpdir(), "sweepstake-prune-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  for (const name of ["out.pt", "out.safetensors", "mask.safetensors"]) rmSync(join(folder, name), { force: true });
});

const at = (name: string) => join(folder, name);
const options: PruneOptions = {
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

/** Positions of the `count` largest |w|, equal ones by lower index: by sorting. */
function largest(values: ArrayLike<number | bigint>, count: number): Set<number> {
  const size = (i: number) => Math.abs(Number(values[i]));
  const order = Array.from(values, (_, i) => i).sort((i, j) => size(j) - size(i) || i - j);
  return new Set(order.slice(0, count));
}

describe("pruning a file", () => {
  it.each(["out.pt", "out.safetensors"])(
    "sets exactly the smallest weights of each layer to 0, and nothing else: %s",
    (name) => {
      const result = pruneFile(dense, {
        ...options,
        protect: ["none"],
        output: at(name),
        maskOut: at("mask.safetensors"),
      });
      const { tensors } = readCheckpoint(at(name));
      for (const [key, { data }] of network) {
        const kept = key.endsWith("conv.weight") || key === "fc.weight" ? largest(data, data.length / 2) : undefined;
        const expected = Array.from(data as Iterable<number | bigint>, (w, i) => (kept?.has(i) === false ? 0 : w));
        expect([...(tensors.get(key)?.data ?? [])], key).toEqual(expected);
      }
      expect(result.layers).toEqual([
        {
          layer: "conv.weight",
          shape: [3, 2, 3, 3],
          size: 54,
          kept: 27,
          sparsity: 0.5,
          zeros: { before: 2, after: 27 },
          protected: false,
        },
        {
          layer: "fc.weight",
          shape: [4, 3],
          size: 12,
          kept: 6,
          sparsity: 0.5,
          zeros: { before: 0, after: 6 },
          protected: false,
        },
      ]);
      expect(result.written).toEqual([at("mask.safetensors"), at(name)]);
      const { mask } = readMask(at("mask.safetensors"));
      expect([mask.keys, mask.keptCount("conv.weight"), mask.keptCount("fc.weight")]).toEqual([
        ["conv.weight", "fc.weight"],
        27,
        6,
      ]);
    },
  );

  it("leaves the first convolution as it is by default, and says so in the table", () => {
    const result = pruneFile(dense, { ...options, output: at("out.pt") });
    expect(readCheckpoint(at("out.pt")).tensors.get("conv.weight")).toEqual(network.get("conv.weight"));
    expect(pruneText(result)).toBe(`${dense}: magnitude, sparsity 0.5 in every unprotected layer

layer        weights  kept   sparsity  zeros before  zeros after
───────────  ───────  ────  ─────────  ────────────  ───────────
conv.weight       54    54  protected             2            2
fc.weight         12     6    50.00 %             0            6
total             66    60     9.09 %             2            8
`);
  });

  it("writes the form of torch.nn.utils.prune with the weights as they were, and reads it as the plain form", () => {
    pruneFile(dense, { ...options, output: at("out.pt"), form: "torch-prune" });
    pruneFile(dense, { ...options, output: at("out.safetensors") });
    const [form, plain] = [readCheckpoint(at("out.pt")), readCheckpoint(at("out.safetensors"))];
    expect(form.mask?.keptCount("fc.weight")).toBe(6);
    for (const [name, array] of plain.tensors) expect(form.tensors.get(name)).toEqual(array);
    expect(readFileSync(at("out.pt")).includes(Buffer.from(fill([4, 3]).data.buffer))).toBe(true);
  });

  it("takes floating arrays of two dimensions that are not empty as layers, and no others", () => {
    const path = fixturePath("dtypes.pt");
    const floating = ["float32", "float64", "float16", "bfloat16"];
    const { layers } = pruneFile(path, { ...options, protect: ["none"], layers: floating });
    expect(layers.map(({ layer, kept }) => [layer, kept])).toEqual(floating.map((name) => [name, 3]));
    expect(() => pruneFile(path, { ...options, protect: ["none"] })).toThrow(
      "not taken for layers: float32 (it is not called weight), float64 (it is not called weight), ",
    );
  });

  it("keeps half types as they are, and prunes them by their exact values", () => {
    const half = write("half.pt", new Map([["w", fill([4, 3], "bfloat16")]]));
    const { notes } = pruneFile(half, { ...options, layers: ["w"], output: at("out.pt") });
    const { stored } = readCheckpoint(at("out.pt"));
    const kept = largest(fill([4, 3]).data, 6);
    const expected = Array.from(fill([4, 3], "bfloat16").data as Uint16Array, (bits, i) => (kept.has(i) ? bits : 0));
    expect(stored.get("w")).toEqual({ dtype: "bfloat16", shape: [4, 3], data: Uint16Array.from(expected) });
    expect(notes).toEqual(["1 arrays of float16 or bfloat16 are computed with as float32"]);
  });

  it("prunes further under a previous mask, from a file or in the checkpoint itself, of protected layers too", () => {
    const first = new Mask([
      ["conv.weight", { shape: [3, 2, 3, 3], keep: Uint8Array.from({ length: 54 }, (_, i) => i % 2) }],
      ["fc.weight", { shape: [4, 3], keep: Uint8Array.of(1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0) }],
    ]);
    writeFileSync(at("first.safetensors"), encodeSafetensors(first.toStateDict(), {}));
    const result = pruneFile(dense, {
      ...options,
      sparsity: 0.75,
      previous: at("first.safetensors"),
      maskOut: at("mask.safetensors"),
    });
    const { mask } = readMask(at("mask.safetensors"));
    expect(mask.isSubsetOf(first)).toBe(true);
    expect(result.layers.map(({ kept }) => kept)).toEqual([27, 3]);
    const again = pruneFile(fixturePath("pruned.pt"), {
      ...options,
      protect: [],
      sparsity: 0.8,
      maskOut: at("again.safetensors"),
    });
    expect(again.layers[0]?.kept).toBe(11);
    expect(readMask(at("again.safetensors")).mask.isSubsetOf(readMask(fixturePath("pruned.pt")).mask)).toBe(true);
    expect(() => pruneFile(fixturePath("pruned.pt"), { ...options, previous: at("first.safetensors") })).toThrow(
      /--previous: .*pruned\.pt has a mask of its own already/,
    );
  });

  it("keeps the largest weights of all layers together with a global allocation", () => {
    const result = pruneFile(dense, {
      ...options,
      protect: ["none"],
      allocation: "global",
      maskOut: at("mask.safetensors"),
    });
    const { mask } = readMask(at("mask.safetensors"));
    const all = ["conv.weight", "fc.weight"].flatMap((name) =>
      Array.from((network.get(name)?.data ?? []) as ArrayLike<number>, (w, i) => ({ name, i, size: Math.abs(w) })),
    );
    // Ties by the order of the layers, then by place: as a stable sort leaves them.
    const kept = all.toSorted((a, b) => b.size - a.size).slice(0, 33);
    for (const name of ["conv.weight", "fc.weight"]) {
      const expected = new Set(kept.filter((one) => one.name === name).map(({ i }) => i));
      expect([...mask.keep(name)], name).toEqual(Array.from(mask.keep(name), (_, i) => Number(expected.has(i))));
    }
    expect(result.total.kept).toBe(33);
    expect(pruneText(result)).toContain("magnitude, global, sparsity 0.5 of all unprotected layers together");
    expect(() => pruneFile(dense, { ...options, pruner: "random", allocation: "global" })).toThrow(
      "those of random cannot be compared across layers\n  hint: use uniform or erk",
    );
    expect(() => pruneFile(dense, { ...options, allocation: "globl" })).toThrow('did you mean "global"?');
  });

  it("says of which layers a previous mask says nothing", () => {
    const partial = new Mask([
      ["fc.weight", { shape: [4, 3], keep: Uint8Array.from({ length: 12 }, (_, i) => i % 2) }],
    ]);
    writeFileSync(at("partial.safetensors"), encodeSafetensors(partial.toStateDict(), {}));
    const { notes } = pruneFile(dense, { ...options, protect: ["none"], previous: at("partial.safetensors") });
    expect(notes).toContain(`${at("partial.safetensors")}: has no mask of conv.weight: dense so far`);
  });

  it("writes nothing that is not asked for, replaces nothing without --force, and gives equal bytes", () => {
    expect(pruneFile(dense, options).written).toEqual([]);
    pruneFile(dense, { ...options, output: at("out.pt") });
    const before = readFileSync(at("out.pt"));
    expect(() => pruneFile(dense, { ...options, sparsity: 0.9, output: at("out.pt") })).toThrow(
      `${at("out.pt")}: there is a file of this name already\n  hint: choose another name, or replace it with --force`,
    );
    expect(readFileSync(at("out.pt")).equals(before)).toBe(true);
    pruneFile(dense, { ...options, output: at("out.pt"), force: true });
    expect(readFileSync(at("out.pt")).equals(before)).toBe(true);
  });

  it.each<[string, Partial<PruneOptions>, RegExp]>([
    [
      "an unknown pruner",
      { pruner: "magnitud" },
      /pruner: expected the name of a pruner, got "magnitud"\n {2}hint: did you mean "magnitude"/,
    ],
    [
      "an unknown layer",
      { protect: ["fc.wieght"] },
      /--protect: expected the name of a layer, got "fc.wieght"\n {2}hint: did you mean "fc.weight"/,
    ],
    [
      "all layers protected",
      { protect: ["conv.weight", "last-linear"] },
      /has no unprotected layers.*\n {2}hint: .*--protect none/,
    ],
    [
      "a sparsity that keeps nothing",
      { sparsity: 0.99 },
      /state-dict\.pt: fc\.weight: sparsity 0\.99 of 12 weights keeps no weight/,
    ],
    ["another ending", { output: at("out.onnx") }, /out\.onnx: expected a name that ends in \.pt/],
    ["a mask as .pt", { maskOut: at("mask.pt") }, /mask\.pt: expected a name that ends in \.safetensors for the mask/],
    [
      "one name twice",
      { output: at("x.safetensors"), maskOut: at("x.safetensors") },
      /expected two names for the weights and the mask/,
    ],
    [
      "a previous mask of another network",
      { previous: fixturePath("views.pt") },
      /views\.pt: rows: expected a mask, only zeros and ones, got -1 \(float32\) at flat index 1/,
    ],
  ])("refuses %s and writes nothing", (_, changes, message) => {
    expect(() => pruneFile(dense, { ...options, output: at("out.pt"), ...changes })).toThrow(message);
    expect(["out.pt", "out.onnx", "mask.pt", "x.safetensors"].some((name) => existsSync(at(name)))).toBe(false);
  });
});
