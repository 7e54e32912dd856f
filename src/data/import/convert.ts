import { createHash } from "node:crypto";
import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { makeFolder, removeQuietly, syncFolder, writeFailure, writeFileAtomic } from "../../core/atomic-write.ts";
import { canonicalJson, sha256 } from "../../core/canonical-json.ts";
import { fingerprintHead } from "../fingerprint.ts";
import { CHUNK, chunk } from "./chunks.ts";
import { checked, collect } from "./collect.ts";
import { sourceError } from "./faults.ts";
import { labelBytes } from "./imported.ts";
import { type ImportRecord, importedFiles, importFolder, RECORD, readRecord } from "./record.ts";
import type { Collection, SourceFault, SourceImage, SourceSpec } from "./source.ts";
import { type Survey, survey } from "./survey.ts";

/** How far an import is. */
export interface ImportProgress {
  readonly doing: "looking" | "decoding";
  readonly done: number;
  readonly total: number;
}

export interface ImportResult {
  /** Folder of the import. */
  readonly folder: string;
  readonly record: ImportRecord;
  /** Whether anything was decoded; a source that has not changed is not. */
  readonly isNew: boolean;
}

/** Names of duplicates that a record keeps. */
const MOST_DUPLICATES = 100;

/**
 * Decodes all images of a source once, into files of bytes that trainings read. A killed import goes on where it was; one of an unchanged
 * source does nothing. Nothing is published unless every image is right.
 * @throws InputError with every bad file by name, at once
 */
export async function importSource(
  source: SourceSpec,
  onProgress: (progress: ImportProgress) => void = () => undefined,
): Promise<ImportResult> {
  return importCollection(source, await collect(source), onProgress);
}

/** As `importSource`, of a source that has been looked through. */
export async function importCollection(
  source: SourceSpec,
  collection: Collection,
  onProgress: (progress: ImportProgress) => void = () => undefined,
): Promise<ImportResult> {
  checked(source, collection);
  const folder = importFolder(source);
  const state = stateOf(collection);
  const before = readRecord(folder);
  if (before?.state === state && isWhole(folder, before)) return { folder, record: before, isNew: false };
  const total = collection.images.length;
  const form = await survey(source, collection, (done) => onProgress({ doing: "looking", done, total }));
  const work = join(folder, "work");
  makeFolder(work);
  await decodeAll(source, collection, form, work, (done) => onProgress({ doing: "decoding", done, total }));
  const record = await publish(source, collection, form, { folder, work, state });
  rmSync(work, { recursive: true, force: true });
  return { folder, record, isNew: true };
}

/**
 * Reads and decodes every image as an import does and publishes nothing; what is decoded is kept for an import that follows.
 * @throws InputError with every bad file by name, at once
 */
export async function checkSource(source: SourceSpec) {
  const collection = await collect(source);
  const form = await survey(source, collection, () => undefined);
  const work = join(importFolder(source), "work");
  makeFolder(work);
  await decodeAll(source, collection, form, work, () => undefined);
  return { images: collection.images.length, classes: collection.classNames.length, shape: form.shape };
}

function stateOf({ images, classNames }: Collection): string {
  const lines = images.map(({ part, label, name, state }) => canonicalJson([part, label, name, state]));
  return sha256(`${canonicalJson([...classNames])}\n${lines.join("\n")}`);
}

function isWhole(folder: string, { content }: ImportRecord): boolean {
  const there = readdirSync(folder);
  return importedFiles(content).every((name) => there.includes(name));
}

async function decodeAll(
  source: SourceSpec,
  collection: Collection,
  form: Survey,
  work: string,
  onProgress: (done: number) => void,
): Promise<void> {
  const faults: SourceFault[] = [];
  for (const range of ranges(collection.images)) {
    const found = await chunk(work, collection, range, form);
    if (!(found instanceof Uint8Array)) faults.push(...found);
    onProgress(range[1]);
  }
  if (faults.length > 0) throw sourceError(source.place, faults);
}

