import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { readBytes } from "./read-bytes.ts";
import { damaged, listed, quoted, refuse } from "./refuse.ts";

/** More than any model has, and a bound for what an index may make us open. */
const MAX_SHARDS = 1000;

/** Names and files of some 100,000 arrays. */
const MAX_INDEX_BYTES = 16_000_000;

/**
 * The files that an index lists: `model.safetensors.index.json` of a model that was saved in parts.
 * @returns undefined for a file that is no index
 * @throws InputError for an index that is damaged, names files elsewhere, or files that are not there
 */
export function shardsOf(path: string): readonly string[] | undefined {
  if (!path.endsWith(".index.json")) return undefined;
  const names = [...new Set(Object.values(weightMap(path)))];
  if (names.length === 0 || names.length > MAX_SHARDS)
    throw refuse(path, `expected an index of 1 to ${MAX_SHARDS} files, got ${names.length}`, damaged);
  const elsewhere = names.filter((name) => basename(name) !== name);
  if (elsewhere.length > 0)
    throw refuse(path, `expected files of the same folder, got ${listed(elsewhere.map(quoted))}`, damaged);
  const missing = names.filter((name) => !existsSync(join(dirname(path), name)));
  if (missing.length > 0)
    throw refuse(path, `lists files that are not there: ${listed(missing.map(quoted))}`, "copy the whole folder");
  return names.map((name) => join(dirname(path), name));
}

/**
 * One of several files of a model is no model: its first layer would be protected as that of the network.
 * @throws InputError for a name such as `model-00002-of-00003.safetensors`
 */
export function refuseShard(path: string): void {
  const [, stem = "", number, total, ending = ""] = /^(.*)-(\d{3,6})-of-(\d{3,6})(\.\w+)$/.exec(basename(path)) ?? [];
  if (number === undefined || Number(total) < 2) return;
  const index = `${stem}${ending}.index.json`;
  const hint = existsSync(join(dirname(path), index))
    ? `name the index, ${index}, which reads them all`
    : `name the index (${index}), which reads them all; a single file is read under a name without "-of-"`;
  throw refuse(path, `expected a whole model, got part ${Number(number)} of ${Number(total)}`, hint);
}

function weightMap(path: string): Readonly<Record<string, string>> {
  let value: unknown;
  try {
    value = JSON.parse(readBytes(path, MAX_INDEX_BYTES).toString("utf8"));
  } catch (error) {
    if (error instanceof SyntaxError) throw refuse(path, "expected an index in JSON, got something else", damaged);
    throw error;
  }
  const map = typeof value === "object" && value !== null && "weight_map" in value ? value.weight_map : undefined;
  if (typeof map !== "object" || map === null || !Object.values(map).every((name) => typeof name === "string"))
    throw refuse(path, "expected an index with weight_map, names of arrays to names of files", damaged);
  return map as Readonly<Record<string, string>>;
}
