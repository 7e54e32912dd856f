import { readdirSync } from "node:fs";
import { basename, dirname } from "node:path";
import { InputError } from "../core/errors.ts";
import { suggest } from "../core/nearest.ts";
import { readBounded } from "../core/read-bounded.ts";
import { parseSpec } from "./parse.ts";
import type { Spec } from "./types.ts";

/** The largest spec of the project has 20 kB; a grid that a script writes out may have some hundred. */
const MAX_SPEC_BYTES = 1_000_000;

/**
 * Reads a spec from a file; the other parameters are those of parseSpec.
 * @throws InputError when there is no such file, with the nearest names of its folder, or it has more than a megabyte; or as parseSpec
 */
export function loadSpec(path: string, overrides: readonly string[] = [], change?: (tree: unknown) => unknown): Spec {
  return parseSpec(readSpecText(path), path, overrides, change);
}

/** The text of a spec's file. @throws InputError as loadSpec, but for what is in the text */
export function readSpecText(path: string): string {
  let bytes: Buffer | undefined;
  try {
    bytes = readBounded(path, MAX_SPEC_BYTES);
  } catch (cause) {
    throw unreadable(path, cause);
  }
  if (bytes === undefined)
    throw new InputError({
      where: path,
      message: `expected a spec of at most ${MAX_SPEC_BYTES} bytes, got more`,
      hint: "a spec is a YAML text; weight files are read by `sweepstake prune` and `compare`",
    });
  const text = bytes.toString("utf8");
  if (text.includes("\0"))
    throw new InputError({
      where: path,
      message: "expected a spec, a YAML text, got a binary file",
      hint: "weight files are read by `sweepstake prune` and `compare`; a TorchScript network is named by model: { torchscript: FILE }",
    });
  return text;
}

function unreadable(path: string, cause: unknown): InputError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (code === "EISDIR") return new InputError({ where: path, message: "expected a spec file, got a folder" });
  if (code !== "ENOENT" && code !== "ENOTDIR") {
    return new InputError({
      where: path,
      message: `cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
    });
  }
  const message = "expected a spec file, got a path where no file is";
  const names = specFiles(dirname(path));
  if (names.length === 0) return new InputError({ where: path, message });
  return new InputError({ where: path, message, hint: suggest(basename(path), names) });
}

function specFiles(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /\.ya?ml$/.test(name))
      .sort();
  } catch {
    return [];
  }
}
