import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { elementCount } from "../core/array.ts";
import { keptAfterRemoving } from "../masks/counts.ts";
import { describeModel } from "../models/index.ts";
import { parseSpec } from "../spec/parse.ts";
import { makePlan } from "./plan.ts";
import { pruningLabels } from "./pruning-labels.ts";
import { termOf } from "./symbolic.fixture.ts";
import type { Comparison, Plan } from "./types.ts";

function planOf(fields: Readonly<Record<string, unknown>>): Plan {
  const train = { epochs: 20, optimizer: { sgd: { lr: 0.1 } } };
  const text = stringify({ name: "grid", data: "cifar10", model: "resnet20", train, ...fields });
  return makePlan(parseSpec(text, "grid.yaml"));
}

const half = { prune: [{ "one-shot": { sparsities: [0.5] } }] };

/** Measure, mode, p and whether a mask is given, for reading by eye. */
function rows(plan: Plan): readonly (readonly unknown[])[] {
  return plan.comparisons.map((comparison) => {
    const { parameters, inputs } = stageOf(plan, comparison);
    return [comparison.measure, parameters.mode, parameters.p, inputs.mask?.key === comparison.cell?.mask.key];
  });
}

function stageOf(plan: Plan, { compare }: Comparison) {
  const stage = plan.stages.get(compare);
  if (stage?.kind !== "compare") throw new Error("no compare stage");
  return stage;
}

describe("comparisons", () => {
  it("are the paper's: pre-training over all p, and four of the fine-tuned weights", () => {
    expect(rows(planOf({ ...half, retrain: ["fine-tune", "reinit"] }))).toEqual([
      ["pre-training", "dense-dense", [0.1, 0.2, 0.3, 0.4, 0.5], true],
      ["ticket", "sparse-sparse", [0.1, 0.2, 0.3, 0.4, 0.5], true],
      ["reinit", "sparse-sparse", [0.1, 0.2, 0.3, 0.4, 0.5], true],
      ["fine-tune to initial", "sparse-dense", [0.1, 0.2, 0.3, 0.4], true],
      ["fine-tune to pre-trained", "sparse-dense", [0.1, 0.2, 0.3, 0.4], true],
    ]);
  });

  it("take each side from where the definition has it", () => {
    const plan = planOf({ ...half, retrain: ["reinit", "fine-tune"] });
    const init = (draw: number) => ({ init: draw, seed: 0, variant: "" });
    const whole = { epoch: 20, budget: 20, behind: 0, seed: 0, variant: "0.1" };
    const dense = { train: init(0), ...whole };
    const mask = { maskOf: dense, target: { sparsity: 0.5 } };
    const fineTuned = { train: dense, mask, ...whole };
    const sides = plan.comparisons.map((comparison) => {
      const { a, b } = stageOf(plan, comparison).inputs;
      return [comparison.measure, termOf(plan, a), termOf(plan, b)];
    });
    expect(sides).toEqual([
      ["pre-training", init(0), dense],
      ["ticket", init(0), fineTuned],
      ["reinit", init(1), fineTuned],
      ["fine-tune to initial", fineTuned, init(0)],
      ["fine-tune to pre-trained", fineTuned, dense],
    ]);
  });

  it("are only pre-training without fine-tuned weights, and leave reinit out when nothing is reinitialised", () => {
    const measures = (retrain: readonly string[]) =>
      planOf({ ...half, retrain }).comparisons.map(({ measure }) => measure);
    expect(measures(["ticket", "reinit"])).toEqual(["pre-training"]);
    expect(measures(["fine-tune"])).toEqual([
      "pre-training",
      "ticket",
      "fine-tune to initial",
      "fine-tune to pre-trained",
    ]);
  });

  it("with a dense side take only the p below 1 - sparsity, in decimal, and none if there is none", () => {
    const at = (sparsity: number, p: readonly number[]) =>
      planOf({
        prune: [{ "one-shot": { sparsities: [sparsity] } }],
        retrain: ["fine-tune"],
        measure: { correlation: { p } },
      });
    // 1 - 0.7 is 0.30000000000000004 in binary, and p = 0.3 is still not below it
    expect(rows(at(0.7, [0.2, 0.3])).map(([, , p]) => p)).toEqual([[0.2, 0.3], [0.2, 0.3], [0.2], [0.2]]);
    expect(rows(at(0.9, [0.2, 0.3])).map(([measure]) => measure)).toEqual(["pre-training", "ticket"]);
  });

  it("with a dense side leave out a p whose top weights do not fit where rounding has left a layer one weight short", () => {
    const layers = describeModel(planOf({}).spec.variants[0]?.setting.model ?? { name: "resnet20" }, {
      classes: 10,
      shape: [3, 32, 32],
    }).prunable.slice(1);
    /** The first round after which a layer keeps fewer weights than its share of the layer, rounded. */
    const shortRound = (rate: number): number => {
      const kept = layers.map(({ shape }) => elementCount(shape));
      for (let round = 1; round <= 20; round++) {
        for (const [i, layer] of layers.entries()) {
          const left = keptAfterRemoving(kept[i] ?? 0, rate);
          kept[i] = left;
          if (left < Math.round(((1 - rate) ** round - 1e-6) * elementCount(layer.shape))) return round;
        }
      }
      return 0;
    };
    const rate = [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35].find((candidate) => shortRound(candidate) > 1) ?? 0;
    const rounds = shortRound(rate);
    const p = [0.01, (1 - rate) ** rounds - 1e-6];
    const plan = planOf({
      prune: [{ iterative: { rate, rounds } }],
      retrain: ["fine-tune"],
      measure: { correlation: { p } },
    });
    const found = plan.comparisons.filter(({ measure }) => measure === "fine-tune to pre-trained");
    const byStep = found.map((comparison) => stageOf(plan, comparison).parameters.p);
    expect(byStep).toEqual([...Array.from({ length: rounds - 1 }, () => p), [0.01]]);
  });

  it("cover the layers that are pruned", () => {
    const plan = planOf({ ...half, retrain: ["fine-tune"], protect: ["first-conv", "last-linear"] });
    const [all] = planOf({ protect: [] }).comparisons.map((comparison) => stageOf(planOf({ protect: [] }), comparison));
    const layers = all?.parameters.layers ?? [];
    expect(layers.length).toBeGreaterThan(2);
    for (const comparison of plan.comparisons) {
      expect(stageOf(plan, comparison).parameters.layers).toEqual(layers.slice(1, -1));
    }
    for (const stage of plan.stages.values()) {
      if (stage.kind === "mask") expect(stage.parameters.layers).toEqual(layers.slice(1, -1));
    }
  });
});

