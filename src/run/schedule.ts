import { InternalError } from "../core/errors.ts";
import { inputsOf } from "../plan/stage-table.ts";
import type { Plan, Stage } from "../plan/types.ts";

/** Keys of the stages that this one reads from, without repeats. */
export function inputKeys(stage: Stage): string[] {
  return [...new Set(inputsOf(stage).map((ref) => ref.key))];
}

type State = "waiting" | "running" | "done" | "stopped";

/**
 * Which stage may run next. Knows the graph and the states, nothing of processes: `take` hands out the ready stage with
 * the longest chain of trainings behind it, so that the rounds of iterative pruning never wait at the end.
 */
export class Schedule {
  readonly #stages: ReadonlyMap<string, Stage>;
  readonly #consumers = new Map<string, string[]>();
  readonly #chain = new Map<string, number>();
  readonly #order = new Map<string, number>();
  readonly #state = new Map<string, State>();

  /** @param isDone whether a stage's result with all needed outputs is in the store already */
  constructor(plan: Plan, isDone: (stage: Stage) => boolean) {
    this.#stages = plan.stages;
    for (const stage of plan.stages.values()) {
      this.#order.set(stage.key, this.#order.size);
      this.#state.set(stage.key, isDone(stage) ? "done" : "waiting");
      for (const input of inputKeys(stage)) {
        const known = this.#consumers.get(input);
        if (known === undefined) this.#consumers.set(input, [stage.key]);
        else known.push(stage.key);
      }
    }
    for (const stage of [...plan.stages.values()].reverse()) {
      const after = Math.max(0, ...this.#consumersOf(stage.key).map((key) => this.#chain.get(key) ?? 0));
      this.#chain.set(stage.key, after + (isLong(stage) ? 1 : 0));
    }
  }

  /** The ready stage to run next, now marked as running; undefined when none is ready. */
  take(): Stage | undefined {
    let best: Stage | undefined;
    for (const stage of this.#stages.values()) {
      if (this.#state.get(stage.key) !== "waiting") continue;
      if (!inputKeys(stage).every((key) => this.#state.get(key) === "done")) continue;
      if (best === undefined || this.#comesBefore(stage, best)) best = stage;
    }
    if (best !== undefined) this.#state.set(best.key, "running");
    return best;
  }

  finish(key: string): void {
    this.#state.set(key, "done");
  }

  /** The stage goes back to the ready ones (worker lost, lease busy, or its result was quarantined). */
  requeue(key: string): void {
    this.#state.set(key, "waiting");
  }

  /** The stage will give no usable result: returns it and everything that needs it, which is now skipped. */
  stop(key: string): string[] {
    const skipped: string[] = [];
    const visit = (current: string) => {
      this.#state.set(current, "stopped");
      for (const next of this.#consumersOf(current)) {
        if (this.#state.get(next) === "waiting") {
          skipped.push(next);
          visit(next);
        }
      }
    };
    visit(key);
    return skipped;
  }

  #consumersOf(key: string): readonly string[] {
    return this.#consumers.get(key) ?? [];
  }

  #comesBefore(a: Stage, b: Stage): boolean {
    const byChain = number(this.#chain, a.key) - number(this.#chain, b.key);
    // Masks and comparisons take moments and free trainings, so they go first; then the longest chain, then plan order.
    const quickA = !isLong(a);
    const quickB = !isLong(b);
    if (quickA !== quickB) return quickA;
    return byChain !== 0 ? byChain > 0 : number(this.#order, a.key) < number(this.#order, b.key);
  }
}

/** Whether a stage trains. */
function isLong({ kind }: Stage): boolean {
  return kind === "train" || kind === "admm";
}

function number(map: ReadonlyMap<string, number>, key: string): number {
  const value = map.get(key);
  if (value === undefined) throw new InternalError(`stage ${key} is not in the plan`);
  return value;
}
