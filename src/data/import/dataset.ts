import { createHash } from "node:crypto";
import { InputError } from "../../core/errors.ts";
import type { DataSpec, ImageShape } from "../types.ts";
import { importCollection } from "./convert.ts";
import { sourceError } from "./faults.ts";
import { IMPORTED } from "./imported.ts";
import { labelFault, numberedClasses } from "./labels.ts";
import type { Picture } from "./picture.ts";
import type { Collection, SourceImage, SourceSpec } from "./source.ts";
import { splitOff } from "./split.ts";

/** Images and labels of one part, in memory. */
export interface ArrayPart {
  /** [N, C, H, W], row-major. */
  readonly images: Uint8Array;
  /** [N], whole numbers from 0 on. */
  readonly labels: ArrayLike<number>;
}

/** What `dataset` is given: the images to train on, and those to test on. */
export interface ArrayData extends ArrayPart {
  /** [C, H, W] of every image; 1 or 3 channels. */
  readonly shape: ImageShape;
  /** The part to test on, or the share of each class to split off. */
  readonly test: ArrayPart | number;
  /** Of the split by share; 0 by default. */
  readonly seed?: number;
  /** By label; the numbers by default. */
  readonly classNames?: readonly string[];
}

/**
 * Keeps images that a program has in memory as an imported data set, like those of a folder. Its identity is the SHA-256 of images and labels,
 * so the same arrays are the same data, whoever makes them.
 * @returns what stands in a spec's `data`
 * @throws InputError for arrays of other sizes than the shape says, labels out of range, and classes without training images
 * @example
 * const data = await dataset({ images, labels, shape: [1, 28, 28], test: 0.2 });
 * const spec = parseSpec(JSON.stringify({ name: "mine", data, model: "lenet5", train, seeds: 3 }), "mine.yaml");
 */
export async function dataset(data: ArrayData): Promise<DataSpec> {
  const { shape, test, seed = 0 } = data;
  const [channels, height, width] = shape;
  if ((channels !== 1 && channels !== 3) || !(height >= 1) || !(width >= 1))
    throw refuse(`expected a shape of 1 or 3 channels, height and width, got [${shape.join(", ")}]`);
  const size = channels * height * width;
  const train = imagesOf(data, "train", size, data.classNames);
  const all =
    typeof test === "number"
      ? splitOff(train, share(test), seed)
      : [...train, ...imagesOf(test, "test", size, data.classNames)];
  const collection: Collection = {
    classNames: numberedClasses(PLACE, all, data.classNames),
    images: all,
    read: (from, to) =>
      Promise.resolve(all.slice(from, to).map(({ bytes }) => picture(bytes, { width, height, channels }))),
  };
  const place = `${PLACE}-${digestOf(data).slice(0, 16)}`;
  const source: SourceSpec = { kind: "arrays", place, ...(typeof test === "number" ? { test, seed } : {}) };
  const { folder, record } = await importCollection(source, collection);
  return { name: IMPORTED, path: folder, content: record.content };
}

/** Where errors say that they are. */
const PLACE = "dataset";

interface ArrayImage extends SourceImage {
  /** [C, H, W] */
  readonly bytes: Uint8Array;
}

function imagesOf(
  { images, labels }: ArrayPart,
  part: "train" | "test",
  size: number,
  names: readonly string[] | undefined,
): ArrayImage[] {
  if (images.length !== labels.length * size)
    throw refuse(
      `expected ${labels.length} images of ${size} bytes to ${part} on, as labels and shape say, got ${images.length} bytes`,
    );
  const found = Array.from(labels, (label, i) => {
    const bytes = images.subarray(i * size, (i + 1) * size);
    return { part, label, name: `${part}[${i}]`, state: createHash("sha256").update(bytes).digest("base64"), bytes };
  });
  const faults = found.flatMap(({ name, label }) => labelFault(name, label, names));
  if (faults.length > 0) throw sourceError(PLACE, faults);
  return found;
}

function share(test: number): number {
  if (test > 0 && test < 1) return test;
  throw refuse(`expected a share between 0 and 1 to test on, got ${test}`);
}

/** Of the arrays as they are given; the same ones are imported once. */
function digestOf({ images, labels, shape, test, classNames }: ArrayData): string {
  const hash = createHash("sha256").update(JSON.stringify([shape, classNames ?? []]));
  for (const part of [{ images, labels }, ...(typeof test === "number" ? [] : [test])])
    hash.update(part.images).update(JSON.stringify(Array.from(part.labels)));
  return hash.digest("hex");
}

/** Pictures have the channels of a pixel together. */
function picture(planes: Uint8Array, size: Omit<Picture, "pixels">): Picture {
  const { channels, width, height } = size;
  if (channels === 1) return { ...size, pixels: planes };
  const plane = width * height;
  const at = (i: number) => planes[(i % channels) * plane + Math.floor(i / channels)] ?? 0;
  return { ...size, pixels: Uint8Array.from({ length: planes.length }, (_, i) => at(i)) };
}

function refuse(message: string): InputError {
  return new InputError({ where: PLACE, message });
}
