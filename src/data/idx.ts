import { join } from "node:path";
import { damaged, plainOrGzipped, readBytes } from "./read-file.ts";
import type { DataSetDefinition, DataSetFacts, ImageShape, Split } from "./types.ts";

/**
 * The idx format: a big-endian magic number (two zero bytes, the element type, 8 for unsigned bytes, and the number of
 * dimensions), one 32-bit size per dimension, then the elements in row-major order.
 * @source LeCun et al., "The MNIST database of handwritten digits", file formats
 */
const imageMagic = 0x00000803;
const labelMagic = 0x00000801;

/** What an idx pair of files must hold. */
export interface IdxExpectation {
  readonly count: number;
  readonly shape: ImageShape;
  readonly classes: number;
  /** How to get the files again, for the hints. */
  readonly obtain: string;
}

/**
 * Reads one split from two idx files, plain or gzipped, strictly.
 * @param folder  where they lie
 * @param images  name of the image file without `.gz`, e.g. `train-images-idx3-ubyte`
 * @param labels  name of the label file without `.gz`
 * @returns       images [count, 1, H, W] and labels [count]
 * @throws        InputError naming the file for a wrong magic number, sizes, number of bytes or label, or damaged gzip data
 */
export function readIdxSplit(folder: string, images: string, labels: string, expected: IdxExpectation): Split {
  const [, height, width] = expected.shape;
  return {
    images: readIdx(join(folder, images), imageMagic, [expected.count, height, width], expected.obtain),
    labels: readLabels(join(folder, labels), expected),
    count: expected.count,
  };
}

/** A data set in four idx files with MNIST's names. */
export function idxDataSet(facts: DataSetFacts): DataSetDefinition {
  const train = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"] as const;
  const test = ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"] as const;
  return {
    ...facts,
    layout: "idx",
    files: [...train, ...test],
    read: (folder) => ({
      train: readIdxSplit(folder, ...train, { ...facts, count: facts.train }),
      test: readIdxSplit(folder, ...test, { ...facts, count: facts.test }),
    }),
  };
}

function readLabels(path: string, expected: IdxExpectation): Uint8Array {
  const labels = readIdx(path, labelMagic, [expected.count], expected.obtain);
  const bad = labels.findIndex((label) => label >= expected.classes);
  if (bad >= 0) {
    const message = `image ${bad}: expected a label in [0, ${expected.classes}), got ${labels[bad] ?? ""}`;
    throw damaged(plainOrGzipped(path) ?? path, message, expected.obtain);
  }
  return labels;
}

function readIdx(name: string, magic: number, shape: readonly number[], obtain: string): Uint8Array {
  const path = plainOrGzipped(name) ?? name;
  const bytes = readBytes(path, obtain);
  const header = 4 + 4 * shape.length;
  const size = header + shape.reduce((product, n) => product * n, 1);
  // A file too short for its header says so before its missing fields are judged.
  if (bytes.length < header) throw damaged(path, `truncated: ${sizes(path, size, bytes.length)}`, obtain);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = view.getUint32(0);
  if (found !== magic) {
    const kind = magic === imageMagic ? "images" : "labels";
    throw damaged(path, `expected the magic number ${hex(magic)} of idx ${kind}, got ${hex(found)}`, obtain);
  }
  const declared = shape.map((_, i) => view.getUint32(4 + 4 * i));
  if (declared.some((n, i) => n !== shape[i]))
    throw damaged(path, `expected the size ${shape.join(" x ")}, the header says ${declared.join(" x ")}`, obtain);
  if (bytes.length !== size) {
    const fault = bytes.length < size ? "truncated" : "too long";
    throw damaged(path, `${fault}: ${sizes(path, size, bytes.length)}`, obtain);
  }
  return new Uint8Array(bytes.buffer, bytes.byteOffset + header, size - header);
}

function sizes(path: string, expected: number, found: number): string {
  return `expected ${expected} bytes${path.endsWith(".gz") ? " after unpacking" : ""}, found ${found}`;
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, "0")}`;
}
