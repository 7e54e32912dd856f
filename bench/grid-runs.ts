import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { outputOf } from "./measured.ts";

/** What both sides train: all arms of iterative and one-shot masks at these sparsities, with ticket, reinit and fine-tune. */
export interface GridSize {
  /** Folder with CIFAR-10's binary files. */
  readonly data: string;
  readonly subset: number;
  readonly testSubset: number;
  readonly epochs: number;
  readonly milestones: readonly number[];
  readonly rates: readonly number[];
  readonly sparsities: readonly number[];
  readonly seeds: number;
}

export interface GridRun {
  readonly trainings: number;
  /** From starting the processes to their end. */
  readonly seconds: number;
  /** Final test accuracies in percent by learning rate: of the dense runs, and of all trainings. */
  readonly dense: Readonly<Record<string, readonly number[]>>;
  readonly all: Readonly<Record<string, readonly number[]>>;
  readonly versions: string;
}

/** How the peer uses the cores. */
export interface PeerShape {
  readonly processes: number;
  readonly threads: number;
  /** What was measured to choose it. */
  readonly text: string;
}

/** Runs the grid by `sweepstake run` with the default workers in an empty store. */
export async function sweepstakeGrid(size: GridSize, out: string, precision: string): Promise<GridRun> {
  const spec = join(out, "grid.yaml");
  writeFileSync(spec, specOf(size, precision));
  const start = performance.now();
  const output = await outputOf(process.execPath, [resolve("bin/sweepstake.js"), "run", spec, "--out", out, "--json"]);
  const seconds = (performance.now() - start) / 1000;
  const { runs, stages } = JSON.parse(output) as SweepstakeResults;
  const byRate = (wanted: readonly SweepstakeArm[]) =>
    Object.fromEntries(
      size.rates.map((rate) => {
        const those = wanted.filter(({ label }) => label === `lr ${rate}`);
        return [String(rate), those.map(({ finalAccuracy }) => finalAccuracy)];
      }),
    );
  const trainings = stages.filter(({ kind }) => kind === "train");
  if (trainings.some(({ status }) => status !== "done")) throw new Error("sweepstake: a training is not done");
  return {
    trainings: trainings.length,
    seconds,
    dense: byRate(runs.filter(({ start: from }) => from === "dense")),
    all: byRate(runs),
    versions: `${availableParallelism()} workers`,
  };
}

interface SweepstakeArm {
  readonly label: string;
  readonly start: string;
  readonly finalAccuracy: number;
}

/** What is read of `run --json`. */
interface SweepstakeResults {
  readonly runs: readonly SweepstakeArm[];
  readonly stages: readonly { readonly kind: string; readonly status: string }[];
}

function specOf(size: GridSize, precision: string): string {
  return `
name: grid
data: { name: cifar10, path: ${JSON.stringify(size.data)}, subset: ${size.subset}, testSubset: ${size.testSubset} }
model: resnet20
train:
  epochs: ${size.epochs}
  precision: ${precision}
  optimizer: { sgd: { lr: 0.1 } }
  schedule: { milestones: ${JSON.stringify(size.milestones)} }
  augment: { crop: 4, flip: true }
sweep: { train.optimizer.sgd.lr: ${JSON.stringify(size.rates)} }
seeds: ${size.seeds}
prune:
  - iterative: { sparsities: ${JSON.stringify(size.sparsities)} }
  - one-shot: { sparsities: ${JSON.stringify(size.sparsities)} }
retrain: [ticket, reinit, fine-tune]
`;
}

/** The faster of one process per core and one process with all cores, by one epoch of every dense run. */
export async function peerShape(python: string, size: GridSize, out: string): Promise<PeerShape> {
  const cores = availableParallelism();
  const tried: (Omit<PeerShape, "text"> & { readonly seconds: number })[] = [];
  for (const [processes, threads] of [...new Set([`${cores} 1`, `1 ${cores}`])].map((text) =>
    text.split(" ").map(Number),
  )) {
    if (processes === undefined || threads === undefined) continue;
    const parts = await peerProcesses(python, { ...size, epochs: 1 }, out, { processes, threads }, true);
    tried.push({ processes, threads, seconds: Math.max(...parts.map(({ seconds }) => seconds)) });
  }
  const [best] = tried.toSorted((a, b) => a.seconds - b.seconds);
  if (best === undefined) throw new Error("no cores");
  const texts = tried.map(({ processes, threads, seconds }) => `${processes} × ${threads}: ${seconds.toFixed(1)} s`);
  return {
    ...best,
    text: `PyTorch, processes × threads, an epoch of each dense run: ${texts.join(", ")}; the faster is used`,
  };
}

/** Runs the grid by grid_peer.py. */
export async function peerGrid(python: string, size: GridSize, out: string, shape: PeerShape): Promise<GridRun> {
  const start = performance.now();
  const parts = await peerProcesses(python, size, out, shape, false);
  const seconds = (performance.now() - start) / 1000;
  const joined = (which: "dense" | "all") =>
    Object.fromEntries(
      size.rates.map((rate) => [String(rate), parts.flatMap((part) => part[which][String(rate)] ?? [])]),
    );
  return {
    trainings: parts.reduce((sum, part) => sum + part.trainings, 0),
    seconds,
    dense: joined("dense"),
    all: joined("all"),
    versions: `${parts[0]?.versions ?? ""}, ${shape.processes} processes × ${shape.threads} threads`,
  };
}

function peerProcesses(
  python: string,
  size: GridSize,
  out: string,
  { processes, threads }: Omit<PeerShape, "text">,
  denseOnly: boolean,
): Promise<readonly GridRun[]> {
  return Promise.all(
    Array.from({ length: processes }, async (_, process_) => {
      const config = { ...size, batch: 128, out, process: process_, processes, threads, denseOnly };
      const script = resolve("bench/grid_peer.py");
      const env = { OMP_NUM_THREADS: String(threads) };
      return JSON.parse(await outputOf(python, [script, JSON.stringify(config)], env)) as GridRun;
    }),
  );
}
