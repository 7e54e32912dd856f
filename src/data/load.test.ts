import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stream } from "../core/rng.ts";
import { cifarDataSet } from "./cifar.ts";
import { type Dataset, loadData, loadFrom } from "./load.ts";

/** 40 training and 20 test images of 2 x 2 x 3; the first byte of an image is its number, so that it is recognised. */
const tiny = cifarDataSet(
  { name: "tiny", title: "Tiny", classes: 5, shape: [2, 2, 3], train: 40, test: 20, folder: "tiny", obtain: "" },
  [5],
  ["train.bin"],
  ["test.bin"],
);

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sweepstake-load-"));
  const draws = stream(1, "load.test");
  const records = (count: number) =>
    Uint8Array.from(
      Array.from({ length: count }, (_, i) => [i % 5, i, ...Array.from({ length: 11 }, () => draws.below(256))]).flat(),
    );
  writeFileSync(join(folder, "train.bin"), records(40));
  writeFileSync(join(folder, "test.bin"), records(20));
});
afterAll(() => rmSync(folder, { recursive: true }));

function load(counts: { subset?: number; testSubset?: number; validation?: number }, name = "tiny"): Dataset {
  return loadFrom({ ...tiny, name }, { name, ...counts }, folder);
}

/** The numbers of the images in a split; checks that each kept its own label. */
function numbers(split: Dataset["train"] | undefined): number[] {
  if (split === undefined) return [];
  expect(split.images).toHaveLength(split.count * 12);
  expect(split.labels).toHaveLength(split.count);
  return Array.from({ length: split.count }, (_, i) => {
    const number = split.images[i * 12] as number;
    expect(split.labels[i]).toBe(number % 5);
    return number;
  });
}

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

describe("loadFrom", () => {
  it("keeps all images in the files' order without subset and split", () => {
    const data = load({});
    expect(data.info).toEqual({ classes: 5, shape: [2, 2, 3], train: 40, validation: 0, test: 20 });
    expect(numbers(data.train)).toEqual(upTo(40));
    expect(numbers(data.test)).toEqual(upTo(20));
    expect("validation" in data).toBe(false);
  });

  it("splits the training set in two without loss", () => {
    const { train, validation } = load({ validation: 15 });
    expect([train.count, validation?.count]).toEqual([25, 15]);
    expect([...numbers(train), ...numbers(validation)].sort((a, b) => a - b)).toEqual(upTo(40));
  });

  it("takes subsets that are random, nested, apart from the validation images, and the same every time", () => {
    const [small, large, apart] = [load({ subset: 8 }), load({ subset: 20 }), load({ subset: 25, validation: 15 })];
    expect(numbers(small.train)).not.toEqual(upTo(8));
    expect(numbers(large.train)).toEqual(expect.arrayContaining(numbers(small.train)));
    expect([...numbers(apart.train), ...numbers(apart.validation)].sort((a, b) => a - b)).toEqual(upTo(40));
    expect(numbers(load({ validation: 15 }).validation)).toEqual(numbers(apart.validation));
    expect(load({ subset: 8 })).toEqual(small);
  });

  it("takes test subsets likewise, by another draw", () => {
    const { train, test } = load({ subset: 10, testSubset: 10 });
    expect(new Set(numbers(test)).size).toBe(10);
    expect(numbers(test)).not.toEqual(numbers(train));
  });

  it("draws another subset for another data set", () => {
    expect(numbers(load({ subset: 8 }, "other").train)).not.toEqual(numbers(load({ subset: 8 }).train));
  });

  it("computes mean and deviation per channel over the training images used, as a two-pass sum does", () => {
    for (const data of [load({}), load({ subset: 7, validation: 3 })]) {
      for (const channel of [0, 1]) {
        const values = [...data.train.images]
          .filter((_, at) => Math.floor(at / 6) % 2 === channel)
          .map((byte) => byte / 255);
        const mean = values.reduce((a, b) => a + b, 0) / values.length;
        const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
        // 240 terms of at most 1 summed in float64: an error below 240² · 2^-53 = 6.4e-12.
        expect(Math.abs((data.mean[channel] as number) - mean)).toBeLessThan(1e-11);
        expect(Math.abs((data.std[channel] as number) - Math.sqrt(variance))).toBeLessThan(1e-11);
      }
    }
  });

  it("fingerprints exactly what is used: any change of an image, label or split shows", () => {
    const original = load({ subset: 10 }).fingerprint;
    expect(original).toMatch(/^[0-9a-f]{64}$/);
    expect(load({ subset: 10 }).fingerprint).toBe(original);
    const others = [{ subset: 11 }, { subset: 10, testSubset: 19 }, { subset: 10, validation: 1 }].map(
      (counts) => load(counts).fingerprint,
    );
    expect(new Set([original, ...others]).size).toBe(4);

    const whole = load({}).fingerprint;
    const set = (change: (data: { images: Uint8Array; labels: Uint8Array | Uint16Array }) => void) =>
      loadFrom(
        {
          ...tiny,
          read: (place) => {
            const data = tiny.read(place);
            change(data.test);
            return data;
          },
        },
        { name: "tiny" },
        folder,
      ).fingerprint;
    expect(set(() => undefined)).toBe(whole);
    expect(set(({ images }) => images.set([77], 239))).not.toBe(whole);
    expect(set(({ labels }) => labels.set([3], 19))).not.toBe(whole);
  });

  it("refuses images that cannot be normalised", () => {
    const blank = {
      ...tiny,
      read: () => ({
        train: { images: new Uint8Array(480).fill(7), labels: new Uint8Array(40), count: 40 },
        test: load({}).test,
      }),
    };
    expect(() => loadFrom(blank, { name: "tiny" }, folder)).toThrow(
      `${folder}: channel 0 has the same value in every pixel of all 40 training images, so it cannot be normalised`,
    );
  });
});

