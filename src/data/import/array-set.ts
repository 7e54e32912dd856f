import { join } from "node:path";
import { InputError } from "../../core/errors.ts";
import { checkValues, type Layout, pictureAt, pictureLayout } from "./array-pictures.ts";
import { npyArrays, npzArrays, type StoredArray } from "./arrays.ts";
import { sourceError } from "./faults.ts";
import { labelFault, numberedClasses } from "./labels.ts";
import { integerBytes, integers } from "./npy.ts";
import type { Picture } from "./picture.ts";
import { importFolder } from "./record.ts";
import type { Collection, SourceImage, SourceSpec } from "./source.ts";
import { shareOf, splitOff, TEST_NAMES } from "./split.ts";

/** `{ npz: FILE }`: arrays written by numpy.savez, as MedMNIST and Keras have them. @throws InputError with what is wrong */
export function collectNpz(source: SourceSpec): Collection {
  return collectArrays(source, npzArrays(source.place));
}

/** `{ npy: FOLDER }`: the same arrays, a file each. @throws InputError with what is wrong */
export function collectNpy(source: SourceSpec): Collection {
  return collectArrays(source, npyArrays(source.place));
}

interface ArrayImage extends SourceImage {
  readonly pair: Pair;
  readonly row: number;
}

/** Images and labels of one part. */
interface Arrays {
  readonly images: StoredArray;
  readonly labels: StoredArray;
}

interface Pair extends Arrays {
  readonly layout: Layout;
}

function collectArrays(source: SourceSpec, arrays: readonly StoredArray[]): Collection {
  const parts = pairs(source.place, arrays);
  const all = partsOf(source, parts, arrays);
  const faults = all.flatMap(({ name, label }) => labelFault(name, label, undefined));
  if (faults.length > 0) throw sourceError(source.place, faults);
  const opened = new Map<Pair, Awaited<ReturnType<StoredArray["open"]>>>();
  return {
    classNames: numberedClasses(source.place, all, undefined),
    images: all,
    read: async (from, to) => {
      const pictures: Picture[] = [];
      for (const { pair, row } of all.slice(from, to)) {
        const read = opened.get(pair) ?? (await pair.images.open(join(importFolder(source), "work")));
        opened.set(pair, read);
        pictures.push(pictureAt(pair.layout, row, read));
      }
      return pictures;
    },
  };
}

function partsOf(
  source: SourceSpec,
  parts: ReadonlyMap<string, Arrays>,
  arrays: readonly StoredArray[],
): readonly ArrayImage[] {
  const test = typeof source.test === "number" ? undefined : testPart(source, parts);
  const train = parts.get("train");
  if (test !== undefined && train !== undefined) return [...rows(train, "train"), ...rows(test, "test")];
  const undivided = parts.get("") ?? (TEST_NAMES.some((name) => parts.has(name)) ? undefined : train);
  if (undivided === undefined) throw missing(source, arrays);
  return splitOff(rows(undivided, "train"), shareOf(source, "arrays to test on"), source.seed);
}

/** `x_train`, `train_images`, `images`: the part, and what of it. */
function roleOf(key: string): { readonly part: string; readonly isImages: boolean } | undefined {
  const [, before, kind, after] =
    /^(?:([a-z]+)_)?(x|images?|data|y|labels?|targets?)(?:_([a-z]+))?$/.exec(key.toLowerCase()) ?? [];
  if (kind === undefined || (before !== undefined && after !== undefined)) return undefined;
  return { part: before ?? after ?? "", isImages: /^(x|im|data)/.test(kind) };
}

function pairs(place: string, arrays: readonly StoredArray[]): ReadonlyMap<string, Arrays> {
  const found = new Map<string, { images?: StoredArray; labels?: StoredArray }>();
  for (const array of arrays) {
    const role = roleOf(array.key);
    if (role === undefined) continue;
    const pair = found.get(role.part) ?? {};
    const kind = role.isImages ? "images" : "labels";
    const other = pair[kind];
    if (other !== undefined)
      throw new InputError({
        where: place,
        message: `expected one array of ${kind}, got ${other.key} and ${array.key}`,
      });
    found.set(role.part, { ...pair, [kind]: array });
  }
  return new Map(
    [...found].flatMap(([part, { images, labels }]) =>
      images === undefined || labels === undefined ? [] : [[part, { images, labels }]],
    ),
  );
}

function testPart({ place, test }: SourceSpec, parts: ReadonlyMap<string, Arrays>): Arrays | undefined {
  if (typeof test === "string") {
    const found = parts.get(test);
    if (found !== undefined) return found;
    const names = [...parts.keys()].filter((name) => name !== "train" && name !== "");
    throw new InputError({
      where: "data.test",
      message: `expected the name of a part in ${place}, got ${test}`,
      hint: names.length === 0 ? "there is none; a number is a share to test on" : `there is ${names.join(", ")}`,
    });
  }
  const there = TEST_NAMES.filter((name) => parts.has(name));
  if (there.length > 1)
    throw new InputError({
      where: place,
      message: `expected one part to test on, got ${there.join(" and ")}`,
      hint: "data.test names the part to test on",
    });
  return parts.get(there[0] ?? "test");
}

function missing({ place, test }: SourceSpec, arrays: readonly StoredArray[]): InputError {
  const expected = typeof test === "number" ? "images and labels" : "x_train, y_train, x_test and y_test";
  const keys = arrays.map(({ key }) => key).join(", ");
  return new InputError({
    where: place,
    message: `expected the arrays ${expected}, got ${keys === "" ? "none" : keys}`,
    hint: "train_images, train_labels, test_images and test_labels are understood too; images and labels alone want a share to test on in data.test",
  });
}

function rows(arrays: Arrays, part: "train" | "test"): ArrayImage[] {
  const pair = { ...arrays, layout: pictureLayout(arrays.images) };
  const [count] = pair.images.header().shape;
  const labels = labelsOf(pair.labels);
  if (labels.length !== count)
    throw new InputError({
      where: pair.labels.name,
      message: `expected a label for each of the ${count} images of ${pair.images.key}, got ${labels.length}`,
    });
  const { state } = pair.images;
  return labels.map((label, row) => ({
    part,
    label,
    name: `${pair.images.name}[${row}]`,
    state: `${state} ${row}`,
    pair,
    row,
  }));
}

/** Labels of shape [N] or [N, 1]. */
function labelsOf({ header, name, size, whole }: StoredArray): readonly number[] {
  const { type, shape } = header();
  const width = integerBytes(type);
  const [count = 0, columns = 1, ...more] = shape;
  if (width === undefined || shape.length === 0 || more.length > 0 || columns !== 1)
    throw new InputError({
      where: name,
      message: `expected labels that are whole numbers of shape [N] or [N, 1], got ${type} of shape [${shape.join(", ")}]`,
      hint: "a class is one number per image; numpy.argmax(a, axis=1) makes them of one-hot rows",
    });
  checkValues(name, size(), count * width);
  const bytes = whole();
  return integers(bytes, type);
}
