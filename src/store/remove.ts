import { existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "../core/atomic-write.ts";
import { RunError } from "../core/errors.ts";
import type { Layout } from "./layout.ts";

/**
 * Removes a stage's object, its unfinished attempt and the note of its failure; whoever calls holds its lease. The object goes in one
 * rename, so nobody sees a part of it; what a killed removal leaves lies in the quarantine.
 * @throws RunError when the disk does not allow it
 */
export function removeStage(layout: Layout, key: string): void {
  const object = layout.object(key);
  try {
    if (existsSync(object)) {
      const away = freePlace(layout, key);
      makeFolder(layout.quarantines);
      renameSync(object, away);
      rmSync(away, { recursive: true, force: true });
    }
    rmSync(layout.work(key), { recursive: true, force: true });
    rmSync(layout.failure(key), { force: true });
  } catch (cause) {
    throw new RunError(
      `cannot remove ${object}: ${cause instanceof Error ? cause.message : String(cause)}`,
      "check the permissions of the store (ls -l)",
      { cause },
    );
  }
}

function freePlace(layout: Layout, key: string): string {
  for (let n = 1; ; n++) {
    const place = layout.quarantine(key, n);
    if (!existsSync(place)) return place;
  }
}

/** Removes what lies in the quarantine, if it is ours by its name. @returns how many objects */
export function emptyQuarantine({ quarantines }: Layout): number {
  if (!existsSync(quarantines)) return 0;
  const ours = readdirSync(quarantines).filter((name) => /^[0-9a-f]{64}-\d+$/.test(name));
  for (const name of ours) rmSync(join(quarantines, name), { recursive: true, force: true });
  return ours.length;
}
