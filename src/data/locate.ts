import { existsSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { InputError } from "../core/errors.ts";
import { expandHome } from "../core/expand-home.ts";
import { dataSets } from "./catalog.ts";
import { dataSetOf } from "./data-set-of.ts";
import { plainOrGzipped } from "./read-file.ts";
import type { DataSetDefinition, DataSpec } from "./types.ts";

/** A place where a data set was looked for in vain, and why it was not taken. */
export interface PlaceTried {
  readonly place: string;
  readonly reason: string;
}

/** Whether a data set's files are there; for `doctor`. */
export interface DataStatus {
  readonly name: string;
  readonly title: string;
  /** The folder with the files, when they are there. */
  readonly folder?: string;
  /** Places looked at before it, or all of them when nothing was found. */
  readonly tried: readonly PlaceTried[];
  /** How to get the files. */
  readonly obtain: string;
}

/**
 * The folder that holds all files of a data set (only their presence is checked). With `path` in the spec, that folder or
 * its subfolder of the usual name, and nothing else: files of another place must not stand in for the ones asked for.
 * Without, the first of: `$SWEEPSTAKE_DATA/<usual name>`, the Debian package's folder, `~/.sweepstake/data/<usual name>`.
 * @throws InputError that lists every place with the reason, and how to get the files
 */
export function locateData(spec: DataSpec): string {
  const set = dataSetOf(spec);
  const status = search(set, spec.path);
  if (status.folder !== undefined) return status.folder;
  const places = status.tried.map(({ place, reason }) => `\n    ${place}: ${reason}`).join("");
  const elsewhere =
    spec.path === undefined
      ? `Put the folder ${set.folder} into ${homeFolder()}, or name its place with the field data.path or the variable SWEEPSTAKE_DATA`
      : "Then let data.path name that folder, or leave data.path out to search the usual places";
  throw new InputError({
    where: spec.path === undefined ? "data" : "data.path",
    message: `cannot find the files of ${set.title}; looked in${places}`,
    hint: `${set.obtain}. ${elsewhere}`,
  });
}

/** As `locateData`; undefined where it has an error. */
export function findData(spec: DataSpec): string | undefined {
  return search(dataSetOf(spec), spec.path).folder;
}

/**
 * Where a data set is, or why it is not found, without an error.
 * @throws InputError for an unknown name
 */
export function dataStatus(name: string): DataStatus {
  return search(dataSets.get(name), undefined);
}

function search(set: DataSetDefinition, path: string | undefined): DataStatus {
  const tried: PlaceTried[] = [];
  for (const place of path === undefined ? usualPlaces(set) : placesUnder(set, path)) {
    const reason = whyNot(set, place);
    if (reason === undefined) return { name: set.name, title: set.title, folder: place, tried, obtain: set.obtain };
    tried.push({ place, reason });
  }
  return { name: set.name, title: set.title, tried, obtain: set.obtain };
}

function homeFolder(): string {
  return join(homedir(), ".sweepstake", "data");
}

function usualPlaces(set: DataSetDefinition): string[] {
  const places: string[] = [];
  const variable = process.env.SWEEPSTAKE_DATA;
  // Not the variable's folder itself: MNIST and Fashion-MNIST use the same file names and would be taken for each other.
  if (variable !== undefined && variable !== "") places.push(join(expandHome(variable), set.folder));
  if (set.packaged !== undefined) places.push(set.packaged);
  places.push(join(homeFolder(), set.folder));
  return places;
}

/** A path is the folder itself or its parent. */
function placesUnder(set: DataSetDefinition, path: string): string[] {
  const folder = resolve(expandHome(path));
  return basename(folder) === set.folder ? [folder] : [join(folder, set.folder), folder];
}

/** Why a folder does not hold the data set, or undefined when it does. */
function whyNot(set: DataSetDefinition, place: string): string | undefined {
  const found = notAFolder(place) ?? missingFiles(set, place);
  if (found === undefined) return undefined;
  // An archive that was not unpacked lies beside the folder it would make, the mistaken version as well.
  const lookalike = (set.lookalikes ?? []).find(
    ({ name }) => existsSync(join(place, name)) || existsSync(join(dirname(place), name)),
  );
  return lookalike === undefined ? found : `${found}, but there is ${lookalike.name}: ${lookalike.advice}`;
}

function notAFolder(place: string): string | undefined {
  try {
    return statSync(place).isDirectory() ? undefined : "not a folder";
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    // ENOTDIR: a part of the path is a file.
    return code === "ENOENT" || code === "ENOTDIR" ? "no such folder" : `cannot look into it (${code})`;
  }
}

function missingFiles(set: DataSetDefinition, folder: string): string | undefined {
  const isThere = (name: string) =>
    set.layout === "idx" ? plainOrGzipped(join(folder, name)) !== undefined : existsSync(join(folder, name));
  const missing = set.files.filter((name) => !isThere(name));
  if (missing.length === 0) return undefined;
  return missing.length === set.files.length ? `has none of ${missing.join(", ")}` : `lacks ${missing.join(", ")}`;
}
