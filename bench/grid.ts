// A whole small grid (Figures 2, 5 and 6 of ResNet-20: iterative and one-shot masks, three starts, two learning rates) by
// `sweepstake run`, in float32 and bfloat16, and by stock PyTorch (grid_peer.py), one after the other on the same cores.
// usage: npm run bench:grid -- [--rounds N] [--epochs N] [--subset N] [--test-subset N] [--seeds N] [--data DIR] [--python PATH]
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { renderTable } from "../src/analysis/text-table.ts";
import { engineInfo } from "../src/tensor/engine.ts";
import { type GridRun, type GridSize, peerGrid, peerShape, sweepstakeGrid } from "./grid-runs.ts";
import { machine } from "./machine.ts";
import { writeMadeUpCifar } from "./made-up-cifar.ts";
import { median } from "./measured.ts";

/** Accuracy points that the means of all trainings at a learning rate may differ by, as those of equal work do. */
const TOLERANCE = 8;

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "1" },
    epochs: { type: "string", default: "3" },
    subset: { type: "string", default: "1792" },
    "test-subset": { type: "string", default: "1000" },
    seeds: { type: "string", default: "1" },
    data: { type: "string" },
    python: { type: "string", default: "/usr/bin/python3" },
  },
});
interface Contender {
  readonly title: string;
  /** How many times as fast as the peer it is to be; undefined for the peer. */
  readonly goal: number | undefined;
  readonly run: () => Promise<GridRun>;
  readonly runs: GridRun[];
}

const folder = mkdtempSync(join(tmpdir(), "sweepstake-grid-"));
try {
  await main();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function main(): Promise<void> {
  const epochs = Number(values.epochs);
  const size: GridSize = {
    data: values.data === undefined ? writeMadeUpCifar(folder) : cifarFolder(values.data),
    subset: Number(values.subset),
    testSubset: Number(values["test-subset"]),
    epochs,
    // The paper's 80 and 120 of 150, where they are epochs of their own.
    milestones: [...new Set([(80 / 150) * epochs, (120 / 150) * epochs].map(Math.round))].filter((m) => m < epochs),
    rates: [0.01, 0.1],
    sparsities: [0.3, 0.5, 0.7],
    seeds: Number(values.seeds),
  };
  console.log(`${machine()}; libtorch ${engineInfo().libtorch}`);
  console.log(
    `ResNet-20 on ${values.data === undefined ? "made-up images of CIFAR-10's shape" : "CIFAR-10"}: ${size.subset} images, ` +
      `${epochs} epochs of batch 128 (rate divided by 10 after ${size.milestones.join(" and ") || "none"}), ${size.testSubset} test ` +
      `images after each; lr ${size.rates.join(" and ")}; iterative and one-shot at ${size.sparsities.join(", ")}; ` +
      `ticket, reinit, fine-tune; seeds: ${size.seeds}`,
  );
  const shape = await peerShape(values.python, size, runFolder());
  console.log(shape.text);
  const contenders: readonly Contender[] = [
    { title: "PyTorch stock", goal: undefined, run: () => peerGrid(values.python, size, runFolder(), shape) },
    { title: "sweepstake float32", goal: 3, run: () => sweepstakeGrid(size, runFolder(), "float32") },
    { title: "sweepstake bfloat16", goal: 5, run: () => sweepstakeGrid(size, runFolder(), "bfloat16") },
  ].map((contender) => ({ ...contender, runs: [] }));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const { title, run, runs } of round % 2 === 0 ? contenders : contenders.toReversed()) {
      const before = machine().split("; ").at(-1);
      const result = await run();
      runs.push(result);
      console.log(`round ${round + 1}: ${title} ${result.seconds.toFixed(1)} s (${before}); ${result.versions}`);
    }
  }
  const rates = size.rates.map(String);
  console.log(`\n${tableOf(contenders, rates)}`);
  for (const rate of rates) checkComparable(rate, contenders);
}

function tableOf(contenders: readonly Contender[], rates: readonly string[]): string {
  const secondsOf = ({ runs }: Contender) => median(runs.map(({ seconds }) => seconds));
  const peer = contenders.find(({ goal }) => goal === undefined);
  const rows = contenders.map((contender) => {
    const { title, goal, runs } = contender;
    const ratio = peer === undefined ? Number.NaN : secondsOf(peer) / secondsOf(contender);
    return [
      title,
      String(runs[0]?.trainings ?? 0),
      secondsOf(contender).toFixed(1),
      ratio.toFixed(2),
      goal === undefined ? "" : `≥ ${goal}`,
      ...rates.flatMap((rate) => (["dense", "all"] as const).map((which) => accuracy(runs, which, rate).toFixed(1))),
    ];
  });
  const accuracies = rates.flatMap((rate) => [`dense, lr ${rate}`, `all, lr ${rate}`]);
  return renderTable(
    {
      title: "Medians of the rounds; mean test accuracies in %",
      columns: ["", "trainings", "seconds", "× PyTorch", "goal", ...accuracies],
      rows,
      heads: 1,
    },
    120,
  );
}

/** Mean final test accuracy in percent over all rounds. */
function accuracy(runs: readonly GridRun[], which: "dense" | "all", rate: string): number {
  const values = runs.flatMap((run) => run[which][rate] ?? []);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** A fresh folder for one run's results. */
function runFolder(): string {
  return mkdtempSync(join(folder, "run-"));
}

function cifarFolder(path: string): string {
  const inside = join(resolve(path), "cifar-10-batches-bin");
  return existsSync(inside) ? inside : resolve(path);
}

/** Equal work ends at about equal accuracies; what does not is not worth comparing. */
function checkComparable(rate: string, contenders: readonly Contender[]): void {
  const means = contenders.map(({ runs }) => accuracy(runs, "all", rate));
  if (Math.max(...means) - Math.min(...means) <= TOLERANCE) return;
  process.exitCode = 1;
  console.log(`lr ${rate}: the mean accuracies differ by more than ${TOLERANCE} points, so the work was not equal`);
}
