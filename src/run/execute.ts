import { setTimeout as sleep } from "node:timers/promises";
import { RunError } from "../core/errors.ts";
import { experimentId } from "../plan/experiment-id.ts";
import type { Plan, Stage } from "../plan/types.ts";
import { STALE_MS } from "../store/leases.ts";
import type { Store } from "../store/store.ts";
import type { Failure } from "../store/types.ts";
import { Schedule } from "./schedule.ts";
import type { StoredStages } from "./stages-to-do.ts";
import { type RunEvent, type RunSummary, type Slot, StageFailure } from "./types.ts";

/** A stage whose worker died this often, or whose input was damaged this often, is given up. */
const MAX_ATTEMPTS = 3;
/** How long to wait before asking again for a stage that another run holds. */
const BUSY_WAIT_MS = 2_000;
/** How often to look for requests to stop. */
const STOP_LOOK_MS = 1_000;

export interface ExecuteOptions {
  readonly plan: Plan;
  readonly store: Store;
  readonly slots: readonly Slot[];
  readonly onEvent: (event: RunEvent) => void;
  /** Aborting it checkpoints the running stages and ends the run. */
  readonly signal?: AbortSignal;
}

/**
 * Runs every stage of the plan that the store does not hold yet. Diverged and failed stages stop only what needs them.
 * @throws RunError for a cause that nothing can get past (disk full, unreadable data), after the other stages checkpointed
 */
export function execute(options: ExecuteOptions): Promise<RunSummary> {
  return new Execution(options).run();
}

class Execution {
  readonly #options: ExecuteOptions;
  readonly #schedule: Schedule;
  readonly #attempts = new Map<string, number>();
  readonly #waitsFor = new Map<string, string>();
  /** Stages that another run holds, and when to ask again. */
  readonly #busyUntil = new Map<string, number>();
  readonly #diverged: string[] = [];
  readonly #failed = new Map<string, string>();
  readonly #skipped: string[] = [];
  #done = 0;
  readonly #reused: number;
  #fatal: string | undefined;
  /** Stages under way, by slot. */
  readonly #running = new Map<Slot, string>();
  readonly #experiment: string;
  #stops: ReadonlySet<string> = new Set();

  constructor(options: ExecuteOptions) {
    this.#options = options;
    const { plan, store } = options;
    this.#schedule = new Schedule(plan, storedStages(store));
    this.#reused = this.#schedule.done;
    this.#experiment = experimentId(plan);
    for (const stage of plan.stages.values()) {
      if (store.record(stage.key)?.status !== "diverged") continue;
      this.#diverged.push(stage.key);
      this.#skipped.push(...this.#schedule.stop(stage.key));
    }
    if (this.#diverged.length > 0) {
      const message = `${this.#diverged.length} stages diverged in an earlier run; ${this.#skipped.length} that need them are skipped`;
      options.onEvent({ type: "notice", message });
    }
  }

  async run(): Promise<RunSummary> {
    const { signal } = this.#options;
    const interrupt = () => this.#interruptAll();
    signal?.addEventListener("abort", interrupt);
    const looking = setInterval(() => this.#lookForStops(), STOP_LOOK_MS);
    try {
      await this.#runAll();
    } finally {
      clearInterval(looking);
      signal?.removeEventListener("abort", interrupt);
    }
    if (this.#fatal !== undefined) throw new RunError(this.#fatal);
    return {
      done: this.#done,
      reused: this.#reused,
      diverged: this.#diverged,
      failed: this.#failed,
      skipped: this.#skipped,
      stopped: this.#stoppedByMark(),
      interrupted: signal?.aborted === true,
    };
  }

  async #runAll(): Promise<void> {
    const { slots } = this.#options;
    const running = new Map<Slot, Promise<void>>();
    for (;;) {
      this.#lookForStops();
      for (const [worker, slot] of slots.entries()) {
        if (running.has(slot) || this.#isStopping()) continue;
        const stage = this.#schedule.take(this.#heldBack());
        if (stage === undefined) break;
        running.set(
          slot,
          this.#attempt(slot, worker, stage).finally(() => running.delete(slot)),
        );
      }
      const waitsForOthers = this.#busyStages().length > 0 && !this.#isStopping();
      if (running.size === 0 && !waitsForOthers) break;
      // With a free worker, look again soon: a stop may have been taken back, another run may have finished a stage.
      const isWaiting = (this.#stops.size > 0 || waitsForOthers) && running.size < slots.length;
      await Promise.race([...running.values(), ...(isWaiting ? [sleep(STOP_LOOK_MS)] : [])]);
    }
  }

  /** Stages that are not to be taken now: marked ones, and those that another run has just been seen to hold, so that others come first. */
  #heldBack(): ReadonlySet<string> {
    const now = performance.now();
    const held = [...this.#busyUntil].filter(([, until]) => until > now).map(([key]) => key);
    return new Set([...this.#stops, ...held]);
  }

  /** Stages that another run held when they were last tried. */
  #busyStages(): readonly string[] {
    return this.#schedule.ready().filter((key) => this.#busyUntil.has(key) && !this.#isMarked(key));
  }

  /** What runs of a marked stage or of the marked experiment is asked to checkpoint. */
  #lookForStops(): void {
    this.#stops = this.#options.store.stops.targets();
    for (const [slot, key] of this.#running) {
      if (this.#isMarked(key)) slot.interrupt();
    }
  }

  #isMarked(key: string): boolean {
    return this.#stops.has(key) || this.#stops.has(this.#experiment);
  }

  /** Marked stages that could have been run; at the end, for nothing else is left ready. */
  #stoppedByMark(): readonly string[] {
    return this.#schedule.ready().filter((key) => this.#isMarked(key));
  }

  #interruptAll(): void {
    for (const slot of this.#options.slots) slot.interrupt();
  }

  #isStopping(): boolean {
    return this.#fatal !== undefined || this.#options.signal?.aborted === true || this.#stops.has(this.#experiment);
  }

  async #attempt(slot: Slot, worker: number, stage: Stage): Promise<void> {
    const { onEvent, store } = this.#options;
    onEvent({ type: "start", stage, worker });
    this.#running.set(slot, stage.key);
    try {
      const status = await slot.run(stage, (progress) => onEvent({ type: "progress", stage, worker, progress }));
      onEvent({ type: "finish", stage, worker, status });
      if (status !== "busy") this.#busyUntil.delete(stage.key);
      if (status === "done") {
        store.clearFailure(stage.key);
        this.#schedule.finish(stage.key);
        this.#done++;
      } else if (status === "diverged") {
        this.#stop(stage, () => this.#diverged.push(stage.key));
      } else {
        // Another run holds the stage: its result will do, so look again later, and do others meanwhile.
        if (status === "busy") {
          this.#sayBusy(stage);
          this.#busyUntil.set(stage.key, performance.now() + BUSY_WAIT_MS);
        }
        if (isDone(store, stage)) this.#schedule.finish(stage.key);
        else this.#schedule.requeue(stage.key);
      }
    } catch (error) {
      this.#handle(stage, error);
    } finally {
      this.#running.delete(slot);
    }
  }

