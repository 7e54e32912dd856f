import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";
import { InputError } from "../../core/errors.ts";
import { loadData } from "../load.ts";
import { importSource } from "./convert.ts";
import { greyPng } from "./images.fixture.ts";
import { importFolder, readRecord } from "./record.ts";
import type { SourceSpec } from "./source.ts";

/** Written by NumPy, Hugging Face's datasets and Python's tarfile: scripts/make-data-fixtures.py. */
const fixtures = resolve(import.meta.dirname, "../../../test/fixtures/data");
const base = mkdtempSync(join(tmpdir(), "sweepstake-sources-"));
afterAll(() => rmSync(base, { recursive: true }));
vi.stubEnv("SWEEPSTAKE_DATA", join(base, "home"));

let count = 0;
let folder = "";
beforeEach(() => {
  folder = join(base, `set${count++}`);
  mkdirSync(folder);
});

/** Values of a sample by the formula of the fixtures, [channels, height, width]. */
function planes(i: number, channels: number): number[] {
  return Array.from({ length: 30 * channels }, (_, at) => {
    const [channel, pixel] = [Math.floor(at / 30), at % 30];
    return (7 * i + 11 * (pixel * channels + channel)) % 256;
  });
}

async function load(source: SourceSpec) {
  const result = await importSource(source);
  return { ...result, data: loadData({ name: "imported", path: result.folder }) };
}

async function refusal(source: SourceSpec): Promise<string> {
  const error: unknown = await importSource(source).then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(InputError);
  expect(readRecord(importFolder(source))).toBeUndefined();
  return (error as InputError).message;
}

function expectSamples(data: ReturnType<typeof loadData>, channels: number): void {
  expect(data.info).toMatchObject({ shape: [channels, 5, 6], classes: 3, train: 9, test: 3 });
  expect([...data.train.images]).toEqual(Array.from({ length: 9 }, (_, i) => planes(i, channels)).flat());
  expect([...data.test.images]).toEqual([9, 10, 11].flatMap((i) => planes(i, channels)));
  expect([...data.train.labels, ...data.test.labels]).toEqual(Array.from({ length: 12 }, (_, i) => i % 3));
}