/** Chunks; none holds images of both parts. */
function ranges(images: readonly SourceImage[]): (readonly [number, number])[] {
  const train = countTrain(images);
  const part = (start: number, end: number) =>
    Array.from({ length: Math.ceil((end - start) / CHUNK) }, (_, i) => {
      return [start + i * CHUNK, Math.min(end, start + (i + 1) * CHUNK)] as const;
    });
  return [...part(0, train), ...part(train, images.length)];
}

function countTrain(images: readonly SourceImage[]): number {
  return images.filter(({ part }) => part === "train").length;
}

/** Joins the chunks, hashes them, and finds test images that are in the training part too; the record comes last. */
async function publish(
  source: SourceSpec,
  collection: Collection,
  form: Survey,
  { folder, work, state }: { readonly folder: string; readonly work: string; readonly state: string },
): Promise<ImportRecord> {
  const { classNames, images } = collection;
  const train = countTrain(images);
  const hash = createHash("sha256");
  const seen = new Map<string, number>();
  const duplicates: [string, string][] = [];
  let duplicateCount = 0;
  const temporary: string[] = [];
  try {
    for (const part of ["train", "test"] as const) {
      const ofPart = images.filter((image) => image.part === part);
      hash.update(fingerprintHead(part, ofPart.length, form.shape, classNames.length));
      const path = join(work, `${part}.images`);
      temporary.push(path, join(work, `${part}.labels`));
      await writePieces(path, async function* () {
        for (const range of ranges(images).filter(([from]) => (part === "train" ? from < train : from >= train))) {
          const bytes = await chunk(work, collection, range, form);
          if (!(bytes instanceof Uint8Array)) throw sourceError(source.place, bytes);
          hash.update(bytes);
          for (let i = range[0]; i < range[1]; i++) {
            const at = (i - range[0]) * form.pixels;
            const id = createHash("sha256")
              .update(bytes.subarray(at, at + form.pixels))
              .digest("base64");
            const same = seen.get(id);
            if (part === "train") seen.set(id, same ?? i);
            else if (same !== undefined && ++duplicateCount <= MOST_DUPLICATES)
              duplicates.push([images[i]?.name ?? "", images[same]?.name ?? ""]);
          }
          yield bytes;
        }
      });
      const labels = labelArray(ofPart, classNames.length);
      hash.update(labels);
      await writePieces(join(work, `${part}.labels`), () => [new Uint8Array(labels.buffer)]);
    }
    const content = hash.digest("hex");
    const names = importedFiles(content);
    for (const [i, path] of temporary.entries()) renameSync(path, join(folder, names[i] ?? ""));
    syncFolder(folder);
    const { kind, place, ...options } = source;
    const record: ImportRecord = {
      format: 1,
      source: { kind, place, ...options },
      state,
      content,
      classNames: [...classNames],
      shape: [...form.shape],
      train,
      test: images.length - train,
      duplicates: duplicateCount,
      duplicateNames: duplicates,
      created: new Date().toISOString(),
    };
    writeFileAtomic(join(folder, RECORD), `${JSON.stringify(record, null, 2)}\n`);
    removeOlder(folder, names);
    return record;
  } catch (error) {
    for (const path of temporary) removeQuietly(path);
    throw error;
  }
}

function labelArray(images: readonly SourceImage[], classes: number): Uint8Array | Uint16Array {
  const labels = images.map(({ label }) => label);
  return labelBytes(classes) === 1 ? Uint8Array.from(labels) : Uint16Array.from(labels);
}

async function writePieces(
  path: string,
  pieces: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  let file: number | undefined;
  try {
    file = openSync(path, "w");
    for await (const piece of pieces()) for (let done = 0; done < piece.length; ) done += writeSync(file, piece, done);
    fsyncSync(file);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause) throw writeFailure(path, cause);
    throw cause;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** What an earlier state of the source left. */
function removeOlder(folder: string, names: readonly string[]): void {
  for (const name of readdirSync(folder))
    if (/\.(images|labels)$/.test(name) && !names.includes(name)) removeQuietly(join(folder, name));
}
