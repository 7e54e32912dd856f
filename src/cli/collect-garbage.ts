import { InputError, RunError } from "../core/errors.ts";
import { visible } from "../core/visible.ts";
import { makePlan } from "../plan/plan.ts";
import type { Spec } from "../spec/types.ts";
import type { Store } from "../store/store.ts";
import { bytes } from "./plan-text.ts";
import { type StoreContents, storeContents } from "./store-contents.ts";

/** What `store gc` would remove. */
export interface Garbage {
  readonly objects: StoreContents["objects"];
  /** Stages that were begun and are no longer needed, or given up. */
  readonly unfinished: readonly string[];
  readonly sizeBytes: number;
  /** Experiments that were run in the store and lose results, with how many objects. */
  readonly losers: readonly { readonly name: string; readonly objects: number }[];
  /** Objects that no spec of the folder needs, but an experiment that runs now does. */
  readonly inUse: number;
}

/**
 * Objects and unfinished stages that neither a spec of a folder nor an experiment under way needs.
 * @throws InputError when what is needed is not known: no spec in the folder, one that cannot be planned, a running experiment that
 *         is neither in the folder nor noted in the store
 */
export function findGarbage(store: Store, folder: string): Garbage {
  const { objects, unknown, needed } = storeContents(store, folder);
  if (unknown.length > 0)
    throw new InputError(
      unknown.map(({ file, problem }) => ({
        where: file,
        message: `what it needs is not known: ${problem}`,
        hint: "mend it, or move it out of the folder, then nothing that it needs is kept",
      })),
    );
  if (needed.size === 0)
    throw new InputError({
      where: folder,
      message: "expected the specs of experiments whose results are to be kept, got none",
      hint: "name their folder: sweepstake store gc FOLDER",
    });
  const noted = store.experiments.ids().flatMap((id) => notedExperiment(store, id));
  const running = runningNeeds(store, needed, noted);
  const isGarbage = (key: string) => !needed.has(key) && !running.has(key);
  const removed = objects.filter(({ key }) => isGarbage(key));
  const stored = new Set(objects.map(({ key }) => key));
  return {
    objects: removed,
    unfinished: [...store.activity.list().begun].filter((key) => isGarbage(key) && !stored.has(key)),
    sizeBytes: removed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    losers: noted
      .map(({ name, keys }) => ({ name, objects: removed.filter(({ key }) => keys.has(key)).length }))
      .filter(({ objects: lost }) => lost > 0),
    inUse: objects.filter(({ key }) => !needed.has(key) && running.has(key)).length,
  };
}

/** Keys that experiments under way need which are not in the folder: those noted in the store of which a stage is being computed. */
function runningNeeds(
  store: Store,
  needed: ReadonlySet<string>,
  noted: readonly NotedExperiment[],
): ReadonlySet<string> {
  const claimed = [...store.activity.list().leased].filter((key) => store.isClaimed(key));
  const foreign = claimed.filter((key) => !needed.has(key));
  if (foreign.length === 0) return new Set();
  const running = noted.filter(({ keys }) => claimed.some((key) => keys.has(key)));
  const lost = foreign.find((key) => !running.some(({ keys }) => keys.has(key)));
  if (lost !== undefined)
    throw new InputError({
      where: lost.slice(0, 10),
      message: "is being computed for an experiment whose spec is not known here",
      hint: "wait until it has ended, or put its spec into the folder",
    });
  return new Set(running.flatMap(({ keys }) => [...keys]));
}

interface NotedExperiment {
  readonly name: string;
  readonly keys: ReadonlySet<string>;
}

/** An experiment that was run in the store; nothing where its note cannot be planned. */
function notedExperiment(store: Store, id: string): NotedExperiment[] {
  try {
    // What was noted had been checked; a note of another version may not fit.
    const spec = store.experiments.read(id) as unknown as Spec;
    const plan = makePlan(spec, ({ content }) => content ?? "");
    return [{ name: plan.spec.name, keys: new Set(plan.stages.keys()) }];
  } catch (error) {
    if (error instanceof InputError || error instanceof RunError || error instanceof TypeError) return [];
    throw error;
  }
}

/**
 * Removes it, each stage only if nobody works on it at that moment.
 * @returns objects and stages that were removed, and those that somebody had begun to compute meanwhile
 */
export function removeGarbage(store: Store, { objects, unfinished }: Garbage): { removed: number; busy: number } {
  const keys = [...objects.map(({ key }) => key), ...unfinished];
  const removed = keys.filter((key) => store.remove(key)).length;
  store.emptyQuarantine();
  return { removed, busy: keys.length - removed };
}

/** By kind, with what is kept for others. */
export function garbageText({ objects, unfinished, sizeBytes, losers, inUse }: Garbage): string {
  const kinds = [...new Set(objects.map(({ kind }) => kind))].sort();
  const lines = kinds.map((kind) => {
    const ofKind = objects.filter((object) => object.kind === kind);
    return `  ${kind.padEnd(10)}${String(ofKind.length).padStart(6)}  ${bytes(ofKind.reduce((sum, { sizeBytes: size }) => sum + size, 0))}`;
  });
  const names = losers.map(
    ({ name, objects: lost }) =>
      `  ${lost} of them are results of ${visible(name)}, whose spec is not in the folder or has changed`,
  );
  const kept = inUse === 0 ? [] : [`${inUse} objects are kept for an experiment that runs now`];
  if (objects.length === 0 && unfinished.length === 0)
    return `${["every object is needed by a spec of the folder", ...kept].join("\n")}\n`;
  return `${[`needed by no spec of the folder: ${objects.length} objects, ${bytes(sizeBytes)}; ${unfinished.length} unfinished stages`, ...lines, ...names, ...kept].join("\n")}\n`;
}
