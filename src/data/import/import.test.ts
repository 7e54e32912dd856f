import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";
import { InputError } from "../../core/errors.ts";
import { loadData } from "../load.ts";
import { checkSource, importSource } from "./convert.ts";
import { greyPng, jpeg, png, writeTree } from "./images.fixture.ts";
import { importFolder, readRecord } from "./record.ts";
import type { SourceSpec } from "./source.ts";

const base = mkdtempSync(join(tmpdir(), "sweepstake-import-"));
afterAll(() => rmSync(base, { recursive: true }));
vi.stubEnv("SWEEPSTAKE_DATA", join(base, "home"));

let count = 0;
let place = "";
beforeEach(() => {
  place = join(base, `set${count++}`);
});

const source = (options: Partial<SourceSpec> = {}): SourceSpec => ({ kind: "folder", place, ...options });

/** Two classes of 4 × 3 grey images, three to train on and one to test on of each. */
function good(): Record<string, Buffer> {
  return Object.fromEntries(
    ["cat", "dog"].flatMap((name, c) => [
      ...[0, 1, 2].map((k) => [`train/${name}/${k}.png`, greyPng(4, 3, (i) => 100 * c + 20 * k + i)]),
      [`val/${name}/9.png`, greyPng(4, 3, (i) => 100 * c + 80 + i)],
    ]),
  ) as Record<string, Buffer>;
}

async function problems(options: Partial<SourceSpec> = {}): Promise<string> {
  const error: unknown = await importSource(source(options)).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InputError);
  expect(readRecord(importFolder(source(options)))).toBeUndefined();
  return (error as InputError).message;
}

