import { readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeFolder, replaceFile, syncFolder, writeFailure } from "../core/atomic-write.ts";
import { isLog, type Layout, RECORD_FILE, replacementPath } from "./layout.ts";
import { LeaseLostError } from "./lease-lost.ts";
import { encodeRecord } from "./record.ts";
import type { FileEntry, ObjectRecord } from "./types.ts";

/**
 * Makes a new object visible: the record joins its files in `folder`, then one rename puts the whole folder into place.
 * A crash before the rename leaves no object, one after it a complete one. A holder that lost its lease on the way publishes nothing: the
 * successor has moved the folder, which is not made anew, and the lease is asked for once more right before the rename.
 * @param folder   holds exactly the files that the record lists, each written and synced
 * @param isMine whether the lease is held, asked of the file system
 * @throws LeaseLostError when it is not, or the folder is gone
 */
export function publish(layout: Layout, folder: string, record: ObjectRecord, isMine: () => boolean): void {
  const target = layout.object(record.key);
  try {
    replaceFile(join(folder, RECORD_FILE), encodeRecord(record));
    makeFolder(dirname(target));
    syncFolder(layout.objects);
    syncFolder(layout.root);
    checkWhole(folder, record);
    if (!isMine()) throw new LeaseLostError(record.key);
    renameSync(folder, target);
    syncFolder(dirname(target));
  } catch (cause) {
    throw writeFailure(target, cause);
  }
}

/** A result without one of its files must not be. */
function checkWhole(folder: string, { key, files }: ObjectRecord): void {
  for (const [file, { sizeBytes }] of Object.entries(files)) {
    const size = statSync(join(folder, file), { throwIfNoEntry: false })?.size;
    if (size !== sizeBytes) throw new LeaseLostError(key);
  }
}

/**
 * Adds files to an object that exists: they are copied beside the old ones, then the record that lists both replaces the old
 * record. A crash before that leaves the old object (and files that nobody reads), one after it the extended one.
 * A stored file is never overwritten by another content: others were computed from it. Only logs are replaced, and the
 * longer log gets a new name on disk. The old provenance and summary stay, with the cost added; the new provenance is listed beside them.
 * @param folder   holds the files of `record.files`, each written and synced
 * @param isMine whether the lease is held, asked of the file system
 * @returns the record as stored
 * @throws LeaseLostError when it is not
 */
export function extend(
  layout: Layout,
  folder: string,
  old: ObjectRecord,
  record: ObjectRecord,
  isMine: () => boolean,
): ObjectRecord {
  const target = layout.object(record.key);
  const files: Record<string, FileEntry> = { ...old.files };
  try {
    for (const [file, entry] of Object.entries(record.files)) {
      const before = old.files[file];
      const isSame = before !== undefined && before.sha256 === entry.sha256;
      if (before !== undefined && !isSame && !isLog(file)) continue;
      if (!isSame) files[file] = before === undefined ? entry : { ...entry, path: replacementPath(file, entry.sha256) };
      // Copied, not moved: until the record is there, the checkpoint needs them where they are.
      replaceFile(join(target, files[file]?.path ?? file), readFileSync(join(folder, file)));
    }
    const { provenance } = old;
    const durationMs = provenance.durationMs + record.provenance.durationMs;
    const extensions = [...(old.extensions ?? []), record.provenance];
    const extended = { ...old, files, provenance: { ...provenance, durationMs }, extensions };
    if (!isMine()) throw new LeaseLostError(record.key);
    replaceFile(join(target, RECORD_FILE), encodeRecord(extended));
    quietly(() =>
      removeOthers(target, [RECORD_FILE, ...Object.entries(files).map(([file, { path }]) => path ?? file)]),
    );
    return extended;
  } catch (cause) {
    throw writeFailure(target, cause);
  }
}

/** For what is tidied up after a result is safe: what stays behind harms nobody, a failure would hide the result. */
export function quietly(action: () => void): void {
  try {
    action();
  } catch {
    // The next holder, or `store verify`, finds it.
  }
}

/** Removes everything from a folder but these files: remains of an attempt that was cut short, logs that were replaced. */
export function removeOthers(folder: string, keep: readonly string[]): void {
  for (const name of readdirSync(folder)) {
    if (!keep.includes(name)) rmSync(join(folder, name), { recursive: true, force: true });
  }
}
