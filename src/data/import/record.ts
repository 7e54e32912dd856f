import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join, resolve } from "node:path";
import { z } from "zod";
import { canonicalJson, sha256 } from "../../core/canonical-json.ts";
import { InputError } from "../../core/errors.ts";
import { type SourceSpec, sourceFields, sourceKinds } from "./source.ts";

/** Name of the record in an import's folder; only it means that the import is done. */
export const RECORD = "set.json";

const count = z.int().min(1);
const sha = z.string().regex(/^[0-9a-f]{64}$/);

const recordSchema = z.object({
  format: z.literal(1),
  source: z.object({ kind: z.enum([...sourceKinds, "arrays"]), place: z.string(), ...sourceFields }),
  /** SHA-256 of the names, sizes and times of the source's files. */
  state: sha,
  /** `Dataset.content`: SHA-256 of all images and labels. */
  content: sha,
  classNames: z.array(z.string()).min(2).max(65_535),
  shape: z.tuple([count, count, count]),
  train: count,
  test: count,
  /** Test images that are also in the training part, pixel by pixel, up to 100 of them; `duplicates` counts all. */
  duplicates: z.int().min(0),
  duplicateNames: z.array(z.tuple([z.string(), z.string()])),
  created: z.string(),
});

/** What is known of an imported set: its source, sizes, names and identity. */
export type ImportRecord = z.output<typeof recordSchema>;

/** Folder of all imported sets: `imported` in `$SWEEPSTAKE_DATA`, or in `~/.sweepstake/data`. */
export function importsFolder(): string {
  const variable = process.env.SWEEPSTAKE_DATA;
  const base = variable === undefined || variable === "" ? join(homedir(), ".sweepstake", "data") : resolve(variable);
  return join(base, "imported");
}

/** Folder of one source's import: its name, and a hash of its place and of what becomes of its images. */
export function importFolder(source: SourceSpec): string {
  const place = realPlace(source.place);
  const id = sha256(canonicalJson({ ...source, place })).slice(0, 16);
  return join(
    importsFolder(),
    `${basename(place)
      .replaceAll(/[^\w.-]+/g, "_")
      .slice(0, 60)}-${id}`,
  );
}

function realPlace(place: string): string {
  try {
    return realpathSync(place);
  } catch {
    return resolve(place);
  }
}

/** Files of the two parts, inside the import's folder. A changed source gets others, so that running experiments keep theirs. */
export function importedFiles(content: string): readonly [string, string, string, string] {
  const base = content.slice(0, 16);
  return [`${base}.train.images`, `${base}.train.labels`, `${base}.test.images`, `${base}.test.labels`];
}

/** The folder of the import with a content; undefined where there is none. */
export function findImport(content: string): string | undefined {
  const base = importsFolder();
  if (statSync(base, { throwIfNoEntry: false }) === undefined) return undefined;
  const folders = readdirSync(base).map((name) => join(base, name));
  return folders.find((folder) => readRecord(folder)?.content === content);
}

const known = new Map<string, { readonly state: string; readonly record: ImportRecord }>();

/** The record in an import's folder; undefined where there is none. @throws InputError when it is damaged */
export function readRecord(folder: string): ImportRecord | undefined {
  const path = join(folder, RECORD);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  const state = `${stat.size} ${stat.mtimeMs} ${stat.ino}`;
  const found = known.get(path);
  if (found?.state === state) return found.record;
  const record = parse(path);
  known.set(path, { state, record });
  return record;
}

function parse(path: string): ImportRecord {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw new InputError({
      where: path,
      message: `expected the record of an imported data set, which cannot be read: ${reason}`,
      hint: "import the data again: sweepstake data import",
    });
  }
}
