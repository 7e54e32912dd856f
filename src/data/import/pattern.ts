import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { InputError } from "../../core/errors.ts";
import type { SourceSpec } from "./source.ts";
import { TEST_NAMES } from "./split.ts";
import { reason, type StoredFile, storedFile } from "./stored-file.ts";

/** The files of a source whose place is a pattern; `test` is absent where a share is split off. */
export interface PatternFiles {
  readonly train: readonly StoredFile[];
  readonly test?: readonly StoredFile[];
}

/**
 * The files to train and to test on. Without `data.test`, those to test on have test, val, valid or validation where the pattern has
 * train.
 * @throws InputError for patterns without a file, files that a list names and that are not there, several parts to test on
 */
export function patternFiles({ kind, place, test }: SourceSpec): PatternFiles {
  const train = filesOf(place);
  if (typeof test === "number") return { train };
  if (test !== undefined) return { train, test: filesOf(resolve(dirname(place), test)) };
  const base = basename(place);
  // Parts have other numbers of files, so their numbers are not those of the training part.
  const candidates = base.includes("train")
    ? TEST_NAMES.map((name) => join(dirname(place), base.replace("train", name).replaceAll(/\{\d+\.\.\d+\}/g, "*")))
    : [];
  const there = candidates.filter((candidate) => matches(candidate).some(({ isThere }) => isThere));
  const [only, ...others] = there;
  if (only === undefined || others.length > 0)
    throw new InputError({
      where: place,
      message: `expected files of one part to test on${candidates.length === 0 ? "" : ` (${candidates.map((of) => basename(of)).join(", ")})`}, got ${only === undefined ? "none" : there.map((of) => basename(of)).join(" and ")}`,
      hint: `data.test names them, or the share to test on: { ${kind}: …, test: 0.2, seed: 0 }`,
    });
  return { train, test: filesOf(only) };
}

function filesOf(pattern: string): readonly StoredFile[] {
  if (/^[a-z][a-z0-9+]+:/i.test(basename(pattern)) || /\b[a-z]+:\/[a-z]/i.test(pattern))
    throw new InputError({ where: pattern, message: "expected files on this machine", hint: "fetch them first" });
  const found = matches(pattern);
  const missing = found.filter(({ isThere }) => !isThere);
  if (found.length === 0 || missing.length > 0)
    throw new InputError({
      where: pattern,
      message: `expected files, got ${
        missing.length === 0
          ? "none of such a name"
          : `no ${missing
              .slice(0, 5)
              .map(({ path }) => basename(path))
              .join(", ")}${missing.length > 5 ? ` and ${missing.length - 5} more` : ""}`
      }`,
      hint: "* stands for any part of a name, {000..009} for numbers, {a,b} for either",
    });
  return found.map(({ path }) => storedFile(path));
}

interface Match {
  readonly path: string;
  readonly isThere: boolean;
}

/** Paths of a pattern: braces anywhere, `*` and `?` in the file's name; sorted by name where those are. */
function matches(pattern: string): Match[] {
  const folders = new Map<string, readonly string[]>();
  return braces(pattern).flatMap((path) => {
    const name = basename(path);
    const names = folders.get(dirname(path)) ?? entries(dirname(path), path);
    folders.set(dirname(path), names);
    if (!/[*?]/.test(name)) return [{ path, isThere: existsSync(path) }];
    const expression = new RegExp(
      `^${name
        .replaceAll(/[.+^$()|[\]\\{}]/g, "\\$&")
        .replaceAll("*", ".*")
        .replaceAll("?", ".")}$`,
    );
    return names
      .filter((other) => expression.test(other) && !other.startsWith("."))
      .sort()
      .map((other) => ({ path: join(dirname(path), other), isThere: true }));
  });
}

/** Shards of the largest public sets number thousands. */
const MOST_FILES = 100_000;

/** Every text that `{000..009}` and `{a,b}` stand for; numbers are as wide as their first. */
function braces(pattern: string): string[] {
  const found = /\{([^{}]*)\}/.exec(pattern);
  if (found === null) return [pattern];
  const [whole, inside = ""] = found;
  const [, first, last] = /^(\d+)\.\.(\d+)$/.exec(inside) ?? [];
  const count = first === undefined ? inside.split(",").length : Number(last) - Number(first) + 1;
  if (count < 1 || count > MOST_FILES)
    throw new InputError({ where: pattern, message: `expected 1 to ${MOST_FILES} numbers in ${whole}, got ${count}` });
  const texts =
    first === undefined
      ? inside.split(",")
      : Array.from({ length: count }, (_, i) => String(Number(first) + i).padStart(first.length, "0"));
  const all = texts.flatMap((text) => braces(pattern.replace(whole, () => text)));
  if (all.length > MOST_FILES)
    throw new InputError({ where: pattern, message: `expected at most ${MOST_FILES} files, got ${all.length}` });
  return all;
}

function entries(folder: string, where: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (cause) {
    throw new InputError({ where, message: `cannot look into the folder (${reason(cause)})` });
  }
}
