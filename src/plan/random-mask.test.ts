import { describe, expect, it } from "vitest";
import { parseSpec } from "../spec/parse.ts";
import { makePlan } from "./plan.ts";
import type { MaskStage, Plan } from "./types.ts";

function planOf(prune: string): Plan {
  const text = `{ name: a, data: cifar10, model: lenet5, train: { epochs: 2, optimizer: { sgd: { lr: 0.1 } } }, seeds: [4, 7], prune: ${prune}, retrain: [ticket] }`;
  return makePlan(parseSpec(text, "a.yaml"));
}

function masks(plan: Plan): readonly MaskStage[] {
  return [...plan.stages.values()].filter((stage) => stage.kind === "mask");
}

describe("random masks", () => {
  it("have the replicate's seed in their parameters; those of other pruners do not", () => {
    for (const kind of ["one-shot", "iterative"]) {
      const plan = planOf(`[{ ${kind}: { sparsities: [0.5, 0.7], pruner: random } }]`);
      expect(masks(plan).map(({ parameters }) => parameters.seed)).toEqual([4, 4, 7, 7]);
      const plain = planOf(`[{ ${kind}: { sparsities: [0.5, 0.7] } }]`);
      for (const { parameters } of masks(plain)) expect(parameters).not.toHaveProperty("seed");
    }
  });

  it("are called by their pruner, also when they are the only ones of their kind", () => {
    const names = (prune: string) => [...new Set(planOf(prune).arms.flatMap(({ cell }) => cell?.pruning ?? []))];
    expect(names("[{ one-shot: { sparsities: [0.5], pruner: random } }]")).toEqual(["one-shot (random)"]);
    expect(
      names("[{ iterative: { sparsities: [0.5] } }, { one-shot: { sparsities: [0.5], pruner: random } }]"),
    ).toEqual(["iterative", "one-shot (random)"]);
    expect(names("[{ one-shot: { sparsities: [0.5] } }, { one-shot: { sparsities: [0.5], pruner: random } }]")).toEqual(
      ["one-shot (magnitude)", "one-shot (random)"],
    );
  });
});
