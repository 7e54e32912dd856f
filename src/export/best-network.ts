import type { ArmResult, Results } from "../analysis/types.ts";
import { InputError } from "../core/errors.ts";
import { percent } from "../run/labels.ts";

export interface BestQuery {
  /** Share removed of every unprotected layer, as the spec's sparsities, in [0, 1); 0 is the dense network. */
  readonly sparsity: number;
  /** Only networks at most so many percentage points below the dense one of their own setting and seed. */
  readonly within?: number;
}

/** By what the networks were ranked. Only the validation set leaves the test accuracy unbiased. */
export type Criterion = "test accuracy" | "validation accuracy";

export interface BestNetwork {
  readonly arm: ArmResult;
  readonly criterion: Criterion;
  /** Test accuracy after the last epoch, in percent. */
  readonly accuracy: number;
  /** What the networks were ranked by, in percent. */
  readonly ranked: number;
  /** How many finished networks it was chosen from. */
  readonly candidates: number;
  /** Networks of this sparsity that are not done. */
  readonly unfinished: number;
  /** Test accuracy of the dense network of the same setting and seed, in percent, where it is done. */
  readonly dense?: number;
  /** Of all seeds of the same setting, pruning and start: what to expect of one more such network, in percent. */
  readonly seeds: { readonly count: number; readonly mean: number; readonly lowest: number; readonly highest: number };
}

/** Two shares that print as the same percentage of two decimals are the same sparsity to a user. */
const SAME_SPARSITY = 5e-5;

/**
 * The network of the highest accuracy after its last epoch at a sparsity. Ranked by validation accuracy when every candidate has one;
 * of equal ones the first of the plan.
 * @throws InputError when the plan has no such sparsity, nothing of it is done, or none is within the margin
 */
export function bestNetwork(results: Results, { sparsity, within }: BestQuery): BestNetwork {
  const atSparsity = results.arms.filter((arm) => Math.abs(sparsityOf(arm) - sparsity) <= SAME_SPARSITY);
  if (atSparsity.length === 0) throw noSuchSparsity(results, sparsity);
  const done = atSparsity.filter((arm) => arm.finalAccuracy !== undefined);
  const where = `${results.spec.name}, sparsity ${percent(sparsity)}`;
  if (done.length === 0)
    throw new InputError({
      where,
      message: `expected a finished network, got ${atSparsity.length} that are not done`,
      hint: "run the experiment first, or look at sweepstake status",
    });
  const candidates = done.filter((arm) => within === undefined || isWithin(results, arm, within));
  if (candidates.length === 0) throw noneWithin(results, done, where, within ?? 0);
  const byValidation = candidates.every((arm) => validationOf(arm) !== undefined);
  const rank = (arm: ArmResult) => (byValidation ? validationOf(arm) : arm.finalAccuracy) ?? 0;
  const arm = candidates.reduce((best, other) => (rank(other) > rank(best) ? other : best));
  const dense = denseOf(results, arm);
  const alike = done.filter((other) => isAlike(other, arm)).map((other) => other.finalAccuracy ?? 0);
  return {
    arm,
    criterion: byValidation ? "validation accuracy" : "test accuracy",
    accuracy: arm.finalAccuracy ?? 0,
    ranked: rank(arm),
    candidates: new Set(candidates.map(({ train }) => train)).size,
    unfinished: atSparsity.length - done.length,
    ...(dense === undefined ? {} : { dense }),
    seeds: {
      count: alike.length,
      mean: alike.reduce((sum, value) => sum + value, 0) / alike.length,
      lowest: Math.min(...alike),
      highest: Math.max(...alike),
    },
  };
}

function sparsityOf({ cell }: ArmResult): number {
  return cell?.sparsity ?? 0;
}

function validationOf({ curve }: ArmResult): number | undefined {
  const share = curve.at(-1)?.validationAccuracy;
  return share === undefined ? undefined : 100 * share;
}

function denseOf({ arms }: Results, { variant, seed }: ArmResult): number | undefined {
  return arms.find((arm) => arm.start === "dense" && arm.variant === variant && arm.seed === seed)?.finalAccuracy;
}

/** A network whose dense one is not done cannot be said to be near it. */
function isWithin(results: Results, arm: ArmResult, points: number): boolean {
  const dense = denseOf(results, arm);
  return dense !== undefined && (arm.finalAccuracy ?? 0) >= dense - points - 1e-9;
}

/** The same but for the seed. */
function isAlike(a: ArmResult, b: ArmResult): boolean {
  return (
    a.variant === b.variant &&
    a.start === b.start &&
    a.rewindEpoch === b.rewindEpoch &&
    a.retrainEpochs === b.retrainEpochs &&
    a.cell?.pruneIndex === b.cell?.pruneIndex &&
    a.cell?.step === b.cell?.step
  );
}

function noSuchSparsity({ spec, arms }: Results, sparsity: number): InputError {
  const known = [...new Set(arms.map(sparsityOf))].sort((a, b) => a - b);
  return new InputError({
    where: "--sparsity",
    message: `${spec.name} has no networks at ${percent(sparsity)}`,
    hint: `it has ${known.map((share) => Number(share.toFixed(4))).join(", ")} (0 is dense)`,
  });
}

function noneWithin(results: Results, done: readonly ArmResult[], where: string, points: number): InputError {
  const gaps = done.flatMap((arm) => {
    const dense = denseOf(results, arm);
    return dense === undefined ? [] : [dense - (arm.finalAccuracy ?? 0)];
  });
  const nearest =
    gaps.length === 0 ? "their dense networks are not done" : `the nearest is ${Math.min(...gaps).toFixed(2)} below`;
  return new InputError({
    where,
    message: `none of ${done.length} finished networks is within ${points} percentage points of its dense network`,
    hint: nearest,
  });
}