describe("what NumPy wrote", () => {
  it("is read from archives, stored or compressed, with the same identity", async () => {
    const stored = await load({ kind: "npz", place: join(fixtures, "stored.npz") });
    expectSamples(stored.data, 1);
    expect(stored.record.classNames).toEqual(["0", "1", "2"]);
    const packed = await load({ kind: "npz", place: join(fixtures, "packed.npz") });
    expect(packed.record.content).toBe(stored.record.content);
    expect((await importSource({ kind: "npz", place: join(fixtures, "packed.npz") })).isNew).toBe(false);
  });

  it("is read from .npy files: channels first, labels of the other byte order, a share split off", async () => {
    const { data } = await load({ kind: "npy", place: join(fixtures, "pair"), test: 0.25, seed: 1 });
    expect(data.info).toMatchObject({ shape: [3, 5, 6], train: 9, test: 3 });
    const found = [data.train, data.test].flatMap(({ images, labels }) =>
      [...labels].map((label, i) => [label, ...images.subarray(90 * i, 90 * (i + 1))].join()),
    );
    expect(found.sort()).toEqual(Array.from({ length: 12 }, (_, i) => [i % 3, ...planes(i, 3)].join()).sort());
    expect(await refusal({ kind: "npy", place: join(fixtures, "pair") })).toContain("a share to test on in data.test");
  });

  it("is refused where it is code, of another type or shape, cut off or damaged", async () => {
    expect(await refusal({ kind: "npz", place: join(fixtures, "objects.npz") })).toMatch(
      /objects\.npz: x_train\.npy.*Python objects/s,
    );
    const place = join(folder, "a.npz");
    const npz = readFileSync(join(fixtures, "stored.npz"));
    const change = async (from: string, to: string) => {
      const at = npz.indexOf(from);
      expect(at).toBeGreaterThan(0);
      writeFileSync(place, Buffer.concat([npz.subarray(0, at), Buffer.from(to), npz.subarray(at + to.length)]));
      return refusal({ kind: "npz", place });
    };
    expect(await change("|u1", "|f1")).toContain("type uint8 in C order, got |f1");
    expect(await change("(9, 5, 6)", "(9, 5, 5)")).toContain(
      "expected 225 bytes of values, as its shape says, got 270",
    );
    expect(await change("(9,)", "(8,)")).toContain("expected 64 bytes of values");
    writeFileSync(place, npz.subarray(0, npz.length - 3));
    expect(await refusal({ kind: "npz", place })).toContain("expected the end of a zip archive");
    // A pixel is another one: the checksum tells.
    npz[400] = (npz[400] ?? 0) ^ 1;
    writeFileSync(place, npz);
    expect(await refusal({ kind: "npz", place })).toContain("wrong checksum");
  });

  it("is refused where it unpacks to more than it states or than is sane", async () => {
    const packed = readFileSync(join(fixtures, "packed.npz"));
    const place = join(folder, "bomb.npz");
    const entry = packed.indexOf("504b0102", "hex");
    const bomb = Buffer.from(packed);
    bomb.writeUInt32LE(0x7fffffff, packed.indexOf("504b0102", entry, "hex") + 24);
    writeFileSync(place, bomb);
    expect(await refusal({ kind: "npz", place })).toContain("expected at most 200 times the file's");
    bomb.writeUInt32LE(packed.readUInt32LE(entry + 24) - 30, entry + 24);
    writeFileSync(place, bomb);
    expect(await refusal({ kind: "npz", place })).toMatch(/bomb\.npz: train_images\.npy.*expected 270 bytes.*got 240/s);
  });

  it("has labels from 0 on, of classes that are trained on", async () => {
    const labels = (name: string, values: readonly number[]) =>
      writeNpy(join(folder, name), "|i1", [values.length], values);
    writeNpy(join(folder, "x_train.npy"), "|u1", [4, 1, 2], [1, 2, 3, 4, 5, 6, 7, 8]);
    writeNpy(join(folder, "x_test.npy"), "|u1", [1, 1, 2], [9, 9]);
    const place = folder;
    labels("y_train.npy", [0, 1, -1, 1]);
    labels("y_test.npy", [1]);
    expect(await refusal({ kind: "npy", place })).toMatch(/1 × label out of range.*x_train\.npy\[2\] \(-1\)/s);
    labels("y_train.npy", [0, 2, 2, 2]);
    expect(await refusal({ kind: "npy", place })).toMatch(/1 × class without training images:\s+1/s);
    labels("y_train.npy", [0, 1, 0, 1]);
    labels("y_test.npy", [2]);
    expect(await refusal({ kind: "npy", place })).toMatch(
      /label of a class without training images.*x_test\.npy\[0\] \(2\)/s,
    );
    labels("y_test.npy", [1, 1]);
    expect(await refusal({ kind: "npy", place })).toContain("a label for each of the 1 images of x_test, got 2");
  });
});

describe("what Hugging Face's datasets wrote", () => {
  const place = join(fixtures, "train-*.parquet");

  it("is read with the names of classes, over several files and groups of rows", async () => {
    const { data, record } = await load({ kind: "parquet", place });
    expectSamples(data, 3);
    expect(record.classNames).toEqual(["cat", "dog", "owl"]);
  });

  it("is refused without the columns, with unknown files and cut off", async () => {
    expect(await refusal({ kind: "parquet", place, image: "picture" })).toContain(
      "expected a column picture of images (bytes, or a struct with bytes), got none; it has img (bytes, path), label (INT64), id (INT64)",
    );
    expect(await refusal({ kind: "parquet", place: join(fixtures, "nothing-*.parquet"), test: 0.5 })).toContain(
      "none of such a name",
    );
    expect(await refusal({ kind: "parquet", place: join(fixtures, "test-*.parquet") })).toContain(
      "data.test names them",
    );
    const bytes = readFileSync(join(fixtures, "test-00000-of-00001.parquet"));
    writeFileSync(join(folder, "train-0.parquet"), bytes.subarray(0, bytes.length - 40));
    expect(await refusal({ kind: "parquet", place: join(folder, "train-*.parquet"), test: 0.5 })).toMatch(
      /train-0\.parquet.*cannot be read as a Parquet file/s,
    );
    // Another column of whole numbers has other labels: 9 to 11 in the test part alone.
    expect(await refusal({ kind: "parquet", place, label: "id" })).toMatch(
      /3 × label of a class without training images/,
    );
  });
});

