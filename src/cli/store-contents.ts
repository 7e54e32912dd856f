import { renderTable } from "../analysis/text-table.ts";
import { InputError, RunError } from "../core/errors.ts";
import { SHORT_KEY } from "../export/find-object.ts";
import { loadSpec } from "../spec/load.ts";
import type { Store } from "../store/store.ts";
import { specFiles } from "./list-runs.ts";
import { planFor } from "./plan-for.ts";
import { bytes } from "./plan-text.ts";

/** An object of a store. */
export interface StoredObject {
  readonly key: string;
  readonly kind: string;
  /** Of all its files but the record. */
  readonly sizeBytes: number;
  /** YAML files of the folder whose plans have it. */
  readonly neededBy: readonly string[];
}

export interface StoreContents {
  readonly objects: readonly StoredObject[];
  /** YAML files that could not be planned, so that nobody knows what they need, and why. */
  readonly unknown: readonly { readonly file: string; readonly problem: string }[];
  /** Keys of all stages of the folder's plans, stored or not. */
  readonly needed: ReadonlySet<string>;
}

/**
 * What a store holds and which experiment of a folder needs it. Reads records, not files; changes nothing.
 * @throws InputError when the folder is none
 */
export function storeContents(store: Store, folder: string): StoreContents {
  const needed = new Map<string, string[]>();
  const unknown: { file: string; problem: string }[] = [];
  for (const file of specFiles(folder)) {
    try {
      for (const key of planFor(loadSpec(file, []), store).stages.keys())
        needed.set(key, [...(needed.get(key) ?? []), file]);
    } catch (error) {
      if (!(error instanceof InputError) && !(error instanceof RunError)) throw error;
      unknown.push({ file, problem: error.message.split("\n")[0] ?? "" });
    }
  }
  const objects = [...store.list()].map(({ key, kind, files }) => ({
    key,
    kind,
    sizeBytes: Object.values(files).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    neededBy: needed.get(key) ?? [],
  }));
  return { objects, unknown, needed: new Set(needed.keys()) };
}

/** A row per object. */
export function contentsText({ objects, unknown }: StoreContents): string {
  if (objects.length === 0) return `nothing in the store\n${unknownText(unknown)}`;
  const rows = objects.map(({ key, kind, sizeBytes, neededBy }) => [
    key.slice(0, SHORT_KEY),
    kind,
    bytes(sizeBytes),
    neededBy.join(", ") || "no spec of the folder",
  ]);
  const columns = ["object", "kind", "size", "needed by"];
  return renderTable({ title: "objects", columns, rows, heads: 2 }, Number.MAX_SAFE_INTEGER) + unknownText(unknown);
}

/** Sizes by kind, and of what no spec of the folder needs. */
export function sizesText({ objects, unknown }: StoreContents): string {
  const kinds = [...new Set(objects.map(({ kind }) => kind))].sort();
  const rows = [
    ...kinds.map((kind) =>
      sizeRow(
        kind,
        objects.filter((object) => object.kind === kind),
      ),
    ),
    sizeRow("all", objects),
    sizeRow(
      "needed by no spec of the folder",
      objects.filter(({ neededBy }) => neededBy.length === 0),
    ),
  ];
  const table = renderTable(
    { title: "sizes", columns: ["what", "objects", "size"], rows, heads: 1 },
    Number.MAX_SAFE_INTEGER,
  );
  return table + unknownText(unknown);
}

function sizeRow(what: string, objects: readonly StoredObject[]): string[] {
  return [what, String(objects.length), bytes(objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0))];
}

function unknownText(unknown: StoreContents["unknown"]): string {
  return unknown.map(({ file, problem }) => `note: what ${file} needs is not known: ${problem}\n`).join("");
}
