import { realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { writeFileAtomic } from "../core/atomic-write.ts";
import { canonicalJson, sha256 } from "../core/canonical-json.ts";
import { InputError } from "../core/errors.ts";
import { readBounded } from "../core/read-bounded.ts";
import { dataSetOf } from "./data-set-of.ts";
import { IMPORTED } from "./import/imported.ts";
import { readContent } from "./load.ts";
import { findData } from "./locate.ts";
import { plainOrGzipped } from "./read-file.ts";
import type { DataSetDefinition, DataSpec } from "./types.ts";

/** The content of a data set that is nowhere to be found; no set has it. */
export const MISSING_CONTENT = "missing";

/** SHA-256 of the images and labels that a spec names, in hexadecimal, or `MISSING_CONTENT`. */
export type ContentOf = (spec: DataSpec) => string;

/**
 * Which images and labels a spec means, as the identity of everything that is computed from them: SHA-256 of the whole set, official training
 * and test part, before subset and split. It is the same wherever the files lie and whether they are packed.
 *
 * What the spec states, which a training then checks; else that of the files that are found; else that of the official files where the
 * catalogue knows it, so that one can plan and report without the images. Reading a set takes a second, so what was computed is kept in
 * `~/.sweepstake/data-content.json` beside size, times and inode of each file, and counts only while none of these has changed.
 */
export const dataContent: ContentOf = (spec) => {
  return contentAtHand(spec) ?? dataSetOf(spec).content ?? MISSING_CONTENT;
};

/**
 * What the spec states or the files hold; undefined where there are no files, or damaged ones: reading them for a training names the
 * damage.
 */
export function contentAtHand(spec: DataSpec): string | undefined {
  if (spec.content !== undefined) return spec.content;
  // Computed while importing; every training hashes the bytes it reads.
  if (spec.name === IMPORTED) return dataSetOf(spec).content;
  const folder = findData(spec);
  if (folder === undefined) return undefined;
  try {
    return cached(dataSetOf(spec), folder);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/** Of this process; asking the file for every variant would be as slow as a large plan. */
const known = new Map<string, string>();

function cached(set: DataSetDefinition, folder: string): string {
  const state = stateOf(set, folder);
  const id = sha256(canonicalJson([set.name, ...state.files.map((file) => [...file])]));
  const found = known.get(id) ?? readCache()[id];
  const content = found ?? readContent(set, folder);
  known.set(id, content);
  if (found === undefined && isSettled(state.newest) && sameState(state, stateOf(set, folder))) keep(id, content);
  return content;
}

interface FilesState {
  /** Of each file: place, device, inode, size, and times in nanoseconds, as texts. */
  readonly files: readonly (readonly string[])[];
  /** When the last of them changed, in milliseconds. */
  readonly newest: number;
}

function stateOf(set: DataSetDefinition, folder: string): FilesState {
  const stats = set.files.map((name) => {
    const path = plainOrGzipped(join(folder, name)) ?? join(folder, name);
    try {
      return { path: realpathSync(path), stat: statSync(path, { bigint: true }) };
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new InputError({ where: path, message: `cannot look at the file (${reason})` });
    }
  });
  const files = stats.map(({ path, stat: { dev, ino, size, mtimeNs, ctimeNs } }) => [
    path,
    ...[dev, ino, size, mtimeNs, ctimeNs].map(String),
  ]);
  return {
    files,
    newest: Math.max(...stats.flatMap(({ stat }) => [Number(stat.mtimeMs), Number(stat.ctimeMs)])),
  };
}

function sameState(a: FilesState, b: FilesState): boolean {
  return canonicalJson(a.files.map((file) => [...file])) === canonicalJson(b.files.map((file) => [...file]));
}

/** File systems count time in steps of up to two seconds: a file that was just written could change again without a new time. */
function isSettled(newest: number): boolean {
  return Date.now() - newest > 2_000;
}

/** More sets than anybody has; the oldest go first. */
const MOST_KEPT = 100;

/** That many take 15 kB. */
const MAX_CACHE_BYTES = 1_000_000;

function cacheFile(): string {
  return join(homedir(), ".sweepstake", "data-content.json");
}

/** What was kept, oldest first; nothing where the file is missing or damaged. */
function readCache(): Readonly<Record<string, string>> {
  try {
    const value: unknown = JSON.parse(readBounded(cacheFile(), MAX_CACHE_BYTES)?.toString("utf8") ?? "");
    const entries = Object.entries(value ?? {}).filter((entry): entry is [string, string] => isSha256(entry[1]));
    return Object.fromEntries(entries);
  } catch {
    return {};
  }
}

function isSha256(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}

function keep(id: string, content: string): void {
  const entries = [...Object.entries(readCache()), [id, content] as const].slice(-MOST_KEPT);
  try {
    writeFileAtomic(cacheFile(), `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`);
  } catch {
    // A home that cannot be written to makes the next command slower, not wrong.
  }
}