describe("cells", () => {
  it("carry the sparsity in decimal: 1 - 0.85^k for a rate of 0.15", () => {
    const plan = planOf({ prune: [{ iterative: { rate: 0.15, rounds: 3 } }], retrain: ["ticket"] });
    expect(plan.arms.flatMap(({ cell }) => cell?.sparsity ?? [])).toEqual([0.15, 0.2775, 0.385875]);
  });

  it("name their pruning, uniquely within the spec", () => {
    const magnitude = { name: "magnitude", options: {} };
    const other = { name: "other", options: {} };
    const byRate = (rate: number) =>
      ({ kind: "iterative", pruner: magnitude, rounds: [{ removeFraction: rate }] }) as const;
    const shot = (pruner: typeof magnitude, sparsity: number) =>
      ({ kind: "one-shot", pruner, sparsities: [sparsity] }) as const;
    expect(pruningLabels([byRate(0.2), shot(magnitude, 0.5)])).toEqual(["iterative", "one-shot"]);
    expect(pruningLabels([shot(magnitude, 0.5), shot(other, 0.5)])).toEqual([
      "one-shot (magnitude)",
      "one-shot (other)",
    ]);
    expect(pruningLabels([byRate(0.1), byRate(0.2)])).toEqual(["iterative (rate 0.1)", "iterative (rate 0.2)"]);
    expect(pruningLabels([shot(magnitude, 0.5), byRate(0.2), shot(magnitude, 0.6)])).toEqual([
      "one-shot (1)",
      "iterative",
      "one-shot (2)",
    ]);
  });
});