describe("tar archives of samples", () => {
  it("are read, with long names of both kinds and names of classes beside them", async () => {
    const place = join(fixtures, "train-{000000..000001}.tar");
    const { data, record } = await load({ kind: "webdataset", place });
    expectSamples(data, 3);
    expect(record.classNames).toEqual(["0", "1", "2"]);
    for (const name of ["train-000000.tar", "train-000001.tar", "test-000000.tar"])
      copyFileSync(join(fixtures, name), join(folder, name));
    writeFileSync(join(folder, "classnames.txt"), "cat\ndog\nowl\n");
    const named = await load({ kind: "webdataset", place: join(folder, "train-*.tar") });
    expect(named.record).toMatchObject({ classNames: ["cat", "dog", "owl"], content: record.content });
    expect(await refusal({ kind: "webdataset", place: join(folder, "train-{000000..000002}.tar") })).toContain(
      "got no train-000002.tar",
    );
  });

  it("go on where an import was killed", async () => {
    cpSync(fixtures, folder, { recursive: true });
    const source: SourceSpec = { kind: "webdataset", place: join(folder, "train-*.tar") };
    await expect(
      importSource(source, ({ doing }) => {
        if (doing === "decoding") throw new Error("killed");
      }),
    ).rejects.toThrow("killed");
    expectSamples((await load(source)).data, 3);
  });

  it("are refused with names that climb out, links, no label, no number, and where they are cut off", async () => {
    const image = greyPng(2, 1, (i) => i);
    const sample = (name: string, label: string) => [
      ...tarEntry(`${name}.png`, image),
      ...tarEntry(`${name}.cls`, Buffer.from(label)),
    ];
    const end = Buffer.alloc(1024);
    const write = (parts: readonly Buffer[]) => {
      writeFileSync(join(folder, "a.tar"), Buffer.concat(parts));
      return refusal({ kind: "webdataset", place: join(folder, "a.tar"), test: 0.5 });
    };
    const good = [...sample("a", "0"), ...sample("b", "1")];
    expect(await write([...good, ...sample("../../etc/c", "1"), end])).toContain("which climbs out of it");
    expect(await write([...good, ...sample("/etc/c", "1"), end])).toContain("which climbs out of it");
    expect(await write([...good, ...tarEntry("c.png", Buffer.alloc(0), "2"), end])).toContain("a link or a device");
    expect(await write([...good, ...tarEntry("c.png", image), end])).toMatch(/1 × sample without a label.*a\.tar: c/s);
    expect(await write([...good, ...sample("c", "cat"), ...sample("d", "70000"), end])).toMatch(
      /2 × label out of range/,
    );
    expect(await write(good)).toContain("is cut off");
    const bytes = Buffer.concat([...good, end]);
    bytes[20] = 1;
    expect(await write([bytes])).toContain("expected a tar archive");
    expect(await write([Buffer.from("1f8b0800", "hex"), Buffer.alloc(600)])).toContain("gunzip");
  });
});

function tarEntry(name: string, bytes: Buffer, type = "0"): Buffer[] {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write(bytes.length.toString(8).padStart(11, "0"), 124);
  header.write("        ", 148);
  header.write(type, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
}

function writeNpy(path: string, type: string, shape: readonly number[], values: readonly number[]): void {
  const header = `{'descr': '${type}', 'fortran_order': False, 'shape': (${shape.join(", ")}${shape.length === 1 ? "," : ""}), }`;
  const padded = `${header.padEnd(117)}\n`;
  const start = Buffer.from([0x93, ...Buffer.from("NUMPY"), 1, 0, padded.length, 0]);
  writeFileSync(path, Buffer.concat([start, Buffer.from(padded), Uint8Array.from(values)]));
}
