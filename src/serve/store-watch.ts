import type { Store } from "../store/store.ts";
import { StageStates } from "./stage-states.ts";
import type { ChangeView, ExperimentView, RunRow, StateView } from "./views.ts";
import { WatchedExperiment } from "./watched-experiment.ts";

/** Between two looks at the least; a look that takes long is followed by a longer rest. */
const LOOK_MS = 1_500;
const REST = 4;

/**
 * Follows a store that others write, here or on another host, by looking again and again: network file systems tell nobody of changes.
 * Every look that finds something new makes a new version; who listens is told what is new.
 */
export class StoreWatch {
  readonly states: StageStates;
  readonly #store: Store;
  readonly #folder: string;
  readonly #experiments = new Map<string, WatchedExperiment>();
  /** What cannot be read of an experiment, by its id. */
  readonly #problems = new Map<string, string>();
  readonly #rows = new Map<string, { readonly row: RunRow; readonly text: string }>();
  #views: readonly { readonly view: ExperimentView; readonly text: string }[] = [];
  readonly #listeners = new Set<(change: ChangeView) => void>();
  #version = 0;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #isClosed = false;

  /** @param folder for people: where the store lies */
  constructor(store: Store, folder: string) {
    this.#store = store;
    this.#folder = folder;
    this.states = new StageStates(store);
  }

  get version(): number {
    return this.#version;
  }

  experiment(id: string): WatchedExperiment | undefined {
    return this.#experiments.get(id);
  }

  row(id: string): RunRow | undefined {
    return this.#rows.get(id)?.row;
  }

  state(): StateView {
    return {
      version: this.#version,
      store: this.#folder,
      experiments: this.#views.map(({ view }) => view),
      rows: [...this.#rows.values()].map(({ row }) => row),
      problems: [...this.#problems.values()],
    };
  }

  /** @returns what ends the listening */
  listen(listener: (change: ChangeView) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Looks now and then on, until `close`. */
  async start(): Promise<void> {
    const startedAt = performance.now();
    await this.look();
    if (this.#isClosed) return;
    const rest = Math.max(LOOK_MS, REST * (performance.now() - startedAt));
    this.#timer = setTimeout(() => void this.start(), rest);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  /** Looks once; a look under way is waited for, and another one follows it. */
  async look(): Promise<void> {
    await this.#looking;
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    await this.#looking;
  }

  async #look(): Promise<void> {
    for (const id of this.#store.experiments.ids()) this.#open(id);
    await this.states.look();
    const stops = this.#store.stops.targets();
    const changed: RunRow[] = [];
    const views: { view: ExperimentView; text: string }[] = [];
    for (const experiment of this.#experiments.values()) {
      const isStopped = stops.has(experiment.id);
      const rows = experiment.rows(this.states, isStopped);
      for (const row of rows) {
        const text = JSON.stringify(row);
        if (this.#rows.get(row.id)?.text === text) continue;
        this.#rows.set(row.id, { row, text });
        changed.push(row);
      }
      const view = experiment.view(this.states, rows, isStopped);
      views.push({ view, text: JSON.stringify(view) });
    }
    const changedViews = views.filter(({ text }, i) => this.#views[i]?.text !== text);
    this.#views = views;
    if (changed.length === 0 && changedViews.length === 0) return;
    this.#version++;
    const change = { version: this.#version, experiments: changedViews.map(({ view }) => view), rows: changed };
    for (const listener of this.#listeners) listener(change);
  }

  #open(id: string): void {
    if (this.#experiments.has(id) || this.#problems.has(id)) return;
    try {
      const experiment = new WatchedExperiment(this.#store, id);
      this.#experiments.set(id, experiment);
      this.states.add(experiment.plan.stages.values());
    } catch (error) {
      this.#problems.set(id, error instanceof Error ? error.message : String(error));
    }
  }
}
