import type { Json } from "../core/canonical-json.ts";
import { InputError, InternalError } from "../core/errors.ts";
import type { InitStage, Stage, TrainStage } from "../plan/types.ts";
import { STAGE_FILE } from "../store/layout.ts";
import { CorruptObjectError, type Store } from "../store/store.ts";
import type { ObjectRecord } from "../store/types.ts";
import type { EpochMetrics } from "../train/recipe.ts";

/** What a stored object says that it is: the part of a stage that its key hashes. */
export type StoredStage<S extends Stage = Stage> = Pick<S, "kind" | "version" | "parameters" | "inputs">;

/** A finished training of a store, also one that diverged. Weights are not read. */
export interface StoredRun {
  readonly record: ObjectRecord;
  readonly stage: StoredStage<TrainStage>;
  /** Of every epoch that was finished. */
  readonly curve: readonly EpochMetrics[];
  /** Which weights it started from, e.g. `initial weights`. */
  readonly start: string;
  /** Share removed over the masked layers; 0 without a mask, undefined when the mask is gone from the store. */
  readonly sparsity: number | undefined;
}

/** The stage of an object, as it was stored. @throws CorruptObjectError when it is damaged */
export function storedStage(store: Store, { key, kind }: ObjectRecord): StoredStage {
  const stage = store.readJson(key, STAGE_FILE);
  // The object is verified, and every version has written what the key hashes.
  if (field(stage, "kind") !== kind) throw new InternalError(`object ${key} has a ${STAGE_FILE} of another kind`);
  return stage as unknown as StoredStage;
}

/**
 * A training with what is known of it.
 * @throws InputError for an object that is no training
 * @throws CorruptObjectError when it is damaged
 */
export function storedRun(store: Store, record: ObjectRecord): StoredRun {
  const stage = storedStage(store, record);
  if (stage.kind !== "train")
    throw new InputError({
      where: `object ${record.key}`,
      message: `expected a training, got an object of kind ${record.kind}`,
      hint: "sweepstake list shows the trainings",
    });
  const train = stage as StoredStage<TrainStage>;
  const { mask } = train.inputs;
  const removed = mask === undefined ? 0 : field(store.record(mask.key)?.summary, "sparsity");
  const hasMetrics = Object.hasOwn(record.files, "metrics.jsonl");
  return {
    record,
    stage: train,
    curve: hasMetrics ? (store.readMetrics(record.key) as unknown as EpochMetrics[]) : [],
    start: startOf(store, train),
    sparsity: typeof removed === "number" ? removed : undefined,
  };
}

/**
 * All trainings of a store, in the order in which they were finished.
 * @param onDamaged is told of every one that is damaged and left out; the store has moved it to the quarantine
 */
export function storedRuns(store: Store, onDamaged: (message: string) => void): readonly StoredRun[] {
  return [...store.list()]
    .filter(({ kind }) => kind === "train")
    .flatMap((record) => {
      try {
        return [storedRun(store, record)];
      } catch (error) {
        if (!(error instanceof CorruptObjectError)) throw error;
        onDamaged(error.message);
        return [];
      }
    })
    .sort((a, b) => compareText(a.record.provenance.finishedAt, b.record.provenance.finishedAt));
}

/** Accuracy after the last epoch, in percent of the test set; undefined when there is none, as of a training that diverged. */
export function finalAccuracy({ record, curve }: StoredRun): number | undefined {
  const last = curve.at(-1);
  return record.status === "done" && last !== undefined ? 100 * last.testAccuracy : undefined;
}

/** Start weights in words. The same training may be a ticket in one experiment and a dense run's successor in another. */
function startOf(store: Store, { inputs, parameters }: StoredStage<TrainStage>): string {
  const { key, output } = inputs.weights;
  const source = store.record(key);
  const from = parameters.from === undefined ? "" : `, schedule from epoch ${parameters.from}`;
  if (source?.kind === "load") return `weights of a file${from}`;
  if (source?.kind !== "init") return `epoch ${output.slice("weights@".length)} of ${key.slice(0, 10)}${from}`;
  const init = storedStage(store, source) as StoredStage<InitStage>;
  return `${init.parameters.draw === 0 ? "initial weights" : "weights drawn anew"}${from}`;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A field of an object of JSON; undefined when it is none. */
export function field(value: Json | undefined, name: string): Json | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return (value as { readonly [key: string]: Json })[name];
}
