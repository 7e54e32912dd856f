import type { Results } from "../analysis/types.ts";
import { type BestNetwork, type BestQuery, bestNetwork } from "../export/best-network.ts";
import { startName } from "../plan/retraining.ts";
import { percent } from "../run/labels.ts";
import type { Provenance } from "../store/types.ts";

/** The best network, as a program reads it. Accuracies are percent of the test set. */
export interface ShownBest {
  readonly run: string;
  /** Key of the mask's object; absent for a dense network. */
  readonly mask?: string;
  readonly setting: string;
  readonly seed: number;
  readonly start: string;
  readonly pruning?: string;
  readonly sparsity: number;
  /** Share removed as counted in the mask; absent for a dense network. */
  readonly achievedSparsity?: number;
  readonly testAccuracy: number;
  readonly denseTestAccuracy?: number;
  /** How it was chosen. */
  readonly chosenBy: BestNetwork["criterion"];
  readonly chosenFrom: number;
  readonly unfinished: number;
  /** The same setting, pruning and start over all seeds. */
  readonly seeds: BestNetwork["seeds"];
  readonly provenance?: Provenance;
}

/** @throws InputError as `bestNetwork` does */
export function showBest(results: Results, query: BestQuery): ShownBest {
  const best = bestNetwork(results, query);
  const { arm, accuracy, dense, criterion, candidates, unfinished, seeds } = best;
  const { cell, achievedSparsity, record } = arm;
  return {
    run: arm.train,
    ...(cell === undefined ? {} : { mask: cell.mask.key }),
    setting: results.spec.variants.find(({ id }) => id === arm.variant)?.label ?? arm.variant,
    seed: arm.seed,
    start: startName(arm),
    ...(cell === undefined ? {} : { pruning: cell.pruning }),
    sparsity: cell?.sparsity ?? 0,
    ...(achievedSparsity === undefined ? {} : { achievedSparsity }),
    testAccuracy: accuracy,
    ...(dense === undefined ? {} : { denseTestAccuracy: dense }),
    ...{ chosenBy: criterion, chosenFrom: candidates, unfinished, seeds },
    ...(record === undefined ? {} : { provenance: record.provenance }),
  };
}

export function bestText(name: string, best: ShownBest): string {
  const { setting, seed, start, pruning, sparsity, achievedSparsity, denseTestAccuracy, provenance } = best;
  const rows: [string, string | undefined][] = [
    ["run", best.run],
    ["mask", best.mask],
    ["setting", setting],
    ["seed", String(seed)],
    ["start", start],
    ["pruning", pruning],
    [
      "sparsity",
      achievedSparsity === undefined ? percent(sparsity) : `${percent(achievedSparsity)} of the masked layers`,
    ],
    ["test accuracy", `${best.testAccuracy.toFixed(2)} % after the last epoch`],
    ["dense, same seed", denseTestAccuracy === undefined ? undefined : `${denseTestAccuracy.toFixed(2)} %`],
    ["computed", provenance && `${provenance.finishedAt}, ${provenance.device} (${provenance.hardware})`],
    ["with", provenance && `sweepstake ${provenance.sweepstake}, libtorch ${provenance.libtorch}`],
    ["data", provenance?.data],
  ];
  const lines = rows.flatMap(([head, value]) => (value === undefined ? [] : [`  ${head.padEnd(18)}${value}`]));
  return `${name}: best of ${best.chosenFrom} networks at ${percent(sparsity)}\n${lines.join("\n")}\n${caveat(best)}\n`;
}

/** What the selection does to the number. */
function caveat({ chosenBy, chosenFrom, unfinished, seeds, run }: ShownBest): string {
  const range = `${seeds.lowest.toFixed(2)} to ${seeds.highest.toFixed(2)} %`;
  const alike =
    seeds.count === 1
      ? "Its setting has one finished seed."
      : `Over its ${seeds.count} seeds the same setting has ${seeds.mean.toFixed(2)} % on average (${range}).`;
  const biased = chosenFrom > 1 && chosenBy === "test accuracy";
  return [
    biased
      ? `It was chosen from ${chosenFrom} by the test set itself, so its test accuracy is optimistic. With data.validation the choice is made by other images.`
      : `It was chosen from ${chosenFrom} by ${chosenBy}.`,
    alike,
    ...(unfinished === 0 ? [] : [`${unfinished} more at this sparsity are not done.`]),
    `Take it away: sweepstake export ${run.slice(0, 10)} --to safetensors -o best.safetensors`,
  ].join("\n");
}
