import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DType, elementCount, type HostArray, itemBytes, type StateDict } from "./array.ts";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";

/** A file as another program may write it: any header text, no padding, any data. */
function file(header: string, data: Uint8Array | number[]): Buffer {
  const text = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeUInt32LE(text.length);
  return Buffer.concat([length, text, Uint8Array.from(data)]);
}

function view(dtype: DType, shape: readonly number[], bytes: Uint8Array<ArrayBuffer>): HostArray {
  const { buffer } = bytes;
  switch (dtype) {
    case "float32":
      return { dtype, shape, data: new Float32Array(buffer) };
    case "float64":
      return { dtype, shape, data: new Float64Array(buffer) };
    case "float16":
    case "bfloat16":
      return { dtype, shape, data: new Uint16Array(buffer) };
    case "int64":
      return { dtype, shape, data: new BigInt64Array(buffer) };
    case "int32":
      return { dtype, shape, data: new Int32Array(buffer) };
    case "int16":
      return { dtype, shape, data: new Int16Array(buffer) };
    case "int8":
      return { dtype, shape, data: new Int8Array(buffer) };
    default:
      return { dtype, shape, data: bytes };
  }
}

function rawBytes({ data }: HostArray): number[] {
  return [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];
}

const dtypes = Object.keys(itemBytes) as DType[];

/** Any type, rank 0 to 4, empty ones included, any bit pattern (also every NaN). */
const anyArray: fc.Arbitrary<HostArray> = fc
  .record({ dtype: fc.constantFrom(...dtypes), shape: fc.array(fc.nat({ max: 4 }), { maxLength: 4 }) })
  .chain(({ dtype, shape }) => {
    const length = elementCount(shape) * itemBytes[dtype];
    return fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((bytes) => view(dtype, shape, new Uint8Array(bytes)));
  });
const anyName = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("", "__proto__", "constructor", "0", '"', "\\", "größe"),
);
const anyState: fc.Arbitrary<StateDict> = fc
  .array(fc.tuple(anyName, anyArray), { maxLength: 6 })
  .map((all) => new Map(all));
const anyMetadata = fc.array(fc.tuple(anyName, anyName), { maxLength: 4 }).map((all) => Object.fromEntries(all));

describe("encodeSafetensors", () => {
  it("writes exactly these bytes", () => {
    const tensors: StateDict = new Map<string, HostArray>([
      ["b", { dtype: "bool", shape: [3], data: Uint8Array.of(1, 0, 1) }],
      ["a", { dtype: "float32", shape: [1, 2], data: Float32Array.of(1, -2) }],
    ]);
    const header =
      '{"__metadata__":{"k":"1","z":"2"},' +
      '"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},' +
      '"b":{"dtype":"BOOL","shape":[3],"data_offsets":[8,11]}}';
    const expected = file(header.padEnd(144, " "), [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 1, 0, 1]);
    expect(encodeSafetensors(tensors, { z: "2", k: "1" }).toString("latin1")).toBe(expected.toString("latin1"));
  });

  it("gives equal bytes for equal content in any order", () => {
    fc.assert(
      fc.property(anyState, anyMetadata, (tensors, metadata) => {
        const reversed = new Map([...tensors].reverse());
        const turned = Object.fromEntries(Object.entries(metadata).reverse());
        expect(encodeSafetensors(reversed, turned).equals(encodeSafetensors(tensors, metadata))).toBe(true);
      }),
      { seed: 1 },
    );
  });

  it("aligns the data of every tensor to its element size", () => {
    fc.assert(
      fc.property(anyState, (tensors) => {
        const bytes = new Uint8Array(encodeSafetensors(tensors, {}));
        for (const { data, dtype } of decodeSafetensors(bytes, "x").tensors.values()) {
          // Only an aligned tensor can be a view of the file, so being one shows the alignment.
          expect(data.buffer === bytes.buffer && data.byteOffset % itemBytes[dtype] === 0).toBe(true);
        }
      }),
      { seed: 2 },
    );
  });

  it("reads an array that is a part of a larger buffer", () => {
    const data = Float32Array.of(9, 1, 2, 9).subarray(1, 3);
    const bytes = encodeSafetensors(new Map([["w", { dtype: "float32", shape: [2], data }]]), {});
    expect(decodeSafetensors(bytes, "x").tensors.get("w")?.data).toEqual(Float32Array.of(1, 2));
  });

  it("refuses the name that the format keeps for itself", () => {
    const array: HostArray = { dtype: "uint8", shape: [0], data: new Uint8Array() };
    expect(() => encodeSafetensors(new Map([["__metadata__", array]]), {})).toThrow(
      'tensor "__metadata__": expected another name: safetensors keeps "__metadata__" for itself\n  hint: rename the parameter',
    );
  });

  it("refuses an array that does not fill its shape", () => {
    const array: HostArray = { dtype: "uint8", shape: [2, 3], data: new Uint8Array(5) };
    expect(() => encodeSafetensors(new Map([["w", array]]), {})).toThrow(
      'encodeSafetensors(): tensor "w" has 5 elements, its shape [2, 3] says 6',
    );
  });
});

