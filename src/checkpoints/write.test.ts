import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { HostArray, StateDict } from "../core/array.ts";
import { InputError } from "../core/errors.ts";
import { Mask } from "../masks/mask.ts";
import { toPruneForm } from "./prune-form.ts";
import { decodeCheckpoint } from "./read-checkpoint.ts";
import { contents, everyType, fill, fixtureBytes, network, networkMask } from "./torch.fixture.ts";
import { encodeTorch } from "./torch-write.ts";
import { checkpointEncoder } from "./write-checkpoint.ts";

describe("a state dict that we write", () => {
  // PyTorch 1.13 has loaded these very bytes: scripts/make-checkpoint-fixtures.py --check.
  it.each([
    ["written.pt", network],
    ["written-pruned.pt", toPruneForm(network, networkMask)],
    ["written-dtypes.pt", everyType],
  ])("is the file that PyTorch has been seen to load: %s", (name, state) => {
    expect(encodeTorch(state).equals(fixtureBytes(name))).toBe(true);
  });

  it("is read back in its order, every type, rank 0 and empty arrays included", () => {
    expect(contents(decodeCheckpoint(encodeTorch(everyType), "x.pt").stored)).toEqual(contents(everyType));
    const turned = new Map([...network].reverse());
    expect(contents(decodeCheckpoint(encodeTorch(turned), "x.pt").tensors)).toEqual(contents(turned));
  });

  it("is read back whatever the names, shapes and bits", () => {
    const array = fc
      .array(fc.nat({ max: 4 }), { maxLength: 4 })
      .chain((shape) =>
        fc
          .array(fc.nat({ max: 2 ** 32 - 1 }), { minLength: size(shape), maxLength: size(shape) })
          .map(
            (words): HostArray => ({ dtype: "float32", shape, data: new Float32Array(Uint32Array.from(words).buffer) }),
          ),
      );
    const name = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => !/_orig$|_mask$|^module\./.test(text));
    fc.assert(
      fc.property(fc.array(fc.tuple(name, array), { minLength: 1, maxLength: 5 }), (entries) => {
        const state: StateDict = new Map(entries);
        const back = decodeCheckpoint(encodeTorch(state), "x.pt").tensors;
        expect([...back.keys()]).toEqual([...state.keys()]);
        for (const [key, { shape, data }] of state) {
          expect(back.get(key)?.shape).toEqual(shape);
          expect(
            Buffer.from(
              new Uint8Array(
                back.get(key)?.data.buffer ?? new ArrayBuffer(0),
                back.get(key)?.data.byteOffset,
                data.byteLength,
              ),
            ),
          ).toEqual(Buffer.from(data.buffer));
        }
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it("starts the elements of every tensor at a multiple of 64 bytes, as torch.save does", () => {
    const file = encodeTorch(
      new Map([["w", { dtype: "uint8", shape: [5], data: Uint8Array.of(201, 202, 203, 204, 205) }]]),
    );
    expect(file.indexOf(Uint8Array.of(201, 202, 203, 204, 205)) % 64).toBe(0);
  });
});

describe("the form of torch.nn.utils.prune", () => {
  it("gives back the weights under the mask, and the mask, in both file formats and in every floating type", () => {
    for (const dtype of ["float32", "float64", "float16", "bfloat16"] as const) {
      const state = new Map([
        ["fc.weight", fill([2, 3], dtype)],
        ["fc.bias", fill([2], dtype)],
      ]);
      const mask = new Mask([["fc.weight", { shape: [2, 3], keep: Uint8Array.of(1, 0, 0, 1, 1, 0) }]]);
      const form = toPruneForm(state, mask);
      expect([...form.keys()]).toEqual(["fc.weight_orig", "fc.weight_mask", "fc.bias"]);
      expect(form.get("fc.weight_mask")?.dtype).toBe(dtype);
      for (const name of ["x.pt", "x.safetensors"]) {
        const back = decodeCheckpoint(checkpointEncoder(name)(form), name);
        expect(new Map(contents(back.stored) as [])).toEqual(new Map(contents(mask.apply(state)) as []));
        expect(back.mask?.toStateDict()).toEqual(mask.toStateDict());
      }
    }
  });

  it("refuses a mask of other values or another shape, and a weight that is there twice, all at once", () => {
    const state: StateDict = new Map([
      ["a_orig", fill([2])],
      ["a_mask", fill([2])],
      ["b_orig", fill([2])],
      ["b_mask", fill([3])],
      ["c_orig", fill([2])],
      ["c_mask", fill([2])],
      ["c", fill([2])],
    ]);
    expect(() => decodeCheckpoint(encodeTorch(state), "x.pt")).toThrow(
      new InputError([
        { where: "x.pt: a_mask", message: "expected mask values 0 and 1, got others" },
        { where: "x.pt: b_mask", message: "expected shape [2] as of its weights, got [3]" },
        { where: "x.pt: c", message: "is there beside c_orig: two values" },
      ]),
    );
  });

  it("leaves names alone that only end like it", () => {
    const state: StateDict = new Map([
      ["a_orig", fill([2])],
      ["b_mask", fill([2])],
    ]);
    const back = decodeCheckpoint(encodeTorch(state), "x.pt");
    expect([...back.tensors.keys()]).toEqual(["a_orig", "b_mask"]);
    expect(back.mask).toBeUndefined();
  });
});

describe("the name of a file to write", () => {
  it.each(["a.pt", "a.PT", "a.pth", "a.pth.tar", "a.ckpt", "a.bin"])("may be %s, for a file of torch.save", (name) => {
    expect(checkpointEncoder(name)(new Map()).subarray(0, 2).toString()).toBe("PK");
  });

  it("must end in a known way", () => {
    expect(() => checkpointEncoder("out/net.onnx")).toThrow(
      'out/net.onnx: expected a name that ends in .pt, .pth, .pth.tar, .ckpt, .bin, .safetensors, got ".onnx"\n  hint: the ending says which format is written',
    );
  });
});

function size(shape: readonly number[]): number {
  return shape.reduce((n, length) => n * length, 1);
}