describe("an image folder", () => {
  it("is decoded once into the bytes that a training reads", async () => {
    writeTree(place, good());
    const { folder, record, isNew } = await importSource(source());
    expect(isNew).toBe(true);
    expect(record).toMatchObject({ classNames: ["cat", "dog"], shape: [1, 3, 4], train: 6, test: 2, duplicates: 0 });
    const data = loadData({ name: "imported", path: folder });
    expect(data.content).toBe(record.content);
    // As stored results name it: by what it holds.
    expect(loadData({ name: "imported", content: record.content }).fingerprint).toBe(data.fingerprint);
    expect(() => loadData({ name: "imported", content: "0".repeat(64) })).toThrow("folder of an imported data set");
    expect([...data.train.labels]).toEqual([0, 0, 0, 1, 1, 1]);
    expect([...data.train.images.subarray(12, 24)]).toEqual(Array.from({ length: 12 }, (_, i) => 20 + i));
    expect([...data.test.images.subarray(12)]).toEqual(Array.from({ length: 12 }, (_, i) => 180 + i));
    expect((await importSource(source())).isNew).toBe(false);
    expect(readdirSync(folder).sort()).toEqual(expect.arrayContaining(["set.json"]));
    expect(existsSync(join(folder, "work"))).toBe(false);
  });

  it("has the same content wherever it lies, and another one when a pixel changes", async () => {
    writeTree(place, good());
    const { record } = await importSource(source());
    cpSync(place, `${place}-moved`, { recursive: true });
    const moved = await importSource(source({ place: `${place}-moved` }));
    expect(moved.record.content).toBe(record.content);
    writeTree(place, { "train/cat/1.png": greyPng(4, 3, (i) => 21 + i) });
    const changed = await importSource(source());
    expect(changed.isNew).toBe(true);
    expect(changed.record.content).not.toBe(record.content);
    expect(readdirSync(changed.folder)).toHaveLength(5);
  });

  it("is split by a seed, the same share of every class", async () => {
    const files = ["a", "b"].flatMap((name) =>
      Array.from({ length: 10 }, (_, i) => [
        `${name}/${i}.png`,
        greyPng(2, 2, (k) => 9 * i + k + (name === "a" ? 0 : 120)),
      ]),
    );
    writeTree(place, Object.fromEntries(files) as Record<string, Buffer>);
    const first = await importSource(source({ test: 0.3, seed: 1 }));
    expect([...loadData({ name: "imported", path: first.folder }).test.labels]).toEqual([0, 0, 0, 1, 1, 1]);
    const other = await importSource(source({ test: 0.3, seed: 2 }));
    expect(other.record.content).not.toBe(first.record.content);
    await expect(importSource(source())).rejects.toThrow("a share to test on in data.test");
  });

  it("of Tiny-ImageNet is understood: images deeper down, val by a list, words for names, test without labels", async () => {
    writeTree(place, {
      "train/n01/images/n01_0.JPEG": jpeg(8, 8, "rgb(9, 99, 199)"),
      "train/n02/images/n02_0.JPEG": jpeg(8, 8, "rgb(200, 9, 9)"),
      "train/n02/n02_boxes.txt": "n02_0.JPEG\t0\t0\t1\t1\n",
      "val/images/val_0.JPEG": jpeg(8, 8, "rgb(190, 9, 9)"),
      "val/val_annotations.txt": "val_0.JPEG\tn02\t0\t0\t1\t1\n",
      "test/images/test_0.JPEG": jpeg(8, 8, "rgb(0, 0, 0)"),
      "words.txt": "n01\tgoldfish, Carassius auratus\nn02\ttench\n",
    });
    const { folder, record } = await importSource(source());
    expect(record).toMatchObject({
      classNames: ["goldfish, Carassius auratus", "tench"],
      train: 2,
      test: 1,
      shape: [3, 8, 8],
    });
    expect([...loadData({ name: "imported", path: folder }).test.labels]).toEqual([1]);
  });

  it("of other sizes and colours is scaled, cut and widened", async () => {
    writeTree(place, { ...good(), "train/cat/3.jpg": jpeg(20, 31, "rgb(10, 20, 30)") });
    expect(await problems()).toContain("1 × image of another size than the 4 × 3 of most");
    const { record } = await importSource(source({ side: 2 }));
    expect(record.shape).toEqual([3, 2, 2]);
    expect((await importSource(source({ side: 2, channels: 1 }))).record.shape).toEqual([1, 2, 2]);
  });

  it("with more than 256 classes has labels of two bytes", async () => {
    const files = Array.from({ length: 300 }, (_, c) => {
      const name = String(c).padStart(3, "0");
      return [`train/${name}/0.png`, greyPng(1, 2, (i) => (i === 0 ? c >> 8 : c & 255))] as const;
    });
    writeTree(place, { ...Object.fromEntries(files), "test/299/0.png": greyPng(1, 2, () => 7) });
    const { folder } = await importSource(source());
    const { test, train } = loadData({ name: "imported", path: folder });
    expect([test.labels[0], train.labels[256], train.labels[299]]).toEqual([299, 256, 299]);
  });

  it("says how many test images are in the training part, and which", async () => {
    const files = good();
    writeTree(place, { ...files, "val/dog/copy.png": files["train/dog/1.png"] ?? "" });
    const { record } = await importSource(source());
    expect(record.duplicates).toBe(1);
    expect(record.duplicateNames[0]).toEqual([join(place, "val/dog/copy.png"), join(place, "train/dog/1.png")]);
  });
});

