import { join } from "node:path";
import { storedRun } from "../export/stored-run.ts";
import { writeRunEvents } from "../export/tensorboard/write-run.ts";
import { startName } from "../plan/retraining.ts";
import type { Plan } from "../plan/types.ts";
import { stageLabels } from "../run/labels.ts";
import type { RunEvent } from "../run/types.ts";
import type { Store } from "../store/store.ts";

/** Event files of the trainings of a plan, as they finish. */
export class TensorBoardLog {
  /** What `tensorboard --logdir` is given. */
  readonly folder: string;
  readonly #plan: Plan;
  readonly #store: Store;
  readonly #labels: ReadonlyMap<string, string>;
  /** One file after the other, and the last one before `finish` returns. */
  #writing: Promise<void> = Promise.resolve();

  constructor(plan: Plan, store: Store, reportFolder: string) {
    this.folder = join(reportFolder, "tensorboard");
    this.#plan = plan;
    this.#store = store;
    this.#labels = stageLabels(plan);
  }

  /** Writes the training that has finished. What goes wrong here does so again, and is told, in `finish`. */
  onEvent(event: RunEvent): void {
    if (event.type !== "finish" || event.stage.kind !== "train") return;
    const { key } = event.stage;
    this.#writing = this.#writing.then(() => this.#write(key)).catch(() => undefined);
  }

  /** Writes all trainings that are finished, whoever ran them. @returns how many @throws RunError when a file cannot be written */
  async finish(): Promise<number> {
    await this.#writing;
    let count = 0;
    for (const { kind, key } of this.#plan.stages.values()) {
      if (kind !== "train" || this.#store.record(key) === undefined) continue;
      await this.#write(key);
      count++;
    }
    return count;
  }

  async #write(key: string): Promise<void> {
    const record = this.#store.record(key);
    if (record === undefined) return;
    // A training that several settings share is shown once, under its first use.
    const arm = this.#plan.arms.find(({ train }) => train === key);
    const hparams = arm && { start: startName(arm), pruning: arm.cell?.pruning ?? "none" };
    const names = { label: this.#labels.get(key) ?? "training", hparams: hparams ?? {} };
    await writeRunEvents(this.#store, storedRun(this.#store, record), names, this.folder);
  }
}
