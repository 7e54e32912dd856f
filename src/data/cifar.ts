import { join } from "node:path";
import { InternalError } from "../core/errors.ts";
import { damaged, readBytes } from "./read-file.ts";
import type { DataSetDefinition, DataSetFacts, ImageShape, Split } from "./types.ts";

/** What the files of one split must hold. */
export interface CifarExpectation {
  /** Images in all files together, equally many in each. */
  readonly count: number;
  readonly shape: ImageShape;
  /**
   * Classes of each label byte that precedes an image; the last byte is the label used. CIFAR-10 has one byte (10
   * classes), CIFAR-100 a coarse one (20) and then the fine one (100).
   */
  readonly labelBytes: readonly number[];
  /** How to get the files again, for the hints. */
  readonly obtain: string;
}

/**
 * Reads one split of the official binary version, strictly: a file is a sequence of records, each the label bytes and
 * then the red, green and blue plane of one image, row by row.
 * @param folder  where the files lie
 * @param files   names, in the order of the images
 * @returns       images [count, C, H, W] and (fine) labels [count]
 * @throws        InputError naming the file for a wrong number of bytes or a label out of range (also the coarse one)
 * @source        https://www.cs.toronto.edu/~kriz/cifar.html, "Binary version"
 */
export function readCifarSplit(folder: string, files: readonly string[], expected: CifarExpectation): Split {
  const pixels = expected.shape.reduce((product, n) => product * n, 1);
  const perFile = expected.count / files.length;
  if (!Number.isInteger(perFile))
    throw new InternalError(`readCifarSplit(): ${expected.count} images in ${files.length} files`);
  const images = new Uint8Array(expected.count * pixels);
  const labels = new Uint8Array(expected.count);
  const headLength = expected.labelBytes.length;
  const record = headLength + pixels;
  for (const [f, file] of files.entries()) {
    const path = join(folder, file);
    const bytes = readBytes(path, expected.obtain);
    checkSize(path, bytes.length, perFile, record, expected.obtain);
    for (let i = 0; i < perFile; i++) {
      const head = bytes.subarray(i * record, i * record + headLength);
      checkLabels(path, i, head, expected);
      labels[f * perFile + i] = head[headLength - 1] as number;
      images.set(bytes.subarray(i * record + headLength, (i + 1) * record), (f * perFile + i) * pixels);
    }
  }
  return { images, labels, count: expected.count };
}

/** A data set in CIFAR's binary version. */
export function cifarDataSet(
  facts: DataSetFacts,
  labelBytes: readonly number[],
  trainFiles: readonly string[],
  testFiles: readonly string[],
): DataSetDefinition {
  return {
    ...facts,
    layout: "cifar",
    files: [...trainFiles, ...testFiles],
    read: (folder) => ({
      train: readCifarSplit(folder, trainFiles, { ...facts, labelBytes, count: facts.train }),
      test: readCifarSplit(folder, testFiles, { ...facts, labelBytes, count: facts.test }),
    }),
  };
}

function checkSize(path: string, found: number, images: number, record: number, obtain: string): void {
  const size = images * record;
  if (found === size) return;
  const fault = found < size ? "truncated" : "too long";
  throw damaged(path, `${fault}: expected ${size} bytes (${images} images of ${record} bytes), found ${found}`, obtain);
}

function checkLabels(path: string, image: number, head: Uint8Array, expected: CifarExpectation): void {
  for (const [j, classes] of expected.labelBytes.entries()) {
    const label = head[j] as number;
    if (label < classes) continue;
    const which = j < head.length - 1 ? "a coarse label" : "a label";
    throw damaged(path, `image ${image}: expected ${which} in [0, ${classes}), got ${label}`, expected.obtain);
  }
}
