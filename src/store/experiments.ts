import { readdirSync, rmSync } from "node:fs";
import { writeFileAtomic } from "../core/atomic-write.ts";
import { canonicalJson, type Json, sha256 } from "../core/canonical-json.ts";
import { readBounded } from "../core/read-bounded.ts";
import type { Layout } from "./layout.ts";

/** A sweep of some thousand settings, each written out, has a few megabytes. */
const MAX_SPEC_BYTES = 64_000_000;

/**
 * The checked specs that were run in a store, so that whoever looks at the store alone knows what its stages mean. No part of any key: a
 * store without them gives the same results.
 */
export class Experiments {
  readonly #layout: Layout;
  readonly #create: () => void;

  /** @param create makes the store when there is none yet */
  constructor(layout: Layout, create: () => void) {
    this.#layout = layout;
    this.#create = create;
  }

  /** @param id `experimentId` of the plan @param spec its spec, with the content of its data @throws RunError when the store cannot be written */
  note(id: string, spec: Json): void {
    if (this.read(id) !== undefined) return;
    this.#create();
    const note = { format: 1, sha256: sha256(canonicalJson(spec)), spec };
    writeFileAtomic(this.#layout.experiment(id), `${JSON.stringify(note)}\n`);
  }

  /** Ids of all specs noted, sorted. */
  ids(): readonly string[] {
    try {
      return readdirSync(this.#layout.experiments)
        .flatMap((name) => /^([0-9a-f]{64})\.json$/.exec(name)?.[1] ?? [])
        .sort();
    } catch {
      return []; // none yet
    }
  }

  /** The spec as it was noted; undefined when there is none, or a byte of it is not as it was written. Its fields are not checked. */
  read(id: string): Json | undefined {
    try {
      const bytes = readBounded(this.#layout.experiment(id), MAX_SPEC_BYTES);
      const text = bytes?.toString("utf8") ?? "";
      const file = JSON.parse(text) as Json;
      if (typeof file !== "object" || file === null || !("sha256" in file) || !("spec" in file)) return undefined;
      const { spec } = file;
      const isWhole =
        sha256(canonicalJson(spec)) === file.sha256 && text === `${JSON.stringify({ ...file, format: 1 })}\n`;
      return isWhole ? spec : undefined;
    } catch {
      return undefined;
    }
  }

  /** Removes a note that cannot be read; the next run of its spec writes it anew. */
  remove(id: string): void {
    rmSync(this.#layout.experiment(id), { force: true });
  }
}
