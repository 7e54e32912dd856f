import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { sourceError } from "./faults.ts";
import { labelFault, numberedClasses } from "./labels.ts";
import { patternFiles } from "./pattern.ts";
import type { Collection, SourceFault, SourceImage, SourceSpec } from "./source.ts";
import { shareOf, splitOff } from "./split.ts";
import { readRange, type StoredFile } from "./stored-file.ts";
import { type TarEntry, tarEntries } from "./tar.ts";

interface TarImage extends SourceImage {
  readonly file: StoredFile;
  readonly entry: TarEntry;
}

/**
 * `{ webdataset: "train-{000..009}.tar" }`: samples are files of one name up to its first dot: an image (`png`, `jpg`, `jpeg`) and its
 * label (`cls`, or `label` in `json`). Names of classes come from `classnames.txt` beside the archives, a line each.
 * @throws InputError with all that is wrong
 */
export function collectWebDataset(source: SourceSpec): Collection {
  const { train, test } = patternFiles(source);
  const classNames = namesBeside(source.place);
  const faults: SourceFault[] = [];
  const images = (files: readonly StoredFile[], part: "train" | "test") =>
    files.flatMap((file) => samples(file, part, faults));
  const all =
    test === undefined
      ? splitOff(images(train, "train"), shareOf(source, "archives to test on"), source.seed)
      : [...images(train, "train"), ...images(test, "test")];
  for (const { name, label } of all) faults.push(...labelFault(name, label, classNames));
  if (faults.length > 0) throw sourceError(source.place, faults);
  return {
    classNames: numberedClasses(source.place, all, classNames),
    images: all,
    read: (from, to) =>
      Promise.resolve(all.slice(from, to).map(({ file, entry }) => readRange(file, entry.start, entry.size))),
  };
}

function namesBeside(place: string): readonly string[] | undefined {
  const path = join(dirname(place), "classnames.txt");
  if (!existsSync(path)) return undefined;
  return readFileSync(path, "utf8").trimEnd().split(/\r?\n/);
}

const IMAGE = /^(.*\.)?(png|jpe?g)$/i;

/** The images of an archive with their labels. @param faults what is wrong is added to them */
function samples(file: StoredFile, part: "train" | "test", faults: SourceFault[]): TarImage[] {
  const groups = new Map<string, { readonly extension: string; readonly entry: TarEntry }[]>();
  for (const entry of tarEntries(file)) {
    const [, key, extension] = /^((?:.*\/)?[^/.]+)\.([^/]+)$/.exec(entry.name) ?? [];
    if (key === undefined || extension === undefined) continue;
    const found = { extension: extension.toLowerCase(), entry };
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [found]);
    else group.push(found);
  }
  return [...groups].flatMap(([key, group]) => {
    const name = `${file.path}: ${key}`;
    const found = group.filter(({ extension }) => IMAGE.test(extension));
    const [image, ...others] = found;
    if (image === undefined) return [];
    if (others.length > 0) faults.push({ name, fault: "sample with several images" });
    const label = labelOf(file, group);
    if (label === undefined) {
      faults.push({ name, fault: "sample without a label (a file .cls, or label in .json)" });
      return [];
    }
    const { entry } = image;
    return [{ part, label, name: `${file.path}: ${entry.name}`, state: `${file.state} ${entry.start}`, file, entry }];
  });
}

/** Of files with a label; a larger one is none. */
const MAX_LABEL_BYTES = 2 ** 20;

/** NaN is a label that is no whole number. */
function labelOf(
  file: StoredFile,
  group: readonly { readonly extension: string; readonly entry: TarEntry }[],
): number | undefined {
  const find = (name: string) => group.find(({ extension }) => extension === name)?.entry;
  const text = (entry: TarEntry | undefined) =>
    entry === undefined || entry.size > MAX_LABEL_BYTES
      ? undefined
      : readRange(file, entry.start, entry.size).toString("utf8").trim();
  const cls = text(find("cls"));
  if (cls !== undefined) return /^\d+$/.test(cls) ? Number(cls) : Number.NaN;
  const json = text(find("json"));
  return json === undefined ? undefined : labelInJson(json);
}

function labelInJson(text: string): number | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || !("label" in value)) return undefined;
    return typeof value.label === "number" ? value.label : Number.NaN;
  } catch {
    return undefined;
  }
}
