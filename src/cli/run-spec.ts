import type { Json } from "../core/canonical-json.ts";
import { loadData } from "../data/load.ts";
import type { PaperContext } from "../paper/types.ts";
import { experimentId } from "../plan/experiment-id.ts";
import type { Plan } from "../plan/types.ts";
import { execute } from "../run/execute.ts";
import { InlineSlot } from "../run/inline.ts";
import { WorkerSlot } from "../run/local/slot.ts";
import type { RunEvent, RunSummary, Slot } from "../run/types.ts";
import type { Spec } from "../spec/types.ts";
import { Store } from "../store/store.ts";
import { checkDevice, engineInfo } from "../tensor/engine.ts";
import { type ResultsOptions, type RunOptions, storeFolder } from "./options.ts";
import { summariseFor } from "./plan-summary.ts";
import { planText } from "./plan-text.ts";
import { checkLastBatches, planWarnings } from "./plan-warnings.ts";
import { planWithResults } from "./plan-with-results.ts";
import { progressView } from "./progress.ts";
import { reportFolder } from "./report-folder.ts";
import { showResults } from "./show-results.ts";
import { TensorBoardLog } from "./tensorboard-log.ts";

/**
 * Runs a spec to its end and shows the results.
 * @param paper which of the paper's figures or tables it is
 * @returns the exit code: 0 done, 1 when a stage failed or all trainings diverged, 3 when a mark in the store stopped some of it, 129, 130, 138, 140 or 143 when a signal stopped the run
 */
export async function runSpec(
  spec: Spec,
  options: RunOptions & ResultsOptions & { readonly json: boolean; readonly log?: "tensorboard" },
  paper?: PaperContext,
): Promise<number> {
  const store = Store.open(storeFolder(options));
  const plan = planWithResults(spec, store, options.results);
  const log = options.log && new TensorBoardLog(plan, store, reportFolder(plan, options.out).folder);
  const { exitCode, isStopped } = await runPlan(plan, store, options, (event) => log?.onEvent(event));
  if (log !== undefined) {
    const count = await log.finish();
    process.stderr.write(`${count} runs for TensorBoard: tensorboard --logdir ${log.folder}\n`);
  }
  if (!isStopped) await showResults(plan, store, options, paper);
  return exitCode;
}

/** Runs what the store lacks of a plan. A signal stops it in good order; then there is nothing to show yet. */
export async function runPlan(
  plan: Plan,
  store: Store,
  options: RunOptions,
  onEvent: (event: RunEvent) => void = () => undefined,
): Promise<{ readonly exitCode: number; readonly isStopped: boolean }> {
  const summary = summariseFor(plan, store, options.executor === "inline" ? 1 : options.workers);
  process.stderr.write(planText(plan, summary));
  if (summary.stagesToDo > 0) checkBeforehand(plan, store);
  for (const warning of planWarnings(plan)) process.stderr.write(`note: ${warning}\n`);
  store.experiments.note(experimentId(plan), plan.spec as unknown as Json); // plain data; only its interfaces lack an index signature
  liftStops(plan, store);
  const stopped = new StopSignal();
  const slots = makeSlots(plan.spec, store, options, summary.stagesToDo);
  const view = progressView(plan, summary.trainingsToDo, process.stderr);
  let outcome: RunSummary;
  try {
    const tell = (event: RunEvent) => {
      view.onEvent(event);
      onEvent(event);
    };
    outcome = await execute({ plan, store, slots, onEvent: tell, signal: stopped.signal });
  } finally {
    view.end();
    await Promise.all(slots.map((slot) => slot.close()));
    stopped.release();
  }
  if (!outcome.interrupted && outcome.stopped.length > 0) {
    process.stderr.write(
      `stopped by request (sweepstake cancel, or the live page): ${outcome.stopped.length} stages are held back; the same command goes on with them\n`,
    );
    return { exitCode: STOPPED_BY_MARK, isStopped: true };
  }
  if (!outcome.interrupted) {
    const isVain = outcome.failed.size > 0 || hasOnlyDiverged(plan, store);
    return { exitCode: isVain ? 1 : 0, isStopped: false };
  }
  process.stderr.write("stopped; the running trainings are checkpointed, the same command goes on from here\n");
  return { exitCode: stopped.exitCode, isStopped: true };
}

/** Whoever runs an experiment wants it to go on: requests to stop it that were made before are settled. */
function liftStops(plan: Plan, store: Store): void {
  const marked = [...store.stops.targets()].filter((id) => id === experimentId(plan) || plan.stages.has(id));
  for (const id of marked) store.stops.clear(id);
  if (marked.length > 0) process.stderr.write(`note: ${marked.length} earlier requests to stop are lifted\n`);
}

/** Whether every training that was tried has diverged: then there is no result at all. */
function hasOnlyDiverged(plan: Plan, store: Store): boolean {
  const records = [...plan.stages.values()].filter(({ kind }) => kind === "train").map(({ key }) => store.record(key));
  const isThere = (status: string) => records.some((record) => record?.status === status);
  return isThere("diverged") && !isThere("done");
}

/** Everything that would fail in every worker fails here once, before anything runs: device, libtorch, data files. */
function checkBeforehand(plan: Plan, store: Store): void {
  checkLastBatches(plan);
  checkDevice(plan.spec.device);
  engineInfo();
  const specs = new Map(plan.spec.variants.map(({ setting }) => [JSON.stringify(setting.data), setting.data]));
  for (const data of specs.values()) {
    const { name, content } = loadData(data);
    store.noteContent(name, content);
  }
}

function makeSlots(spec: Spec, store: Store, options: RunOptions, stagesToDo: number): Slot[] {
  if (options.executor === "inline") return [new InlineSlot(store, spec.device, options.threads)];
  const setup = { store: storeFolder(options), device: spec.device, threads: options.threads };
  const count = Math.min(options.workers, Math.max(1, stagesToDo));
  return Array.from({ length: count }, () => new WorkerSlot(setup));
}

/** Exit code of a run of which a mark in the store stopped all or a part. */
const STOPPED_BY_MARK = 3;

/** Signals that stop a run in good order, with the exit code of each; schedulers warn by any of them. */
const signalCodes: Readonly<Partial<Record<NodeJS.Signals, number>>> = {
  SIGHUP: 129,
  SIGINT: 130,
  SIGUSR1: 138,
  SIGUSR2: 140,
  SIGTERM: 143,
};

/** Within this time a second signal is the same one: `timeout` and terminals send it to the process and to its group. */
const SAME_SIGNAL_MS = 1_000;

/** A signal asks for an orderly stop; a second one later ends at once. */
class StopSignal {
  readonly #abort = new AbortController();
  #firstAt = 0;
  exitCode = 130;

  constructor() {
    for (const name of Object.keys(signalCodes)) process.on(name, this.#stop);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  release(): void {
    for (const name of Object.keys(signalCodes)) process.off(name, this.#stop);
  }

  readonly #stop = (name: NodeJS.Signals): void => {
    const now = performance.now();
    if (this.#abort.signal.aborted) {
      if (now - this.#firstAt > SAME_SIGNAL_MS) process.exit(signalCodes[name]);
      return;
    }
    this.#firstAt = now;
    this.exitCode = signalCodes[name] ?? 130;
    process.stderr.write("\nstopping: the running trainings save a checkpoint (again to stop at once)\n");
    this.#abort.abort();
  };
}