describe("what is wrong", () => {
  it("is said of all files at once, counted by kind; nothing is half-imported", async () => {
    const cut = jpeg(4, 3, "rgb(1, 2, 3)");
    const cmyk = jpeg(4, 3, "rgb(1, 2, 3)");
    cmyk[cmyk.indexOf(Buffer.of(0xff, 0xc0)) + 9] = 4;
    writeTree(place, {
      ...good(),
      "train/cat/cut.jpg": cut.subarray(0, cut.length - 9),
      "train/cat/cut.png": greyPng(4, 3, () => 1).subarray(0, 40),
      "train/dog/cmyk.jpg": cmyk,
      "train/dog/deep.png": png({ width: 4, height: 3, depth: 16 }, new Uint8Array(24)),
      "train/dog/deep2.png": png({ width: 4, height: 3, depth: 16 }, new Uint8Array(24)),
      "val/dog/empty.png": "",
      "val/dog/text.png": "not an image",
    });
    const message = await problems();
    for (const [text, name] of [
      ["1 × truncated JPEG", "cut.jpg"],
      ["1 × CMYK JPEG", "cmyk.jpg"],
      ["2 × PNG of 16 bits per sample", "deep2.png"],
      ["1 × empty file", "empty.png"],
      ["1 × neither PNG nor JPEG", "text.png"],
    ])
      expect(message).toMatch(new RegExp(`${text}:[^×]*${name}`, "s"));
    await expect(checkSource(source())).rejects.toThrow("CMYK");
  });

  it("inside the compressed data is found while decoding, with nothing published", async () => {
    const damaged = greyPng(4, 3, (i) => i);
    damaged[50] = (damaged[50] ?? 0) ^ 1;
    writeTree(place, {
      ...good(),
      "train/cat/bad.png": damaged,
      "train/dog/clear.png": png({ width: 4, height: 3, colour: 4 }, new Uint8Array(24)),
    });
    const message = await problems();
    expect(message).toMatch(/1 × damaged PNG:.*bad\.png/s);
    expect(message).toMatch(/1 × transparent pixels:.*clear\.png/s);
    rmSync(join(place, "train/cat/bad.png"));
    rmSync(join(place, "train/dog/clear.png"));
    expect((await importSource(source())).record.train).toBe(6);
  });

  it("with the folders is said too: empty, unknown and single classes, no part to test on, two of them", async () => {
    writeTree(place, { ...good(), "train/owl/readme.txt": "", "val/newt/1.png": greyPng(4, 3, () => 1) });
    const message = await problems();
    expect(message).toMatch(/1 × class without images:.*train\/owl/s);
    expect(message).toMatch(/1 × class that has no training images:.*val\/newt/s);
    rmSync(join(place, "train/owl"), { recursive: true });
    rmSync(join(place, "val/newt"), { recursive: true });
    writeTree(place, { "test/cat/1.png": greyPng(4, 3, () => 1) });
    expect(await problems()).toContain("expected one part to test on, got test and val");
    expect((await importSource(source({ test: "val" }))).record.test).toBe(2);
    rmSync(join(place, "train/dog"), { recursive: true });
    expect(await problems()).toContain("at least two classes, got one, cat");
  });
});

describe("an import that was killed", () => {
  it("goes on with the chunks that are whole and makes damaged ones anew", async () => {
    const files = Array.from({ length: 600 }, (_, i) => [
      `train/${i % 2 === 0 ? "a" : "b"}/${i}.png`,
      greyPng(1, 1, () => i % 251),
    ]);
    writeTree(
      place,
      Object.fromEntries([...files, ["val/a/0.png", greyPng(1, 1, () => 252)]]) as Record<string, Buffer>,
    );
    const done: number[] = [];
    const killed = importSource(source(), ({ doing, done: now }) => {
      if (doing === "decoding") done.push(now);
      if (now === 512 && doing === "decoding") throw new Error("killed");
    });
    await expect(killed).rejects.toThrow("killed");
    const work = join(importFolder(source()), "work");
    const chunks = readdirSync(work);
    expect(chunks).toHaveLength(1);
    writeFileSync(join(work, chunks[0] ?? ""), new Uint8Array(512 + 32));
    const { record, folder } = await importSource(source());
    const { train } = loadData({ name: "imported", path: folder });
    const names = files.map(([name]) => String(name)).sort();
    expect([...train.images]).toEqual(names.map((name) => Number(/(\d+)\.png/.exec(name)?.[1]) % 251));
    expect(loadData({ name: "imported", path: folder }).content).toBe(record.content);
  });

  it("damage to its files is found before a training", async () => {
    writeTree(place, good());
    const { folder, record } = await importSource(source());
    const images = join(folder, `${record.content.slice(0, 16)}.train.images`);
    writeFileSync(
      images,
      new Uint8Array(72).fill(3).map((value, i) => value + (i % 2)),
    );
    expect(() => loadData({ name: "imported", path: folder, content: record.content })).toThrow(
      "expected the images and labels",
    );
    writeFileSync(images, new Uint8Array(71));
    expect(() => loadData({ name: "imported", path: folder })).toThrow("expected 72 bytes, found 71");
  });
});
