import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it, vi } from "vitest";
import { loadData } from "../load.ts";
import { importSource } from "./convert.ts";
import { dataset } from "./dataset.ts";
import { png, writeTree } from "./images.fixture.ts";

const base = mkdtempSync(join(tmpdir(), "sweepstake-dataset-"));
afterAll(() => rmSync(base, { recursive: true }));
vi.stubEnv("SWEEPSTAKE_DATA", join(base, "home"));

const shape = [3, 2, 2] as const;
const bytes = (n: number, seed: number) => Uint8Array.from({ length: 12 * n }, (_, i) => (7 * i + seed) % 256);

it("keeps arrays as data whose identity is that of the same images in a folder", async () => {
  const [images, test] = [bytes(4, 1), bytes(2, 9)];
  const spec = await dataset({
    images,
    labels: [0, 0, 1, 1],
    shape,
    test: { images: test, labels: Uint8Array.of(0, 1) },
    classNames: ["cat", "dog"],
  });
  const data = loadData(spec);
  expect([...data.train.images]).toEqual([...images]);
  expect([...data.test.images]).toEqual([...test]);
  expect([...data.train.labels, ...data.test.labels]).toEqual([0, 0, 1, 1, 0, 1]);
  expect(
    await dataset({
      images,
      labels: [0, 0, 1, 1],
      shape,
      test: { images: test, labels: [0, 1] },
      classNames: ["cat", "dog"],
    }),
  ).toEqual(spec);
  // [C, H, W] as the interleaved samples of a PNG.
  const file = (planes: Uint8Array, i: number) => {
    const one = planes.subarray(12 * i, 12 * (i + 1));
    return png(
      { width: 2, height: 2, colour: 2 },
      Uint8Array.from(one, (_, k) => one[(k % 3) * 4 + Math.floor(k / 3)] ?? 0),
    );
  };
  writeTree(join(base, "folder"), {
    ...Object.fromEntries([0, 1, 2, 3].map((i) => [`train/${i < 2 ? "cat" : "dog"}/${i}.png`, file(images, i)])),
    "test/cat/0.png": file(test, 0),
    "test/dog/1.png": file(test, 1),
  });
  const folder = await importSource({ kind: "folder", place: join(base, "folder") });
  expect(folder.record.content).toBe(spec.content);
});

it("splits by share, with up to 65,535 classes", async () => {
  const labels = Array.from({ length: 2000 }, (_, i) => Math.floor(i / 2));
  const images = Uint8Array.from({ length: 2000 }, (_, i) => i % 251);
  const { test, train } = loadData(await dataset({ images, labels, shape: [1, 1, 1], test: 0.5 }));
  expect([test.count, train.labels[999], test.labels.BYTES_PER_ELEMENT]).toEqual([1000, 999, 2]);
});

it("refuses what does not fit", async () => {
  const make = (change: object) => dataset({ images: bytes(4, 1), labels: [0, 0, 1, 1], shape, test: 0.5, ...change });
  await expect(make({ labels: [0, 1, 1] })).rejects.toThrow(
    "expected 3 images of 12 bytes to train on, as labels and shape say, got 48 bytes",
  );
  await expect(make({ labels: [0, 1, 1, -1] })).rejects.toThrow(/label out of range.*train\[3\] \(-1\)/s);
  await expect(make({ labels: [0, 0, 2, 2] })).rejects.toThrow(/class without training images:\s+1/);
  await expect(make({ labels: [0, 0, 1, 70_000] })).rejects.toThrow("label out of range, which is 0 to 65534");
  await expect(make({ classNames: ["a"] })).rejects.toThrow("label out of range, which is 0 to 0");
  await expect(make({ shape: [2, 2, 3] })).rejects.toThrow("1 or 3 channels");
  await expect(make({ test: 1.5 })).rejects.toThrow("a share between 0 and 1");
});
