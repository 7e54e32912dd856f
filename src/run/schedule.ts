import { InternalError } from "../core/errors.ts";
import { inputsOf } from "../plan/stage-table.ts";
import type { Plan, Ref, Stage } from "../plan/types.ts";
import { type StoredStages, stagesToDo } from "./stages-to-do.ts";

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
  /** Outputs that are stored of stages that are not done: what needs no more than these does not wait. */
  readonly #stored = new Map<string, ReadonlySet<string>>();

  constructor(plan: Plan, stored: StoredStages) {
    this.#stages = plan.stages;
    const toDo = stagesToDo(plan.stages, stored);
    for (const stage of plan.stages.values()) {
      this.#order.set(stage.key, this.#order.size);
      const isDone = !toDo.has(stage.key);
      this.#state.set(stage.key, isDone ? "done" : "waiting");
      if (!isDone)
        this.#stored.set(stage.key, new Set(stage.outputs.filter((output) => stored.isStored(stage.key, [output]))));
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

  /** How many stages are done. */
  get done(): number {
    return [...this.#state.values()].filter((state) => state === "done").length;
  }

  /**
   * The ready stage to run next, now marked as running; undefined when none is ready.
   * @param heldBack keys of stages that are not to be run for now
   */
  take(heldBack: ReadonlySet<string> = new Set()): Stage | undefined {
    let best: Stage | undefined;
    for (const stage of this.#stages.values()) {
      if (heldBack.has(stage.key) || !this.#isReady(stage)) continue;
      if (best === undefined || this.#comesBefore(stage, best)) best = stage;
    }
    if (best !== undefined) this.#state.set(best.key, "running");
    return best;
  }

  /** Keys of all stages that could be taken. */
  ready(): readonly string[] {
    return [...this.#stages.values()].filter((stage) => this.#isReady(stage)).map(({ key }) => key);
  }

  finish(key: string): void {
    this.#state.set(key, "done");
  }

  /** The stage goes back to the ready ones (worker lost, lease busy). */
  requeue(key: string): void {
    this.#state.set(key, "waiting");
  }

  /** As `requeue`, for a stage whose result was quarantined: nothing of it is stored any more. */
  redo(key: string): void {
    this.#stored.delete(key);
    this.requeue(key);
  }

  /** The stage will give no further result: returns everything that needs more of it than is stored, which is now skipped. */
  stop(key: string): string[] {
    const skipped: string[] = [];
    const visit = (current: string) => {
      this.#state.set(current, "stopped");
      for (const next of this.#consumersOf(current)) {
        if (this.#state.get(next) === "waiting" && !this.#hasAllFrom(current, next)) {
          skipped.push(next);
          visit(next);
        }
      }
    };
    visit(key);
    return skipped;
  }

  #isReady(stage: Stage): boolean {
    return this.#state.get(stage.key) === "waiting" && inputsOf(stage).every((ref) => this.#isThere(ref));
  }

  #isThere({ key, output }: Ref): boolean {
    return this.#state.get(key) === "done" || this.#stored.get(key)?.has(output) === true;
  }

  /** Whether everything that a stage reads from another one is stored, whatever becomes of that one. */
  #hasAllFrom(key: string, consumer: string): boolean {
    const stage = this.#stages.get(consumer);
    const refs = stage === undefined ? [] : inputsOf(stage).filter((ref) => ref.key === key);
    return refs.every(({ output }) => this.#stored.get(key)?.has(output) === true);
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
