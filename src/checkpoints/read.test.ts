import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { StateDict } from "../core/array.ts";
import { encodeSafetensors } from "../core/safetensors.ts";
import { decodeCheckpoint, readCheckpoint } from "./read-checkpoint.ts";
import { readMask } from "./read-mask.ts";
import {
  arrayOf,
  contents,
  everyType,
  fill,
  fillValues,
  fixtureBytes,
  fixturePath,
  float16Value,
  network,
  networkMask,
} from "./torch.fixture.ts";
import { widened } from "./widen.ts";
import { ZipArchive } from "./zip-read.ts";
import { encodeZip } from "./zip-write.ts";

const temporary = mkdtempSync(join(tmpdir(), "sweepstake-checkpoints-"));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

function read(name: string, key?: string) {
  return readCheckpoint(fixturePath(name), key === undefined ? {} : { key });
}

describe("files that PyTorch has written", () => {
  it.each(["state-dict.pt", "protocol4.pt", "deflated.pt", "state-dict-legacy.pt"])("a state dict: %s", (name) => {
    const checkpoint = read(name);
    expect(contents(checkpoint.tensors)).toEqual(contents(network));
    expect(checkpoint.format).toBe(name.includes("legacy") ? "torch-legacy" : "torch-zip");
    expect(checkpoint.notes).toEqual([]);
    expect(checkpoint.mask).toBeUndefined();
  });

  it.each(["dtypes.pt", "dtypes-legacy.pt"])("every type, an empty tensor and one of rank 0: %s", (name) => {
    const { stored, tensors, notes } = read(name);
    expect(contents(stored)).toEqual(contents(everyType));
    for (const half of ["float16", "bfloat16"]) {
      expect(tensors.get(half)).toEqual(fill([2, 3]));
      expect(tensors.get("float64")).toBe(stored.get("float64"));
    }
    expect(notes).toEqual(["2 arrays of float16 or bfloat16 are computed with as float32"]);
  });

  it.each(["views.pt", "views-legacy.pt"])("views of one storage, with offsets and strides: %s", (name) => {
    const base = fillValues("float32", 24);
    const at = (i: number) => base[i] ?? Number.NaN;
    const image = fillValues("float32", 24);
    const expected: StateDict = new Map([
      [
        "transposed",
        arrayOf(
          [6, 4],
          Array.from({ length: 24 }, (_, i) => at((i % 4) * 6 + Math.floor(i / 4))),
        ),
      ],
      ["rows", arrayOf([2, 6], base.slice(6, 18))],
      [
        "everySecond",
        arrayOf(
          [4, 3],
          Array.from({ length: 12 }, (_, i) => at(2 * i)),
        ),
      ],
      ["channelsLast", arrayOf([2, 3, 2, 2], image)],
      [
        "expanded",
        arrayOf(
          [3, 4],
          [0, 1, 2].flatMap((i) => [at(i), at(i), at(i), at(i)]),
        ),
      ],
      ["tied", arrayOf([4, 6], base)],
    ]);
    expect(contents(read(name).tensors)).toEqual(contents(expected));
  });

  it.each(["checkpoint.pt", "checkpoint-legacy.pt"])(
    "the weights of a whole training's checkpoint, from DataParallel on a GPU: %s",
    (name) => {
      const { tensors, notes } = read(name);
      expect(contents(tensors)).toEqual(contents(network));
      expect(notes).toEqual([
        'weights are those at key "state_dict"',
        'left out of the names: "module." of DataParallel',
      ]);
    },
  );

  it("a file with the further entries of PyTorch 2", () => {
    const pickle = new ZipArchive(fixtureBytes("parameters.pt"), "parameters.pt");
    const entry = (name: string, text: string) => ({ name: `parameters/${name}`, bytes: Buffer.from(text) });
    const bytes = encodeZip([
      ...pickle.names.map((name) => ({ name, bytes: pickle.read(name) })),
      ...[entry(".format_version", "1"), entry(".storage_alignment", "64"), entry("byteorder", "little")],
      entry(".data/serialization_id", "1234"),
    ]);
    expect([...decodeCheckpoint(bytes, "x.pt").tensors.keys()]).toEqual(["w", "frozen"]);
  });

  it("parameters of a plain dict, trained or frozen", () => {
    const expected = new Map([
      ["w", fill([2, 3])],
      ["frozen", fill([2])],
    ]);
    expect(contents(read("parameters.pt").tensors)).toEqual(contents(expected));
  });

  it("the form of torch.nn.utils.prune: weights under their mask, and the mask", () => {
    const { tensors, mask, notes } = read("pruned.pt");
    expect(new Map(contents(tensors) as [])).toEqual(new Map(contents(networkMask.apply(network)) as []));
    expect(mask?.toStateDict()).toEqual(networkMask.toStateDict());
    expect(notes).toHaveLength(1);
    expect(readMask(fixturePath("pruned.pt")).mask.toStateDict()).toEqual(networkMask.toStateDict());
  });

  it("a dictionary that --key names, and the refusal that lists them", () => {
    expect(contents(read("two-networks.pt", "b").tensors)).toEqual(contents(new Map([["w", fill([3])]])));
    expect(() => read("two-networks.pt")).toThrow(
      /two-networks\.pt: holds several dictionaries of tensors: a \(1 entries\), b \(1 entries\)\n {2}hint: say which one: FILE#NAME or --key NAME$/,
    );
    expect(() => read("two-networks.pt", "c")).toThrow(
      /has no dictionary of tensors at key "c"\n {2}hint: .*"a" or "b"/,
    );
  });

  it("nothing of a whole model, because that would run its code", () => {
    expect(() => read("whole-model.pt")).toThrow(
      /whole-model\.pt: expected a dictionary of tensors, got an object of "torch\.nn\.modules\.linear\.Linear"\n {2}hint: only weights are read, never code.*torch\.save\(model\.state_dict\(\)/,
    );
  });
});

describe("safetensors", () => {
  it("are known by their content, whatever the file is called", () => {
    const path = join(temporary, "weights.pt");
    writeFileSync(path, encodeSafetensors(network, {}));
    const { tensors, format } = readCheckpoint(path);
    expect(new Map(contents(tensors) as [])).toEqual(new Map(contents(network) as []));
    expect(format).toBe("safetensors");
  });

  it("of a training's checkpoint give its weights alone", () => {
    const file: StateDict = new Map([
      ...[...network].map(([name, array]) => [`weights.${name}`, array] as const),
      ["momenta.fc.weight", fill([4, 3])],
    ]);
    const { tensors } = decodeCheckpoint(encodeSafetensors(file, { format: "sweepstake-checkpoint-1" }), "x");
    expect(new Map(contents(tensors) as [])).toEqual(new Map(contents(network) as []));
  });

  it("have no keys to choose from", () => {
    const { tensors, notes } = decodeCheckpoint(encodeSafetensors(network, {}), "x", { key: "model" });
    expect(tensors.size).toBe(network.size);
    expect(notes).toEqual([
      '--key is not used: no name begins with "model.", and a safetensors file has no dictionaries',
    ]);
  });
});

describe("widening to float32", () => {
  it("is exact for every float16", () => {
    const bits = Uint16Array.from({ length: 0x10000 }, (_, i) => i);
    const array = widened(new Map([["h", { dtype: "float16", shape: [0x10000], data: bits }]])).get("h");
    for (let i = 0; i < 0x10000; i++) {
      const magnitude = i & 0x7fff;
      const expected =
        magnitude < 0x7c00 ? float16Value(magnitude) : magnitude === 0x7c00 ? Number.POSITIVE_INFINITY : Number.NaN;
      if (!Object.is(array?.data[i], i < 0x8000 ? expected : -expected)) expect(array?.data[i]).toBe(expected);
    }
    expect(array?.dtype).toBe("float32");
  });

  it("is exact for bfloat16: the upper half of a float32", () => {
    const bits = Uint16Array.of(0x3f80, 0xc020, 0x7f80, 0x0001, 0x8000);
    const array = widened(new Map([["b", { dtype: "bfloat16", shape: [5], data: bits }]])).get("b");
    expect([...(array?.data ?? [])]).toEqual([1, -2.5, Number.POSITIVE_INFINITY, 2 ** -133, -0]);
  });
});

describe("what is no checkpoint", () => {
  it.each([
    ["an empty file", Buffer.alloc(0), "expected a file of torch.save or safetensors, got an empty one"],
    ["text", Buffer.from("name: resnet20\n"), "expected a file of torch.save or safetensors, got neither"],
    [
      "HDF5",
      Buffer.from("\x89HDF\r\n\x1a\n0000", "latin1"),
      "expected a file of torch.save or safetensors, got neither",
    ],
    [
      "a plain pickle",
      Buffer.from("\x80\x04N.", "latin1"),
      "expected a file of torch.save or safetensors, got another pickle",
    ],
  ])("%s is refused with what is read", (_, bytes, message) => {
    expect(() => decodeCheckpoint(bytes, "x.pt")).toThrow(`x.pt: ${message}\n  hint: `);
  });

  it("a byte behind the old format, and another version of it", () => {
    const bytes = fixtureBytes("state-dict-legacy.pt");
    expect(() => decodeCheckpoint(Buffer.concat([bytes, Buffer.alloc(1)]), "x.pt")).toThrow(
      `x.pt: expected the end of the file at byte ${bytes.length}, got ${bytes.length + 1} bytes`,
    );
    // The version, 1001, is the second pickle: 15 bytes, then its protocol and opcode.
    bytes.writeUInt16LE(1002, 18);
    expect(() => decodeCheckpoint(bytes, "x.pt")).toThrow(
      "x.pt: expected version 1001 of the old format of torch.save",
    );
  });

  it("a missing file, and a folder", () => {
    expect(() => readCheckpoint(join(temporary, "none.pt"))).toThrow(/none\.pt: cannot be read: ENOENT/);
    mkdirSync(join(temporary, "folder.pt"));
    expect(() => readCheckpoint(join(temporary, "folder.pt"))).toThrow(/folder\.pt: expected a file, got a folder/);
  });

  it("weights are no mask: every array with another value than 0 and 1 is named", () => {
    expect(() => readMask(fixturePath("two-networks.pt"))).toThrow(/a\.w: expected a mask, only zeros and ones/);
    expect(() => readMask(fixturePath("parameters.pt"))).toThrow(
      /parameters\.pt: w: expected a mask, only zeros and ones, got -1\.375 \(float32\) at flat index 0$/m,
    );
    const mixed = new Map([
      ["a", arrayOf([3], [0, 1, 0.5])],
      ["b", arrayOf([2], [0, 1])],
      ["c", arrayOf([2], [1, 2], "int64")],
      ["d", arrayOf([2], [0, Number.NaN])],
    ]);
    const file = join(temporary, "mixed.safetensors");
    writeFileSync(file, encodeSafetensors(mixed, {}));
    expect(() => readMask(file)).toThrow(
      [
        `${file}: c: expected a mask, only zeros and ones, got 2 (int64) at flat index 1`,
        `${file}: a: expected a mask, only zeros and ones, got 0.5 (float32) at flat index 2`,
        `${file}: d: expected a mask, only zeros and ones, got NaN (float32) at flat index 1`,
      ].join("\n"),
    );
  });
});

describe("a mask", () => {
  it.each(["bool", "uint8", "int32", "int64", "float16", "bfloat16", "float32", "float64"] as const)(
    "is read from zeros and ones of type %s",
    (dtype) => {
      const file = join(temporary, `mask-${dtype}.safetensors`);
      const keep = [0, 1, 1, 0, 0, 1];
      writeFileSync(file, encodeSafetensors(new Map([["conv1.weight", arrayOf([2, 3], keep, dtype)]]), {}));
      expect(readMask(file).mask.toStateDict()).toEqual(new Map([["conv1.weight", arrayOf([2, 3], keep, "bool")]]));
    },
  );
});

it("keeps a file's own bytes untouched by what is done with its arrays", () => {
  const bytes = fixtureBytes("pruned.pt");
  const before = Buffer.from(bytes);
  decodeCheckpoint(bytes, "pruned.pt");
  expect(bytes.equals(before)).toBe(true);
});