  /** For whom a stage waits, once per holder. */
  #sayBusy(stage: Stage): void {
    const holder = this.#options.store.holder(stage.key);
    if (holder === undefined) return;
    const { host, pid, isAlive, isSuspended, silentMs } = holder;
    const who = `process ${pid} on ${host}${isSuspended ? " (suspended)" : ""}`;
    if (this.#waitsFor.get(stage.key) === who) return;
    this.#waitsFor.set(stage.key, who);
    const silence = silentMs > STALE_MS / 3 ? `, silent for ${Math.round(silentMs / 1000)} s` : "";
    const takeover = isAlive === true ? "" : `; it is taken over after ${STALE_MS / 1000} s of silence`;
    this.#options.onEvent({ type: "wait", stage, message: `${who} computes it${silence}${takeover}` });
  }

  #handle(stage: Stage, error: unknown): void {
    const failure = error instanceof StageFailure ? error : new StageFailure("error", describe(error));
    if (failure.reason === "fatal") {
      this.#fatal ??= failure.message;
      this.#interruptAll();
      return;
    }
    const attempts = (this.#attempts.get(stage.key) ?? 0) + 1;
    this.#attempts.set(stage.key, attempts);
    if (failure.reason !== "error" && attempts < MAX_ATTEMPTS) {
      this.#options.onEvent({
        type: "notice",
        message: `${failure.message}; trying again (${attempts + 1} of ${MAX_ATTEMPTS})`,
      });
      if (failure.key !== undefined) this.#schedule.redo(failure.key);
      this.#schedule.requeue(stage.key);
      return;
    }
    const message = attempts > 1 ? `${failure.message} (after ${attempts} attempts)` : failure.message;
    this.#options.onEvent({ type: "fail", stage, message });
    this.#recordFailure(stage, { message, attempts });
    this.#stop(stage, () => this.#failed.set(stage.key, message));
  }

  #recordFailure(stage: Stage, failure: Failure): void {
    try {
      this.#options.store.recordFailure(stage.key, failure);
    } catch (error) {
      this.#options.onEvent({ type: "notice", message: describe(error) });
    }
  }

  /** Gives up a stage and, transitively, everything that needs its result. */
  #stop(stage: Stage, record: () => void): void {
    record();
    for (const key of this.#schedule.stop(stage.key)) {
      this.#skipped.push(key);
      const skipped = this.#options.plan.stages.get(key);
      if (skipped !== undefined) this.#options.onEvent({ type: "skip", stage: skipped, because: stage.key });
    }
  }
}

/** What the store holds; that a file is there is looked up, its content is not read. */
export function storedStages(store: Store): StoredStages {
  return {
    isStored: (key, outputs) => store.has(key, outputs),
    isDiverged: (key) => store.record(key)?.status === "diverged",
  };
}

/** Whether the store holds the stage's result with every output that the plan needs. */
export function isDone(store: Store, stage: Stage): boolean {
  return store.has(stage.key, stage.outputs);
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
