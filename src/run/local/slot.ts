import { type ChildProcess, fork } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { InternalError } from "../../core/errors.ts";
import type { Stage } from "../../plan/types.ts";
import { type Progress, type Slot, StageFailure, type StageStatus } from "../types.ts";
import type { FromWorker, ToWorker, WorkerSetup } from "./protocol.ts";

/** How much of a dead worker's last words goes into the error. */
const LOG_TAIL_CHARACTERS = 2_000;

interface Running {
  readonly onProgress: (progress: Progress) => void;
  readonly resolve: (status: StageStatus) => void;
  readonly reject: (error: StageFailure) => void;
}

/** A slot backed by one worker process, started when it is first needed and again after it died. */
export class WorkerSlot implements Slot {
  readonly #setup: WorkerSetup;
  #child: ChildProcess | undefined;
  #running: Running | undefined;
  #log = "";
  #isInterrupted = false;

  constructor(setup: WorkerSetup) {
    this.#setup = setup;
  }

  run(stage: Stage, onProgress: (progress: Progress) => void): Promise<StageStatus> {
    return new Promise((resolve, reject) => {
      this.#running = { onProgress, resolve, reject };
      this.#isInterrupted = false;
      this.#send({ type: "run", stage });
    });
  }

  interrupt(): void {
    this.#isInterrupted = true;
    if (this.#running !== undefined) this.#send({ type: "interrupt" });
  }

  /** Process id of the worker while one lives; tests kill it. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async close(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.disconnect();
    await gone;
  }

  #send(message: ToWorker): void {
    this.#child ??= this.#start();
    this.#child.send(message);
  }

  #start(): ChildProcess {
    const child = fork(workerScript(), [JSON.stringify(this.#setup)], {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      env: { ...process.env, OMP_NUM_THREADS: String(this.#setup.threads) },
    });
    this.#log = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      this.#log = (this.#log + chunk.toString("utf8")).slice(-LOG_TAIL_CHARACTERS);
    });
    // A message that cannot be delivered: the child is dying, and "close" says why.
    child.on("error", () => undefined);
    child.on("message", (message: FromWorker) => this.#receive(message));
    child.on("close", (code, signal) => {
      if (this.#child === child) this.#child = undefined;
      // Ctrl-C may reach a worker that is still starting and does not listen yet; it is stopping anyway.
      if (this.#isInterrupted) this.#end()?.resolve("interrupted");
      const cause =
        signal === null ? `exit code ${code}` : signal === "SIGKILL" ? "SIGKILL, as when memory runs out" : signal;
      const log = this.#log.trim() === "" ? "" : `; its last words: ${this.#log.trim()}`;
      this.#end()?.reject(new StageFailure("lost", `a worker process died (${cause})${log}`));
    });
    return child;
  }

  #receive(message: FromWorker): void {
    if (message.type === "progress") this.#running?.onProgress(message.progress);
    else if (message.type === "finish") this.#end()?.resolve(message.status);
    else this.#end()?.reject(new StageFailure(message.reason, message.message, message.key));
  }

  #end(): Running | undefined {
    const running = this.#running;
    this.#running = undefined;
    return running;
  }
}

/** The compiled worker: beside this file when this is compiled too, otherwise (tests) in the build folder. */
function workerScript(): string {
  for (const relative of ["./worker.js", "../../../dist/run/local/worker.js"]) {
    const path = fileURLToPath(new URL(relative, import.meta.url));
    if (existsSync(path)) return path;
  }
  throw new InternalError("run/local/worker.js is missing: run `npm run build`");
}
