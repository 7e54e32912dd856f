import { readdirSync, readFileSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../../core/errors.ts";
import { sourceError } from "./faults.ts";
import type { Collection, SourceFault, SourceImage, SourceSpec } from "./source.ts";
import { shareOf, splitOff, TEST_NAMES } from "./split.ts";

interface Found extends SourceImage {
  readonly path: string;
}

/**
 * An image folder: `train/CLASS/…` and `test/CLASS/…` (or `val`), or `CLASS/…` with a share split off for testing. Tiny-ImageNet's
 * `val/images` with `val_annotations.txt` is understood; its unlabelled `test` is not taken. Classes are the folders of `train` in the
 * order of their names; images may lie deeper. Hidden files are left out.
 * @throws InputError with all that is wrong with the folders
 */
export function collectFolder(source: SourceSpec): Collection {
  const { place } = source;
  const names = folders(place);
  const faults: SourceFault[] = [];
  const isSplit = !names.includes("train");
  const trainFolder = isSplit ? place : join(place, "train");
  const classNames = isSplit ? names : folders(trainFolder);
  const train = classNames.flatMap((name, label) => {
    const found = imagesUnder(join(trainFolder, name), label, "train");
    if (found.length === 0) faults.push({ name: join(trainFolder, name), fault: "class without images" });
    return found;
  });
  if (classNames.length < 2)
    throw new InputError({
      where: trainFolder,
      message: `expected a folder for each of at least two classes, got ${classNames.length === 0 ? "none" : `one, ${classNames[0] ?? ""}`}`,
      hint: "put the images into train/CLASS/ and test/CLASS/ (or val/CLASS/), or into CLASS/ with a share in data.test",
    });
  const images = isSplit
    ? splitOff(train, shareOf(source, "a folder train and one to test on"), source.seed)
    : [...train, ...testImages(source, names, classNames, faults)];
  if (faults.length > 0) throw sourceError(place, faults);
  const words = wordsOf(place);
  return {
    classNames: classNames.map((name) => words.get(name) ?? name),
    images,
    read: (from, to) => Promise.resolve(images.slice(from, to).map(({ path }) => readWhole(path))),
  };
}

function testImages(
  source: SourceSpec,
  names: readonly string[],
  classNames: readonly string[],
  faults: SourceFault[],
): Found[] {
  const folder = join(source.place, testFolder(source, names));
  const annotations = join(folder, "val_annotations.txt");
  if (isThere(annotations)) return annotated(folder, annotations, classNames, faults);
  const found = folders(folder).flatMap((name) => {
    const label = classNames.indexOf(name);
    if (label < 0) faults.push({ name: join(folder, name), fault: "class that has no training images" });
    return imagesUnder(join(folder, name), label, "test");
  });
  if (found.length === 0) faults.push({ name: folder, fault: "no image in a class's folder" });
  return found;
}

function testFolder({ place, test }: SourceSpec, names: readonly string[]): string {
  const hint = "data.test names the folder to test on";
  if (typeof test === "number")
    throw new InputError({
      where: "data.test",
      message: `expected no share: ${place} has a folder train and so a part to test on of its own`,
      hint,
    });
  if (test !== undefined) return test;
  const there = TEST_NAMES.filter((name) => names.includes(name));
  // Tiny-ImageNet's test images have no labels.
  const usable = there.filter(
    (name) => isThere(join(place, name, "val_annotations.txt")) || !isUnlabelled(join(place, name)),
  );
  const [only, ...others] = usable;
  if (only === undefined)
    throw new InputError({
      where: place,
      message: `expected labelled images in one of ${TEST_NAMES.join(", ")} beside train, got none`,
      hint,
    });
  if (others.length > 0)
    throw new InputError({ where: place, message: `expected one part to test on, got ${usable.join(" and ")}`, hint });
  return only;
}

function isUnlabelled(folder: string): boolean {
  const inside = folders(folder);
  return inside.length === 0 || (inside.length === 1 && inside[0] === "images");
}

/** Tiny-ImageNet: `val_0.JPEG<tab>n03444034<tab>…` for each file of `images`. */
function annotated(folder: string, annotations: string, classNames: readonly string[], faults: SourceFault[]): Found[] {
  const labels = new Map(classNames.map((name, label) => [name, label]));
  const lines = readFileSync(annotations, "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "");
  return lines.flatMap((line, i) => {
    const [file = "", name = ""] = line.split("\t");
    const label = labels.get(name);
    const path = join(folder, "images", file);
    if (label === undefined || !/^[^/\\]+$/.test(file))
      faults.push({ name: `${annotations}:${i + 1}`, fault: "line without a file and a class of train" });
    else if (!isThere(path)) faults.push({ name: path, fault: "file that is named but not there" });
    else return [imageAt(path, label, "test")];
    return [];
  });
}

function imagesUnder(folder: string, label: number, part: "train" | "test"): Found[] {
  return entries(folder).flatMap(({ name, isFolder }) => {
    const path = join(folder, name);
    if (isFolder) return imagesUnder(path, label, part);
    return /\.(png|jpe?g)$/i.test(name) ? [imageAt(path, label, part)] : [];
  });
}

function imageAt(path: string, label: number, part: "train" | "test"): Found {
  const { size, mtimeMs, ctimeMs } = look(path);
  return { path, label, part, name: path, state: `${size} ${mtimeMs} ${ctimeMs}` };
}

/** English names of WordNet's classes, `n01443537<tab>goldfish, Carassius auratus`, as Tiny-ImageNet and ImageNet have them. */
function wordsOf(place: string): ReadonlyMap<string, string> {
  const path = join(place, "words.txt");
  if (!isThere(path)) return new Map();
  const lines = readFileSync(path, "utf8")
    .split("\n")
    .map((line) => line.split("\t"));
  return new Map(lines.flatMap(([id, words]) => (id && words ? [[id, words.trim()] as const] : [])));
}

function folders(folder: string): string[] {
  return entries(folder).flatMap(({ name, isFolder }) => (isFolder ? [name] : []));
}

/** Names in the order of their code units, whatever the file system's is; links are followed. */
function entries(folder: string): { readonly name: string; readonly isFolder: boolean }[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter(({ name }) => !name.startsWith("."))
      .map((entry) => ({
        name: entry.name,
        isFolder: entry.isSymbolicLink() ? look(join(folder, entry.name)).isDirectory() : entry.isDirectory(),
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    throw unreadable(folder, cause);
  }
}

function look(path: string): Stats {
  try {
    return statSync(path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): InputError {
  return new InputError({
    where: path,
    message: `cannot look into it (${cause instanceof Error ? cause.message : String(cause)})`,
  });
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function readWhole(path: string): Uint8Array | Error {
  try {
    return readFileSync(path);
  } catch (cause) {
    return cause instanceof Error ? cause : new Error(String(cause));
  }
}