describe("loadData", () => {
  it("reads Debian's Fashion-MNIST with its published counts, mean and deviation", () => {
    const data = loadData({ name: "fashion-mnist", path: "/usr/share/datasets/fashion-mnist" });
    expect([data.train.count, data.test.count]).toEqual([60_000, 10_000]);
    expect(data.train.images).toHaveLength(60_000 * 784);
    for (const [split, perClass] of [
      [data.train, 6000],
      [data.test, 1000],
    ] as const) {
      const counts = new Array<number>(10).fill(0);
      for (const label of split.labels) counts[label] = (counts[label] as number) + 1;
      expect(counts).toEqual(new Array<number>(10).fill(perClass));
    }
    // Published to four digits.
    expect(data.mean[0]).toBeCloseTo(0.286, 4);
    expect(data.std[0]).toBeCloseTo(0.353, 4);
    // The first labels of the official files.
    expect([...data.train.labels.subarray(0, 10)]).toEqual([9, 0, 0, 3, 0, 2, 7, 2, 5, 5]);
    expect([...data.test.labels.subarray(0, 10)]).toEqual([9, 2, 1, 1, 6, 1, 4, 6, 5, 7]);
  });

  it("freezes which images a subset takes, so that old results stay reproducible", () => {
    const data = loadData({
      name: "fashion-mnist",
      path: "/usr/share/datasets",
      subset: 1000,
      testSubset: 500,
      validation: 2000,
    });
    expect(data.fingerprint).toBe("6ddc4f4f628fcbb53eeb632aea6ff195a3b8863eeb68d02d6d13385f6d8d0c31");
  });

  it("refuses an impossible spec before it looks for files", () => {
    expect(() => loadData({ name: "fashion-mnist", path: "/nowhere", subset: 60_001 })).toThrow(/^data.subset: /);
    expect(() => loadData({ name: "fashion-mnist", path: "/nowhere" })).toThrow(
      /^data.path: cannot find the files of Fashion-MNIST/,
    );
  });
});
