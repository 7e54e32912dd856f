import type { Stage } from "../plan/types.ts";
import type { Store } from "../store/store.ts";
import { runStage } from "./run-stage.ts";
import type { Progress, Slot, StageStatus } from "./types.ts";

/** Runs stages in this process, for debugging and tests: breakpoints work, nothing is forked. */
export class InlineSlot implements Slot {
  readonly #store: Store;
  readonly #device: string;
  readonly #threads: number;
  #abort = new AbortController();

  constructor(store: Store, device: string, threads: number) {
    this.#store = store;
    this.#device = device;
    this.#threads = threads;
  }

  run(stage: Stage, onProgress: (progress: Progress) => void): Promise<StageStatus> {
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    return runStage(stage, { store: this.#store, device: this.#device, threads: this.#threads, signal, onProgress });
  }

  interrupt(): void {
    this.#abort.abort();
  }

  async close(): Promise<void> {
    // Nothing is held open.
  }
}
