import { createLogUpdate } from "log-update";
import type { Plan, Stage } from "../plan/types.ts";
import { percent, stageLabels } from "../run/labels.ts";
import type { Progress, RunEvent, StageStatus } from "../run/types.ts";

/** Shows a run to a person; everything goes to `stream` (standard error), so that results alone are on standard output. */
export interface ProgressView {
  readonly onEvent: (event: RunEvent) => void;
  readonly end: () => void;
}

/**
 * One live line per worker on a terminal, otherwise a plain line for every training that ends.
 * @param toDo number of trainings that this run has left, for `3/12`
 */
export function progressView(plan: Plan, toDo: number, stream: NodeJS.WriteStream): ProgressView {
  return stream.isTTY ? new LiveView(plan, toDo, stream) : new PlainView(plan, toDo, stream);
}

abstract class View implements ProgressView {
  protected readonly stream: NodeJS.WriteStream;
  readonly #labels: ReadonlyMap<string, string>;
  readonly #toDo: number;
  readonly #started = new Map<string, number>();
  readonly #accuracy = new Map<string, number>();
  #ended = 0;

  constructor(plan: Plan, toDo: number, stream: NodeJS.WriteStream) {
    this.#labels = stageLabels(plan);
    this.#toDo = toDo;
    this.stream = stream;
  }

  readonly onEvent = (event: RunEvent): void => {
    switch (event.type) {
      case "notice":
        this.print(`notice: ${event.message}`);
        break;
      case "progress":
        if (event.progress.testAccuracy !== undefined) this.#accuracy.set(event.stage.key, event.progress.testAccuracy);
        this.show(event.worker, `${this.#label(event.stage)}  ${progressText(event.progress)}`);
        break;
      case "start":
        this.#started.set(event.stage.key, Date.now());
        if (isTraining(event.stage)) this.show(event.worker, this.#label(event.stage));
        break;
      case "fail":
        this.print(`failed: ${this.#label(event.stage)}: ${event.message}`);
        break;
      case "wait":
        this.print(`waiting: ${this.#label(event.stage)}: ${event.message}`);
        break;
      case "skip":
        this.print(`skipped: ${this.#label(event.stage)}: an input of it diverged or failed`);
        break;
      case "finish":
        this.show(event.worker, "");
        if (isTraining(event.stage)) this.#finishTraining(event.stage, event.status);
    }
  };

  abstract end(): void;
  protected abstract show(worker: number, line: string): void;
  protected abstract print(line: string): void;

  #label(stage: Stage): string {
    return this.#labels.get(stage.key) ?? stage.key.slice(0, 8);
  }

  #finishTraining(stage: Stage, status: StageStatus): void {
    if (status === "busy") return;
    if (status === "interrupted") {
      this.print(`checkpointed: ${this.#label(stage)}`);
      return;
    }
    const isCounted = stage.kind === "train";
    if (isCounted) this.#ended++;
    const seconds = (Date.now() - (this.#started.get(stage.key) ?? Date.now())) / 1000;
    const accuracy = this.#accuracy.get(stage.key);
    const outcome = status === "diverged" ? "diverged" : accuracy === undefined ? "done" : percent(accuracy);
    const place = isCounted ? `${this.#ended}/${this.#toDo}` : "ADMM";
    this.print(`${place}  ${this.#label(stage)}: ${outcome} (${seconds.toFixed(1)} s)`);
  }
}

/** ADMM prunings take as long, but are not among the trainings that are counted. */
function isTraining({ kind }: Stage): boolean {
  return kind === "train" || kind === "admm";
}

class PlainView extends View {
  protected override show(): void {
    // A pipe gets whole lines only.
  }

  protected override print(line: string): void {
    this.stream.write(`${line}\n`);
  }

  override end(): void {
    // Nothing to take away.
  }
}

class LiveView extends View {
  readonly #lines: string[] = [];
  readonly #update = createLogUpdate(this.stream);

  protected override show(worker: number, line: string): void {
    this.#lines[worker] = line;
    this.#draw();
  }

  protected override print(line: string): void {
    this.#update.clear();
    this.stream.write(`${line}\n`);
    this.#draw();
  }

  override end(): void {
    this.#update.clear();
    this.#update.done();
  }

  #draw(): void {
    this.#update(this.#lines.filter((line) => line !== "").join("\n"));
  }
}

function progressText(progress: Progress): string {
  const width = 20;
  const share = (progress.epoch - 1 + progress.step / progress.steps) / progress.epochs;
  const filled = Math.round(share * width);
  const bar = "█".repeat(filled) + "░".repeat(width - filled);
  const accuracy = progress.testAccuracy === undefined ? "" : `  test ${percent(progress.testAccuracy)}`;
  return `${bar} epoch ${progress.epoch}/${progress.epochs}${accuracy}  ${Math.round(progress.imagesPerSecond)} images/s`;
}
