import { describeData } from "../data/check.ts";
import type { Setting, Spec } from "../spec/types.ts";
import { sparsitiesOf } from "./reported.ts";
import type { ScaleName } from "./types.ts";
import { fullRateSteps, stepCount } from "./weight-decay.ts";

/**
 * Steps below which no ResNet-20 was seen in the paper's regime: with 1,200 lr 0.1 is no better than 0.01 even where R_0.2(θ0, θT) is at
 * its null (docs/paper.md).
 */
const FEWEST_STEPS = 2400;

/**
 * What is left of the paper's protocol, for captions: `small scale: 12 of 150 epochs, 3 of 5 seeds, 12,800 of 50,000 training images, …`.
 * It is read off the spec that runs, so a user's own changes are in it.
 * @param spec      what runs
 * @param full      the same figure at the paper's protocol
 * @param overrides the user's `a.b=c`
 */
export function scaleNote(spec: Spec, full: Spec, scale: ScaleName, overrides: readonly string[]): string {
  const [ours, paper] = [spec.variants[0]?.setting, full.variants[0]?.setting];
  if (ours === undefined || paper === undefined) return `${scale} scale`;
  const parts = [
    ofAll(ours.train.epochs, paper.train.epochs, "epochs"),
    ofAll(spec.seeds.length, full.seeds.length, "seeds"),
    ...images(ours),
    steps(ours, paper),
    batches(ours, paper),
    weightDecay(ours, paper),
    masks(ours, paper),
    rewinding(ours, paper),
    admmEpochs(ours, paper),
  ].filter((part) => part !== undefined);
  const label = parts.length === 0 ? `${scale} scale: the paper's protocol` : `${scale} scale: ${parts.join(", ")}`;
  // Where files lie and what computes changes no result.
  const changes = overrides.filter((text) => !/^(data\.path|device|name|question)=/.test(text));
  return changes.length === 0 ? label : `${label}; changed by hand: ${changes.join(", ")}`;
}

function steps(ours: Setting, paper: Setting): string | undefined {
  const [left, right] = [stepsOf(ours), stepsOf(paper)];
  const few = left < FEWEST_STEPS ? ", too few for the paper's regime" : "";
  const text = ofAll(left, right, "steps");
  return text === undefined ? undefined : `${text}${few}`;
}

function stepsOf({ data, train }: Setting): number {
  return stepCount(train, describeData(data).train);
}

function batches(ours: Setting, paper: Setting): string | undefined {
  const [left, right] = [ours.train.batchSize, paper.train.batchSize];
  return left === right ? undefined : `batches of ${left} instead of ${right}`;
}

/** The rule is Σ lr·weightDecay; what a change by hand makes of it is read off the spec, too. */
function weightDecay(ours: Setting, paper: Setting): string | undefined {
  const [left, right] = [ours, paper].map(({ data, train }) => ({
    decay: train.optimizer.sgd.weightDecay,
    sum: train.optimizer.sgd.weightDecay * fullRateSteps(train, describeData(data).train),
  }));
  if (left === undefined || right === undefined || right.sum === 0) return undefined;
  const share = Math.round((100 * left.sum) / right.sum);
  if (left.decay === right.decay && share === 100) return undefined;
  const change = left.decay === right.decay ? `${left.decay}` : `${left.decay} instead of ${right.decay}`;
  const rule = share === 100 ? "which keeps Σ lr·weightDecay" : `Σ lr·weightDecay ${share} % of the paper's`;
  return `weight decay ${change} (${rule})`;
}

function ofAll(ours: number, all: number, what: string): string | undefined {
  return ours === all ? undefined : `${ours.toLocaleString("en-US")} of ${all.toLocaleString("en-US")} ${what}`;
}

function images({ data }: Setting): readonly (string | undefined)[] {
  const ours = describeData(data);
  const all = describeData({ name: data.name });
  return [ofAll(ours.train, all.train, "training images"), ofAll(ours.test, all.test, "test images")];
}

function masks(ours: Setting, paper: Setting): string | undefined {
  const [left, right] = [ours, paper].map(({ prune }) => JSON.stringify(prune.map(sparsitiesOf)));
  if (left === right) return undefined;
  const percents = [...new Set(ours.prune.flatMap(sparsitiesOf))].sort((a, b) => a - b).map((s) => Math.round(100 * s));
  return percents.length === 0 ? "no masks" : `masks at ${percents.join(", ")} % sparsity`;
}

function rewinding(ours: Setting, paper: Setting): string | undefined {
  const [left, right] = [ours, paper].map(({ retrain }) =>
    retrain.flatMap((start) => (start.kind === "rewind" ? [start.epoch] : [])).join(", "),
  );
  return left === right || left === "" ? undefined : `rewinding to epoch ${left} instead of ${right}`;
}

function admmEpochs(ours: Setting, paper: Setting): string | undefined {
  const [left, right] = [ours, paper].map(({ prune }) => {
    const admm = prune.find(({ kind }) => kind === "admm");
    return admm?.kind === "admm" ? admm.stages * admm.epochsPerStage : 0;
  });
  return left === undefined || right === undefined || left === 0 ? undefined : ofAll(left, right, "epochs of ADMM");
}
