import { closeSync, openSync, readSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { InputError } from "../../core/errors.ts";
import type { DataSetDefinition, Split } from "../types.ts";
import { type ImportRecord, importedFiles, readRecord } from "./record.ts";

/** What a spec's `data.name` is once its source has been imported. */
export const IMPORTED = "imported";

/**
 * The data set in an import's folder. Its name is the same for all, so that results belong to the images and labels alone.
 * @throws InputError when there is no import
 */
export function importedDataSet(path: string | undefined): DataSetDefinition {
  const record = path === undefined ? undefined : readRecord(path);
  if (path === undefined || record === undefined)
    throw new InputError({
      where: "data.path",
      message: `expected the folder of an imported data set, got ${path ?? "none"}`,
      hint: "import it with `sweepstake data import`; `sweepstake data list` shows what is there",
    });
  return {
    name: IMPORTED,
    title: record.source.place,
    classes: record.classNames.length,
    classNames: record.classNames,
    shape: record.shape,
    train: record.train,
    test: record.test,
    content: record.content,
    folder: basename(resolve(path)),
    packaged: resolve(path),
    obtain: "Import the data again: sweepstake data import",
    layout: "imported",
    files: importedFiles(record.content),
    read: (folder) => readParts(folder, record),
  };
}

function readParts(folder: string, record: ImportRecord) {
  const [trainImages, trainLabels, testImages, testLabels] = importedFiles(record.content);
  return {
    train: readPart(join(folder, trainImages), join(folder, trainLabels), record.train, record),
    test: readPart(join(folder, testImages), join(folder, testLabels), record.test, record),
  };
}

function readPart(images: string, labels: string, count: number, { shape, classNames }: ImportRecord): Split {
  const pixels = shape.reduce((product, n) => product * n, 1);
  const width = labelBytes(classNames.length);
  const bytes = readExactly(labels, count * width);
  return {
    images: readExactly(images, count * pixels),
    labels: width === 1 ? bytes : new Uint16Array(bytes.buffer, bytes.byteOffset, count),
    count,
  };
}

/** Bytes of a label: one where that is enough. */
export function labelBytes(classes: number): 1 | 2 {
  return classes <= 256 ? 1 : 2;
}

/** Node reads at most 2 GiB at once. */
const MOST_AT_ONCE = 2 ** 30;

function readExactly(path: string, size: number): Uint8Array<ArrayBuffer> {
  let found: number;
  try {
    found = statSync(path).size;
  } catch (cause) {
    throw damagedImport(path, cause instanceof Error ? cause.message : String(cause));
  }
  if (found !== size) throw damagedImport(path, `expected ${size} bytes, found ${found}`);
  const bytes = new Uint8Array(size);
  const file = openSync(path, "r");
  try {
    for (let at = 0; at < size; ) {
      const read = readSync(file, bytes, at, Math.min(MOST_AT_ONCE, size - at), at);
      if (read === 0) throw damagedImport(path, `expected ${size} bytes, found ${at}`);
      at += read;
    }
  } finally {
    closeSync(file);
  }
  return bytes;
}

function damagedImport(path: string, message: string): InputError {
  return new InputError({ where: path, message, hint: "import the data again: sweepstake data import" });
}
