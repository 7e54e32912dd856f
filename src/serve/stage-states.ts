import type { Json } from "../core/canonical-json.ts";
import { inputsOf } from "../plan/stage-table.ts";
import type { Stage } from "../plan/types.ts";
import { isWeights } from "../run/stages-to-do.ts";
import type { ProgressReader } from "../store/activity.ts";
import { CorruptObjectError, isComplete, type Store } from "../store/store.ts";
import type { ObjectRecord } from "../store/types.ts";
import { type Progress, progressOf } from "./progress.ts";
import type { RunState } from "./views.ts";

/** What a finished training came to; read once. */
export interface Finished {
  readonly epoch: number;
  readonly accuracy: number | null;
  readonly bestAccuracy: number | null;
  readonly trainLoss: number | null;
  readonly testLoss: number | null;
}

/** One stage as the store shows it now. */
export interface StageNow {
  readonly state: RunState;
  readonly message: string | null;
  readonly record?: ObjectRecord;
  readonly finished?: Finished;
  readonly progress?: Progress;
  /** `host:pid` of who computes it. */
  readonly host?: string;
}

const WAITING: StageNow = { state: "waiting", message: null };

/** After so many milliseconds of reading, others get a turn. */
const SLICE_MS = 20;

/**
 * The states of all stages that are watched. A look costs a few listings of folders, however many stages there are, and reads only what
 * is new: records of stages that were finished since, and what running trainings have appended.
 */
export class StageStates {
  readonly #store: Store;
  readonly #stages = new Map<string, Stage>();
  readonly #now = new Map<string, StageNow>();
  readonly #readers = new Map<string, ProgressReader>();
  /** Done or diverged: what was seen of them stays. */
  readonly #ended = new Set<string>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Watches these stages too; each after its inputs. */
  add(stages: Iterable<Stage>): void {
    for (const stage of stages) {
      const known = this.#stages.get(stage.key);
      const outputs = [...new Set([...(known?.outputs ?? []), ...stage.outputs])];
      this.#stages.set(stage.key, { ...stage, outputs });
      if (known !== undefined && outputs.length > known.outputs.length) this.#ended.delete(stage.key);
    }
  }

  get(key: string): StageNow {
    return this.#now.get(key) ?? WAITING;
  }

  has(key: string): boolean {
    return this.#stages.has(key);
  }

  /** Looks again. Long looks (the first one at a large store) let the event loop run in between. */
  async look(): Promise<void> {
    const { activity, stops } = this.#store;
    const open = [...this.#stages.values()].filter(({ key }) => !this.#ended.has(key));
    const [listing, marked] = [activity.list(), stops.targets()];
    const stored = activity.stored(open.map(({ key }) => key));
    let sliceEnd = performance.now() + SLICE_MS;
    for (const stage of open) {
      const { key } = stage;
      const record = stored.has(key) ? this.#store.record(key) : undefined;
      if (record !== undefined && (record.status === "diverged" || isFinished(record, stage, listing.leased))) {
        this.#end(stage, record);
      } else if (listing.leased.has(key) && this.#store.isClaimed(key)) {
        this.#now.set(key, this.#running(key));
      } else {
        this.#now.set(key, this.#idle(stage, listing.failed.has(key), listing.begun.has(key), marked));
      }
      if (performance.now() < sliceEnd) continue;
      await new Promise((resolve) => setImmediate(resolve));
      sliceEnd = performance.now() + SLICE_MS;
    }
  }

  /** What a running or checkpointed training has told so far. */
  progress(key: string): Progress {
    let reader = this.#readers.get(key);
    if (reader === undefined) {
      reader = this.#store.activity.follow(key);
      this.#readers.set(key, reader);
    }
    return progressOf(reader.read());
  }

  #end(stage: Stage, record: ObjectRecord): void {
    const { key } = stage;
    this.#ended.add(key);
    this.#readers.delete(key);
    const isDiverged = record.status === "diverged";
    const state = isDiverged ? "diverged" : "done";
    const message = isDiverged ? divergedText(record.summary) : null;
    try {
      const hasCurve = Object.hasOwn(record.files, "metrics.jsonl");
      const finished = hasCurve ? { finished: this.#finished(key) } : {};
      this.#now.set(key, { state, message, record, ...finished });
    } catch (error) {
      if (!(error instanceof CorruptObjectError)) throw error;
      this.#now.set(key, { state: "failed", message: error.message });
    }
  }

  #finished(key: string): Finished {
    const curve = this.#store.readMetrics(key);
    const last = curve.at(-1);
    const tests = curve.flatMap((line) => numberIn(line, "testAccuracy") ?? []);
    return {
      epoch: numberIn(last, "epoch") ?? 0,
      accuracy: percentOf(numberIn(last, "testAccuracy")),
      bestAccuracy: tests.length === 0 ? null : percentOf(tests.reduce((a, b) => Math.max(a, b))),
      trainLoss: numberIn(last, "trainLoss") ?? null,
      testLoss: numberIn(last, "testLoss") ?? null,
    };
  }

  #running(key: string): StageNow {
    const holder = this.#store.holder(key);
    const silence =
      holder !== undefined && holder.silentMs > 30_000 ? `silent for ${Math.round(holder.silentMs / 1000)} s` : null;
    const message = holder?.isSuspended === true ? "suspended" : silence;
    const host = holder === undefined ? {} : { host: `${holder.host}:${holder.pid}` };
    return { state: "running", message, progress: this.progress(key), ...host };
  }

  #idle(stage: Stage, isFailed: boolean, isBegun: boolean, marked: ReadonlySet<string>): StageNow {
    const { key } = stage;
    // Begun and given back at a checkpoint: how far it came is worth showing.
    const progress = isBegun && trains(stage) ? { progress: this.progress(key) } : {};
    if (marked.has(key)) {
      const mark = this.#store.stops.read(key);
      return {
        state: "stopped",
        message: mark === undefined ? "stopped by request" : `stopped by ${mark.by}`,
        ...progress,
      };
    }
    if (isFailed) return { state: "failed", message: this.#store.failure(key)?.message ?? "failed", ...progress };
    for (const input of inputsOf(stage)) {
      const now = this.get(input.key);
      if (now.state === "failed" || now.state === "diverged" || now.state === "skipped")
        return { state: "skipped", message: now.state === "skipped" ? now.message : `an input of it ${now.state}` };
    }
    return { ...WAITING, ...progress };
  }
}

/** Whether it is done with all outputs, or lacks only weights and nobody computes them: results that were taken in from an export have none. */
function isFinished(record: ObjectRecord, { key, outputs }: Stage, leased: ReadonlySet<string>): boolean {
  if (isComplete(record, outputs)) return true;
  const results = outputs.filter((output) => !isWeights(output));
  return results.length < outputs.length && !leased.has(key) && isComplete(record, results);
}

function trains({ kind }: Stage): boolean {
  return kind === "train" || kind === "admm";
}

function divergedText(summary: Json): string {
  const at =
    typeof summary === "object" && summary !== null && "divergedAt" in summary ? summary.divergedAt : undefined;
  const [epoch, step] = [numberIn(at, "epoch"), numberIn(at, "step")];
  const where = epoch === undefined || step === undefined ? "" : ` in epoch ${epoch}, step ${step}`;
  return `the loss was no longer finite${where}`;
}

function numberIn(value: Json | undefined, name: string): number | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const found = (value as { readonly [field: string]: Json })[name];
  return typeof found === "number" ? found : undefined;
}

/** Percent of a share, without the dust of floating point. */
export function percentOf(share: number | undefined): number | null {
  return share === undefined ? null : Number((100 * share).toFixed(6));
}
