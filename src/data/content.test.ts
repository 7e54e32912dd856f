import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { InputError } from "../core/errors.ts";
import { stream } from "../core/rng.ts";
import { contentAtHand, dataContent, MISSING_CONTENT } from "./content.ts";
import { loadData } from "./load.ts";

const root = mkdtempSync(join(tmpdir(), "sweepstake-content-"));
const folder = join(root, "fashion-mnist");
const parts = { train: 60_000, test: 10_000 } as const;
const names = { train: "train", test: "t10k" } as const;

const labels = (count: number, seed: number) => {
  const draws = stream(seed, "labels");
  return Uint8Array.from({ length: count }, () => draws.below(10));
};
const images = (count: number) => Buffer.alloc(count * 784, "nobody wears these clothes");
const header = (magic: number, ...sizes: readonly number[]) => {
  const bytes = Buffer.alloc(4 + 4 * sizes.length);
  for (const [i, n] of [magic, ...sizes].entries()) bytes.writeUInt32BE(n, 4 * i);
  return bytes;
};
const labelFile = (part: "train" | "test") => join(folder, `${names[part]}-labels-idx1-ubyte`);

beforeAll(() => {
  vi.stubEnv("HOME", join(root, "home"));
  vi.stubEnv("SWEEPSTAKE_DATA", "");
  mkdirSync(folder);
  for (const part of ["train", "test"] as const) {
    const count = parts[part];
    writeFileSync(
      join(folder, `${names[part]}-images-idx3-ubyte`),
      Buffer.concat([header(0x803, count, 28, 28), images(count)]),
    );
    writeFileSync(labelFile(part), Buffer.concat([header(0x801, count), labels(count, 1)]));
  }
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true });
});

/** The documented hash, with nothing of the code under test. */
function byHand(seeds: { readonly train: number; readonly test: number }): string {
  const hash = createHash("sha256");
  for (const part of ["train", "test"] as const) {
    const count = parts[part];
    hash.update(`${part} ${count}x1x28x28 10\n`).update(images(count)).update(labels(count, seeds[part]));
  }
  return hash.digest("hex");
}

const here = { name: "fashion-mnist", path: root } as const;

it("is the hash of all images and labels, whatever is taken of them and wherever they lie, packed or not", () => {
  const expected = byHand({ train: 1, test: 1 });
  expect(dataContent(here)).toBe(expected);
  expect(dataContent({ ...here, subset: 100, testSubset: 10, validation: 5 })).toBe(expected);
  const copy = join(root, "elsewhere", "fashion-mnist");
  cpSync(folder, copy, { recursive: true });
  const labelsOfCopy = join(copy, "t10k-labels-idx1-ubyte");
  writeFileSync(`${labelsOfCopy}.gz`, gzipSync(readFileSync(labelsOfCopy)));
  rmSync(labelsOfCopy);
  expect(dataContent({ ...here, path: join(root, "elsewhere") })).toBe(expected);
  expect(loadData({ ...here, subset: 100, testSubset: 10 }).content).toBe(expected);
});

it("is another one after a single label has changed in place, also with the old size and time", () => {
  const before = dataContent(here);
  const bytes = readFileSync(labelFile("test"));
  const { atime, mtime } = statSync(labelFile("test"));
  const changed = Buffer.from(bytes);
  changed[8 + 77] = ((changed[8 + 77] ?? 0) + 1) % 10;
  writeFileSync(labelFile("test"), changed);
  utimesSync(labelFile("test"), atime, mtime);
  expect(dataContent(here)).not.toBe(before);
  writeFileSync(labelFile("test"), bytes);
  expect(dataContent(here)).toBe(before);
});

it("is kept in a file that counts only while nothing has changed, and never of files that were just written", async () => {
  const expected = dataContent(here);
  const cache = join(root, "home", ".sweepstake", "data-content.json");
  expect(() => readFileSync(cache)).toThrow("ENOENT");
  await sleep(2_100);
  const fresh = async () => {
    vi.resetModules();
    return (await import("./content.ts")).dataContent(here);
  };
  expect(await fresh()).toBe(expected);
  const kept = JSON.parse(readFileSync(cache, "utf8")) as Readonly<Record<string, string>>;
  expect(Object.values(kept)).toEqual([expected]);
  // What stands there is believed as long as the files are untouched …
  const poisoned = "5a".repeat(32);
  writeFileSync(cache, JSON.stringify({ [Object.keys(kept)[0] ?? ""]: poisoned }));
  expect(await fresh()).toBe(poisoned);
  // … and no longer.
  writeFileSync(labelFile("train"), readFileSync(labelFile("train")));
  expect(await fresh()).toBe(expected);
  for (const damage of ["{", "[]", "null", '{"a":1}']) {
    writeFileSync(cache, damage);
    expect(await fresh()).toBe(expected);
  }
});

it("is what the spec states, and a training refuses files that hold anything else", () => {
  const stated = "ab".repeat(32);
  expect(dataContent({ ...here, content: stated })).toBe(stated);
  const load = () => loadData({ ...here, content: stated });
  expect(load).toThrow(InputError);
  expect(load).toThrow(`with the content ${stated}, got ${byHand({ train: 1, test: 1 })}`);
});

it("without files is that of the official ones where it is known", () => {
  const nowhere = join(root, "nowhere");
  expect(contentAtHand({ ...here, path: nowhere })).toBeUndefined();
  expect(dataContent({ ...here, path: nowhere })).toMatch(/^e2a28d20/);
  expect(dataContent({ name: "mnist", path: nowhere })).toMatch(/^b5d3de12/);
  expect(dataContent({ name: "cifar10", path: nowhere })).toBe(MISSING_CONTENT);
});

it("of damaged files is left to the training, which names the damage", () => {
  const bytes = readFileSync(labelFile("test"));
  writeFileSync(labelFile("test"), bytes.subarray(0, 100));
  expect(contentAtHand(here)).toBeUndefined();
  expect(() => loadData(here)).toThrow("truncated");
  writeFileSync(labelFile("test"), bytes);
});
