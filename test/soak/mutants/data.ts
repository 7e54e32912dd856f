import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { readCifarSplit } from "../../../src/data/cifar.ts";
import { readIdxSplit } from "../../../src/data/idx.ts";
import { mutated } from "./mutate.ts";
import type { Reader } from "./reader.ts";

const obtain = "Get it again.";

/** A pair of idx files, plain or gzipped, one of them changed. */
const idx: Reader = {
  name: "idx, idx.gz",
  prepare(folder) {
    const images = Buffer.from([
      0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6, 250, 251, 252, 253, 254, 255,
    ]);
    const labels = Buffer.from([0, 0, 8, 1, 0, 0, 0, 2, 9, 0]);
    const expected = { count: 2, shape: [1, 2, 3], classes: 10, obtain } as const;
    const kinds = ["", ".gz"].map((ending) => {
      const pack = ending === "" ? (bytes: Buffer) => bytes : (bytes: Buffer) => gzipSync(bytes);
      const place = join(folder, `idx${ending}`);
      mkdirSync(place, { recursive: true });
      const files = [pack(images), pack(labels)] as const;
      const paths = ["images", "labels"].map((name) => join(place, name + ending));
      return { place, files, paths };
    });
    return (draws) => {
      const kind = kinds[draws.below(2)];
      if (kind === undefined) throw new Error("there are two kinds");
      const changed = draws.below(2);
      const files = kind.files.map((file, i) =>
        i === changed ? mutated(file, kind.files[1 - i] ?? file, draws) : file,
      );
      for (const [i, path] of kind.paths.entries()) writeFileSync(path, files[i] ?? "");
      return { bytes: Buffer.concat(files), read: () => readIdxSplit(kind.place, "images", "labels", expected) };
    };
  },
};

const cifar: Reader = {
  name: "CIFAR",
  prepare(folder) {
    const path = join(folder, "batch.bin");
    const ten = Buffer.from([9, 1, 2, 3, 4, 5, 6, 0, 7, 8, 9, 10, 11, 12]);
    const hundred = Buffer.from([19, 99, 1, 2, 3, 4, 5, 6, 0, 42, 7, 8, 9, 10, 11, 12]);
    return (draws) => {
      const isTen = draws.below(2) === 0;
      const bytes = isTen ? mutated(ten, hundred, draws) : mutated(hundred, ten, draws);
      writeFileSync(path, bytes);
      const expected = { count: 2, shape: [3, 1, 2], labelBytes: isTen ? [10] : [20, 100], obtain } as const;
      return { bytes, read: () => readCifarSplit(folder, ["batch.bin"], expected) };
    };
  },
};

export const dataReaders: readonly Reader[] = [idx, cifar];
