import { InputError } from "../core/errors.ts";
import { stream } from "../core/rng.ts";
import { describeCounts, describeData } from "./check.ts";
import { dataSetOf } from "./data-set-of.ts";
import { fingerprint } from "./fingerprint.ts";
import { locateData } from "./locate.ts";
import type { DataDescription, DataSetDefinition, DataSpec, Split } from "./types.ts";

/** The images of one data spec, in memory. */
export interface Dataset {
  readonly name: string;
  readonly info: DataDescription;
  readonly train: Split;
  readonly validation?: Split;
  readonly test: Split;
  /** Per channel, in units of [0, 1] (a byte over 255), over all pixels of the images in `train` and no others. */
  readonly mean: readonly number[];
  /** Standard deviation (divided by the number of pixels, not by one less), likewise. */
  readonly std: readonly number[];
  /** SHA-256 of the shapes, images and labels of the splits used; the same wherever and however the files were stored. */
  readonly fingerprint: string;
  /** The same of the whole set, before subset and split: its identity (see `dataContent`). */
  readonly content: string;
}

/**
 * Finds, reads and checks the files of a data set, and takes the subset and the validation split.
 * @throws InputError for an impossible spec, for files that are not found, for damaged ones, and for others than the spec's `content`
 */
export function loadData(spec: DataSpec): Dataset {
  describeData(spec);
  return loadFrom(dataSetOf(spec), spec, locateData(spec));
}

/** As `loadData`, for a definition and a folder at hand; the counts in the spec must fit the definition. */
export function loadFrom(set: DataSetDefinition, spec: DataSpec, folder: string): Dataset {
  const info = describeCounts(spec, set);
  const all = set.read(folder);
  const content = contentOf(set, all);
  if (spec.content !== undefined && spec.content !== content) throw otherContent(set, spec.content, content, folder);
  const pixels = info.shape.reduce((product, n) => product * n, 1);
  // One fixed order per data set: validation images are its end, the subset its beginning, so that they never meet.
  const order = fixedOrder(set.name, "train", set.train);
  const train = take(all.train, order.subarray(0, info.train), pixels);
  const validation = take(all.train, order.subarray(set.train - info.validation), pixels);
  const test = take(all.test, fixedOrder(set.name, "test", set.test).subarray(0, info.test), pixels);
  const splits = info.validation > 0 ? { train, validation, test } : { train, test };
  return {
    name: set.name,
    info,
    ...splits,
    ...channelStatistics(train, info, folder),
    fingerprint: fingerprint(info, splits),
    content,
  };
}

/** Reads a whole set and hashes it: `Dataset.content`. @throws InputError for files that cannot be read or are damaged */
export function readContent(set: DataSetDefinition, folder: string): string {
  return contentOf(set, set.read(folder));
}

function contentOf(set: DataSetDefinition, { train, test }: Readonly<Record<"train" | "test", Split>>): string {
  return fingerprint(describeCounts({ name: set.name }, set), { train, test });
}

function otherContent(set: DataSetDefinition, expected: string, found: string, folder: string): InputError {
  return new InputError({
    where: folder,
    message: `expected the images and labels of ${set.title} with the content ${expected}, got ${found}`,
    hint: "other data belong to other results: plan anew with these files, or name the place of the right ones with data.path",
  });
}

function fixedOrder(name: string, part: "train" | "test", count: number): Int32Array {
  return stream(0, "subset", name, part).permutation(count);
}

/** The chosen images in the files' order, so that a set does not depend on how it was chosen. */
function take(split: Split, chosen: Int32Array, pixels: number): Split {
  if (chosen.length === split.count) return split;
  const images = new Uint8Array(chosen.length * pixels);
  const labels = split.labels instanceof Uint16Array ? new Uint16Array(chosen.length) : new Uint8Array(chosen.length);
  for (const [to, from] of chosen.slice().sort().entries()) {
    images.set(split.images.subarray(from * pixels, (from + 1) * pixels), to * pixels);
    labels[to] = split.labels[from] as number;
  }
  return { images, labels, count: chosen.length };
}

/** Exact sums of bytes and squares from a histogram per channel; only the last division and root round. */
function channelStatistics(train: Split, info: DataDescription, folder: string): { mean: number[]; std: number[] } {
  const [channels, height, width] = info.shape;
  const mean: number[] = [];
  const std: number[] = [];
  for (let c = 0; c < channels; c++) {
    const [count, sum, squares] = channelSums(train, c, channels, height * width);
    const spread = count * squares - sum * sum; // count² times the variance, exact in big integers
    if (spread === 0n)
      throw new InputError({
        where: folder,
        message: `channel ${c} has the same value in every pixel of all ${train.count} training images, so it cannot be normalised`,
        hint: "the files are damaged or the subset is too small",
      });
    mean.push(Number(sum) / Number(count) / 255);
    std.push(Math.sqrt(Number(spread)) / Number(count) / 255);
  }
  return { mean, std };
}

function channelSums(split: Split, channel: number, channels: number, plane: number): [bigint, bigint, bigint] {
  const histogram = new Uint32Array(256);
  for (let i = 0; i < split.count; i++) {
    const start = (i * channels + channel) * plane;
    // By index, because iterating over the bytes costs three times as much.
    for (let at = start; at < start + plane; at++) {
      const byte = split.images[at] as number;
      histogram[byte] = (histogram[byte] as number) + 1;
    }
  }
  let sum = 0n;
  let squares = 0n;
  for (const [value, n] of histogram.entries()) {
    sum += BigInt(n * value);
    squares += BigInt(n * value * value);
  }
  return [BigInt(split.count * plane), sum, squares];
}
