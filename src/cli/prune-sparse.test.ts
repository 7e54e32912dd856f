import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { readMask } from "../checkpoints/read-mask.ts";
import { fixturePath, network } from "../checkpoints/torch.fixture.ts";
import { checkpointEncoder } from "../checkpoints/write-checkpoint.ts";
import type { StateDict } from "../core/array.ts";
import { encodeSafetensors } from "../core/safetensors.ts";
import { compareFiles } from "./compare-files.ts";
import { type PruneOptions, pruneFile } from "./prune-file.ts";

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
const _dense = fixturePath("state-dict.pt");

function write(name: string, state: StateDict): string {
  writeFileSync(at(name), checkpointEncoder(name)(state));
  return at(name);
}

describe("pruning what is sparse already", () => {
  /** 24 weights, 0 where `isZero`, else all different. */
  const sparse = (isZero: (i: number) => boolean) => {
    const data = Float32Array.from({ length: 24 }, (_, i) => (isZero(i) ? 0 : (i + 1) * (i % 2 === 0 ? 0.1 : -0.1)));
    return write("sparse.pt", new Map([["fc.weight", { dtype: "float32", shape: [4, 6], data }]]));
  };
  const free = { ...options, protect: ["none"], maskOut: at("mask.safetensors") };

  it.each(["magnitude", "random"])("no mask keeps a zero, whatever is asked for: %s", (pruner) => {
    const isZero = (i: number) => i % 4 !== 0; // 18 of 24
    for (const [sparsity, kept] of [
      [0, 6],
      [0.5, 6],
      [0.75, 6],
      [0.875, 3],
    ] as const) {
      const result = pruneFile(sparse(isZero), { ...free, pruner, sparsity, force: true });
      expect(result.layers[0]).toMatchObject({ kept, zeros: { before: 18, after: 24 - kept } });
      expect(result.notes.some((note) => note.includes("75.00 % of fc.weight are 0 already"))).toBe(sparsity < 0.75);
      const keep = readMask(at("mask.safetensors")).mask.keep("fc.weight");
      expect([...keep].filter((bit, i) => bit === 1 && isZero(i))).toEqual([]);
    }
  });

  it("few zeros are among the first to go", () => {
    const result = pruneFile(
      sparse((i) => i > 20),
      { ...free, sparsity: 0.5, force: true },
    );
    expect(result.layers[0]).toMatchObject({ kept: 12, zeros: { before: 3, after: 12 } });
    // The twelve largest of 0.1, 0.2, … 2.1 are the last twelve that are not 0.
    const keep = readMask(at("mask.safetensors")).mask.keep("fc.weight");
    expect([...keep].map((bit, i) => (bit === 1 ? i : -1)).filter((i) => i >= 0)).toEqual(
      Array.from({ length: 12 }, (_, i) => i + 9),
    );
  });

  it("numbers that are none are named where nothing is pruned, too", () => {
    const bad = new Map([
      ...network,
      ["bn.running_var", { dtype: "float32", shape: [3], data: Float32Array.of(1, Number.NaN, 1) } as const],
    ]);
    expect(pruneFile(write("nan.pt", bad), options).notes).toContain("NaN or infinity in bn.running_var");
  });
});

describe("the order of a file's layers", () => {
  const convs = (names: readonly string[]): StateDict =>
    new Map(
      names.map((name, i) => [
        `${name}.weight`,
        { dtype: "float32", shape: [2, 1, 2, 2], data: Float32Array.from({ length: 8 }, (_, j) => j + i + 1) },
      ]),
    );
  const model = ["stem", "blocks", "aux"];

  it("is that of a .pt and of our own safetensors, and none of another's: then a role is asked for", () => {
    const first = (path: string) => pruneFile(path, options).layers.find((layer) => layer.protected)?.layer;
    expect(first(write("net.pt", convs(model)))).toBe("stem.weight");
    expect(first(write("own.safetensors", convs(model)))).toBe("stem.weight");
    const foreign = at("foreign.safetensors");
    writeFileSync(foreign, encodeSafetensors(convs(model), { format: "pt" }));
    expect(() => first(foreign)).toThrow("first-conv may be any of aux.weight, blocks.weight, stem.weight");
    expect(
      pruneFile(foreign, { ...options, protect: ["stem.weight"] }).layers.filter((layer) => layer.protected),
    ).toHaveLength(1);
    const single = at("single.safetensors");
    writeFileSync(single, encodeSafetensors(new Map([...convs(["only"]), ...convs(["x"])].slice(0, 1)), {}));
    expect(() => pruneFile(single, options)).toThrow("has no unprotected layers");
  });

  it("decides in a comparison wherever it comes from, so that a, b and b, a are the same", () => {
    const [pt, foreign] = [write("net.pt", convs(model)), at("foreign.safetensors")];
    writeFileSync(foreign, encodeSafetensors(convs(["stem", "blocks", "aux"]), {}));
    const p = { p: [0.5], protect: ["first-conv"] };
    const [there, back] = [compareFiles(pt, foreign, p), compareFiles(foreign, pt, p)];
    expect([...there.layers].sort()).toEqual(["aux.weight", "blocks.weight"]);
    expect([...back.layers].sort()).toEqual(["aux.weight", "blocks.weight"]);
    const other = write("other.pt", convs(["aux", "stem", "blocks"]));
    expect(() => compareFiles(pt, other, p)).toThrow("means other layers in");
  });
});
