import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { visible } from "../core/visible.ts";
import { type ImportRecord, importsFolder, readRecord } from "../data/import/record.ts";

/** An import in the folder of all. */
export interface ImportedSet {
  readonly folder: string;
  readonly bytes: number;
  /** Absent while it is not done. */
  readonly record?: ImportRecord;
}

/** All imports of this user, by name. */
export function importedSets(): readonly ImportedSet[] {
  const base = importsFolder();
  if (statSync(base, { throwIfNoEntry: false }) === undefined) return [];
  return readdirSync(base)
    .sort()
    .map((name) => {
      const folder = join(base, name);
      const record = readRecord(folder);
      return { folder, bytes: sizeOf(folder), ...(record === undefined ? {} : { record }) };
    });
}

export function listText(sets: readonly ImportedSet[]): string {
  if (sets.length === 0) return "no imported data; sweepstake data import FOLDER makes some\n";
  return sets
    .map(({ folder, bytes, record }) => {
      const size = `${(bytes / 1e6).toFixed(1)} MB`;
      if (record === undefined) return `${visible(folder)}  ${size}, not finished: the same import goes on\n`;
      const { source, shape, classNames, train, test } = record;
      return `${visible(source.place)}  ${shape.join("×")}, ${classNames.length} classes, ${train} + ${test} images, ${size}\n  ${visible(folder)}\n`;
    })
    .join("");
}

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).reduce((sum, name) => {
    const stat = statSync(join(folder, name), { throwIfNoEntry: false });
    return sum + (stat?.isFile() === true ? stat.size : 0);
  }, 0);
}
