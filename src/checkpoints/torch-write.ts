import type { DType, HostArray, StateDict } from "../core/array.ts";
import { encodeZip } from "./zip-write.ts";

/** Version of the zip format of torch.save: the value of PyTorch 1.6 and later. */
const FORMAT_VERSION = "3\n";

const storageClasses: Readonly<Record<DType, string>> = {
  float32: "FloatStorage",
  float64: "DoubleStorage",
  float16: "HalfStorage",
  bfloat16: "BFloat16Storage",
  int64: "LongStorage",
  int32: "IntStorage",
  int16: "ShortStorage",
  int8: "CharStorage",
  uint8: "ByteStorage",
  bool: "BoolStorage",
};

/**
 * A state dict as torch.save writes it (zip format, pickle protocol 2): an OrderedDict of contiguous tensors of the CPU,
 * each with a storage of its own. torch.load reads it, also with `weights_only=True`. Equal states in equal order give
 * equal bytes; the order is that of `state`.
 * @throws InputError when it would reach 4 GiB
 */
export function encodeTorch(state: StateDict): Buffer {
  const arrays = [...state];
  return encodeZip([
    { name: "archive/data.pkl", bytes: pickled(arrays) },
    { name: "archive/byteorder", bytes: Buffer.from("little") },
    ...arrays.map(([, { data }], i) => ({
      name: `archive/data/${i}`,
      bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    })),
    { name: "archive/version", bytes: Buffer.from(FORMAT_VERSION) },
  ]);
}

const PROTOCOL_2 = Buffer.of(0x80, 2);
const EMPTY_ORDERED_DICT = Buffer.from("ccollections\nOrderedDict\n)R");
const FALSE = Buffer.of(0x89);

function pickled(arrays: readonly (readonly [string, HostArray])[]): Buffer {
  const items = arrays.flatMap(([name, array], i) => [text(name), ...tensor(array, String(i))]);
  return Buffer.concat([PROTOCOL_2, EMPTY_ORDERED_DICT, Buffer.from("("), ...items, Buffer.from("u.")]);
}

/** `_rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict())` */
function tensor({ dtype, shape, data }: HostArray, key: string): Buffer[] {
  const storageId = [
    text("storage"),
    global("torch", storageClasses[dtype]),
    text(key),
    text("cpu"),
    whole(data.length),
  ];
  return [
    global("torch._utils", "_rebuild_tensor_v2"),
    ...tuple([
      ...[...tuple(storageId), Buffer.from("Q")],
      ...[whole(0), ...dimensions(shape), ...dimensions(strides(shape))],
      ...[FALSE, EMPTY_ORDERED_DICT],
    ]),
    Buffer.from("R"),
  ];
}

function strides(shape: readonly number[]): number[] {
  const result: number[] = [];
  let step = 1;
  for (const length of shape.toReversed()) {
    result.unshift(step);
    step *= Math.max(1, length);
  }
  return result;
}

function dimensions(sizes: readonly number[]): Buffer[] {
  return tuple(sizes.map(whole));
}

function tuple(items: readonly Buffer[]): Buffer[] {
  return [Buffer.from("("), ...items, Buffer.from("t")];
}

function global(module: string, name: string): Buffer {
  return Buffer.from(`c${module}\n${name}\n`);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, "utf8");
  const head = Buffer.from("X0000");
  head.writeUInt32LE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/** A whole number from 0: BININT up to 31 bits, above it LONG1 with 8 bytes. */
function whole(value: number): Buffer {
  if (value < 2 ** 31) {
    const bytes = Buffer.from("J0000");
    bytes.writeInt32LE(value, 1);
    return bytes;
  }
  const bytes = Buffer.of(0x8a, 8, ...new Array<number>(8).fill(0));
  bytes.writeBigInt64LE(BigInt(value), 2);
  return bytes;
}
