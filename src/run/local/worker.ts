// A worker process: runs the stages that the parent sends, one at a time, and ends when the parent is gone.

import { Store } from "../../store/store.ts";
import { runStage } from "../run-stage.ts";
import { type Progress, StageFailure } from "../types.ts";
import type { FromWorker, ToWorker, WorkerSetup } from "./protocol.ts";

/** Progress is shown to people: more than this often is noise. */
const PROGRESS_EVERY_MS = 200;

const setup = JSON.parse(process.argv[2] ?? "{}") as WorkerSetup;
let abort = new AbortController();

function send(message: FromWorker): void {
  if (process.connected) process.send?.(message);
}

/** Passes on every new test accuracy, and otherwise one message per PROGRESS_EVERY_MS. */
function throttledProgress(): (progress: Progress) => void {
  let last = 0;
  let accuracy: number | undefined;
  return (progress) => {
    const now = Date.now();
    if (progress.testAccuracy === accuracy && now - last < PROGRESS_EVERY_MS) return;
    last = now;
    accuracy = progress.testAccuracy;
    send({ type: "progress", progress });
  };
}

async function run(message: Extract<ToWorker, { type: "run" }>, store: Store): Promise<void> {
  abort = new AbortController();
  const { device, threads } = setup;
  try {
    const signal = abort.signal;
    const status = await runStage(message.stage, { store, device, threads, signal, onProgress: throttledProgress() });
    send({ type: "finish", status });
  } catch (error) {
    const failure = error instanceof StageFailure ? error : new StageFailure("error", String(error));
    const key = failure.key === undefined ? {} : { key: failure.key };
    send({ type: "fail", reason: failure.reason, message: failure.message, ...key });
  }
}

function main(): void {
  const store = Store.open(setup.store);
  let running: Promise<void> = Promise.resolve();
  process.on("message", (message: ToWorker) => {
    if (message.type === "interrupt") abort.abort();
    else running = running.then(() => run(message, store));
  });
  // Ctrl-C reaches the whole process group; the parent decides and tells the workers to checkpoint.
  process.on("SIGINT", () => undefined);
  // Schedulers send these to every process of a job; USR1 would also open Node's debugger to everybody on the machine.
  for (const name of ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"]) process.on(name, () => abort.abort());
  // The parent is gone (killed, perhaps): checkpoint what runs and end.
  process.on("disconnect", () => {
    abort.abort();
    void running.then(() => process.exit(0));
  });
}

main();
