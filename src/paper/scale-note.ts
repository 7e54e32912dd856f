import { describeData } from "../data/check.ts";
import type { Setting, Spec } from "../spec/types.ts";
import { sparsitiesOf } from "./reported.ts";
import type { ScaleName } from "./types.ts";

/**
 * What is left of the paper's protocol, for captions: `tiny scale: 5 of 150 epochs, 3 of 5 seeds, 6,400 of 50,000 training images, …`.
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
    masks(ours, paper),
    rewinding(ours, paper),
    admmEpochs(ours, paper),
  ].filter((part) => part !== undefined);
  const label = parts.length === 0 ? `${scale} scale: the paper's protocol` : `${scale} scale: ${parts.join(", ")}`;
  // Where files lie and what computes changes no result.
  const changes = overrides.filter((text) => !/^(data\.path|device|name|question)=/.test(text));
  return changes.length === 0 ? label : `${label}; changed by hand: ${changes.join(", ")}`;
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
