import { describe, expect, it } from "vitest";
import { parseSpec } from "../spec/parse.ts";
import { makePlan } from "./plan.ts";
import type { AdmmStage, Plan } from "./types.ts";

function planOf(admm: string, train = ""): Plan {
  return makePlan(
    parseSpec(
      `{ name: a, data: cifar10, model: resnet20, seeds: [3], prune: [{ admm: ${admm} }], retrain: [ticket],
         train: { epochs: 20, batchSize: 64, optimizer: { sgd: { lr: 0.1, nesterov: true } }, augment: { flip: true } ${train} } }`,
      "a.yaml",
    ),
  );
}

function admmStages(plan: Plan): AdmmStage[] {
  return [...plan.stages.values()].filter((stage) => stage.kind === "admm");
}

describe("an ADMM stage", () => {
  it("trains with the recipe of the dense run, but for its own epochs and a constant rate, from θT", () => {
    const plan = planOf(
      "{ sparsities: [0.5], stages: 3, epochsPerStage: 2, lrFactor: 0.2 }",
      ", schedule: { milestones: [10], warmupEpochs: 2 }",
    );
    const [stage] = admmStages(plan);
    const dense = plan.stages.get(plan.arms[0]?.train ?? "");
    if (dense?.kind !== "train") throw new Error("no dense run");
    const { sgd } = dense.parameters.recipe.optimizer;
    expect(stage?.inputs).toEqual({ weights: { key: dense.key, output: "weights@20" } });
    expect(stage?.outputs).toEqual(["mask", "metrics", "residuals"]);
    expect(stage?.parameters).toMatchObject({
      seed: 3,
      data: dense.parameters.data,
      sparsity: 0.5,
      schedule: { rho: 1e-4, growth: 10, epochsPerStage: 2 },
      recipe: {
        ...dense.parameters.recipe,
        epochs: 6,
        optimizer: { sgd: { ...sgd, lr: 0.02 } },
        schedule: { milestones: [], factor: 1, warmupEpochs: 0 },
      },
    });
    // ResNet-20 has 21 convolutions and linear layers with its two projections; the first is protected.
    expect(stage?.parameters.layers).toHaveLength(21);
    expect(stage?.parameters.layers).not.toContain("conv1.weight");
  });

  it("takes a tenth of the recipe's initial rate by default, in every variant of a sweep", () => {
    const plan = makePlan(
      parseSpec(
        `{ name: a, data: cifar10, model: resnet20, prune: [{ admm: { sparsities: [0.5] } }],
           train: { epochs: 20, optimizer: { sgd: { lr: 0.1 } } }, sweep: { train.optimizer.sgd.lr: [0.01, 0.1] } }`,
        "a.yaml",
      ),
    );
    expect(admmStages(plan).map(({ parameters }) => parameters.recipe.optimizer.sgd.lr)).toEqual([0.001, 0.01]);
  });

  it("is the same key for defaults written out, and another one for every field that changes", () => {
    const key = (admm: string) => admmStages(planOf(admm))[0]?.key;
    const base = key("{ sparsities: [0.5] }");
    expect(key("{ sparsities: [0.5], lrFactor: 0.1, rho: 1e-4, growth: 10, stages: 4, epochsPerStage: 10 }")).toBe(
      base,
    );
    const others = ["rho: 1e-3", "growth: 5", "stages: 3", "epochsPerStage: 9", "lrFactor: 0.2"].map((field) =>
      key(`{ sparsities: [0.5], ${field} }`),
    );
    expect(new Set([base, key("{ sparsities: [0.6] }"), ...others]).size).toBe(7);
  });

  it("does not depend on where the data lie", () => {
    const withPath = (path: string) =>
      makePlan(
        parseSpec(
          `{ name: a, data: { name: cifar10, path: ${path} }, model: resnet20, prune: [{ admm: { sparsities: [0.5] } }],
             train: { epochs: 2, optimizer: { sgd: { lr: 0.1 } } } }`,
          "a.yaml",
        ),
      );
    expect(admmStages(withPath("/a"))[0]?.key).toBe(admmStages(withPath("/b"))[0]?.key);
  });
});
