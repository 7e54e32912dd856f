import type { ChangeView, ExperimentView, RunRow, StateView } from "../views.ts";
import { events, getJson, Refusal } from "./api.ts";
import { joinRuns, type Run } from "./runs-model.ts";

export interface LiveState {
  /** `refused`: no token, or that of an earlier server. */
  readonly connection: "connecting" | "live" | "away" | "refused";
  readonly store: string;
  readonly experiments: readonly ExperimentView[];
  readonly runs: readonly Run[];
  readonly problems: readonly string[];
}

/** Between two tries to reach a server that is away. */
const RETRY_MS = 2_000;

/** Everything that the server knows, kept up by its events. */
export class Live {
  #state: LiveState = { connection: "connecting", store: "", experiments: [], runs: [], problems: [] };
  readonly #rows = new Map<string, RunRow>();
  readonly #listeners = new Set<(state: LiveState) => void>();
  #version = -1;

  get state(): LiveState {
    return this.#state;
  }

  listen(listener: (state: LiveState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Follows the server for ever. */
  async follow(): Promise<void> {
    for (;;) {
      try {
        if (this.#version < 0) await this.#load();
        const { signal } = new AbortController();
        for await (const event of events(`/api/events?since=${this.#version}`, signal)) {
          if (this.#state.connection !== "live") this.#set({ connection: "live" });
          if (event.type === "reload") await this.#load();
          if (event.type === "change") this.#apply(JSON.parse(event.data) as ChangeView);
        }
        this.#set({ connection: "away" });
      } catch (error) {
        const isRefused = error instanceof Refusal && error.status === 401;
        this.#set({ connection: isRefused ? "refused" : "away" });
        // Another server may have taken the place, with another count of versions.
        this.#version = -1;
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  async #load(): Promise<void> {
    const { version, store, experiments, rows, problems } = await getJson<StateView>("/api/state");
    this.#rows.clear();
    for (const row of rows) this.#rows.set(row.id, row);
    this.#version = version;
    this.#set({ connection: "live", store, problems, experiments, runs: joinRuns(rows, experiments) });
  }

  #apply({ version, experiments, rows }: ChangeView): void {
    this.#version = version;
    for (const row of rows) this.#rows.set(row.id, row);
    const changed = new Map(experiments.map((experiment) => [experiment.id, experiment]));
    const known = this.#state.experiments.map((experiment) => changed.get(experiment.id) ?? experiment);
    const added = experiments.filter(({ id }) => !known.some((experiment) => experiment.id === id));
    const all = [...known, ...added];
    this.#set({ experiments: all, runs: joinRuns([...this.#rows.values()], all) });
  }

  #set(part: Partial<LiveState>): void {
    this.#state = { ...this.#state, ...part };
    for (const listener of this.#listeners) listener(this.#state);
  }
}