describe("decodeSafetensors", () => {
  it("gives back what was encoded: names, types, shapes, every bit, metadata", () => {
    fc.assert(
      fc.property(anyState, anyMetadata, (tensors, metadata) => {
        const back = decodeSafetensors(encodeSafetensors(tensors, metadata), "x");
        expect(back.metadata).toEqual(metadata);
        expect(back.tensors.size).toBe(tensors.size);
        for (const [name, array] of tensors) {
          const found = back.tensors.get(name);
          expect(found?.dtype).toBe(array.dtype);
          expect(found?.shape).toEqual(array.shape);
          expect(found === undefined ? undefined : rawBytes(found)).toEqual(rawBytes(array));
          expect(found?.data.constructor).toBe(array.data.constructor);
        }
      }),
      { seed: 3, numRuns: 300 },
    );
  });

  it("reads files of others: no padding, other order of keys, data that is not aligned", () => {
    const header =
      '{"u":{"data_offsets":[0,1],"shape":[1],"dtype":"U8"}, "f":{"dtype":"F32","shape":[],"data_offsets":[1,5]}}';
    const { tensors, metadata } = decodeSafetensors(file(header, [7, 0, 0, 0x80, 0x3f]), "x");
    expect(metadata).toEqual({});
    expect([...tensors]).toEqual([
      ["u", { dtype: "uint8", shape: [1], data: Uint8Array.of(7) }],
      ["f", { dtype: "float32", shape: [], data: Float32Array.of(1) }],
    ]);
  });

  it("reads a header that is padded with spaces, and a file without tensors", () => {
    expect(decodeSafetensors(file("{}      ", []), "x")).toEqual({ tensors: new Map(), metadata: {}, skipped: [] });
  });

  it("leaves out tensors of types that it does not read, by name, and reads those beside them", () => {
    const entry = (dtype: string, begin: number, end: number) => ({ dtype, shape: [2], data_offsets: [begin, end] });
    const header = JSON.stringify({
      c: entry("C64", 0, 16),
      u: entry("U16", 16, 20),
      f: entry("F8_E4M3", 20, 22),
      a: entry("I8", 22, 24),
    });
    const bytes = [...Array.from({ length: 22 }, () => 7), 1, 255];
    const { tensors, skipped } = decodeSafetensors(file(header, bytes), "x");
    expect([...tensors.keys()]).toEqual(["a"]);
    expect(tensors.get("a")?.data).toEqual(Int8Array.of(1, -1));
    expect(skipped).toEqual(["c (C64)", "u (U16)", "f (F8_E4M3)"]);
  });

  it("reads empty tensors wherever they lie between others", () => {
    const header =
      '{"z":{"dtype":"I64","shape":[0,5],"data_offsets":[1,1]},"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1]},' +
      '"b":{"dtype":"I8","shape":[1],"data_offsets":[1,2]},"e":{"dtype":"F64","shape":[0],"data_offsets":[2,2]}}';
    const { tensors } = decodeSafetensors(file(header, [1, 255]), "x");
    expect([...tensors.keys()]).toEqual(["a", "z", "b", "e"]);
    expect(tensors.get("b")?.data).toEqual(Int8Array.of(-1));
    expect(tensors.get("z")).toEqual({ dtype: "int64", shape: [0, 5], data: new BigInt64Array() });
  });
});
