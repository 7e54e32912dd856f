import { describe, expect, test } from "vitest";
import type { ArmResult, ComparisonResult, Results } from "../analysis/types.ts";
import { stream } from "../core/rng.ts";
import { claims, judgeClaim } from "./judge.ts";
import { claimSettings } from "./setting.ts";
import type { ClaimOutcome } from "./types.ts";
import { paperAccuracy, paperExcess, worldResults } from "./world.fixture.ts";

const EXPERIMENTS = 1000;
/** Four standard errors of a share near 0.05. */
const ERROR = 4 * Math.sqrt((0.05 * 0.95) / EXPERIMENTS);
const isCorrelation = (id: number) => [3, 4, 7].includes(id);

/** What a claim needs of the experiment and nothing else, since all of it is drawn again and again. */
function templateOf(id: number): Results {
  const prunings =
    id === 7 || id === 8 ? ["admm"] : id === 5 || id === 6 ? ["iterative", "one-shot", "admm"] : ["iterative"];
  const results = worldResults({ seeds: 5, sparsities: [0.5, 0.7], prunings });
  if (!isCorrelation(id)) return { ...results, comparisons: [] };
  const comparisons = results.comparisons.map((comparison) => ({
    ...comparison,
    points: comparison.points.filter(({ p }) => p === 0.2),
  }));
  return { ...results, arms: [], comparisons };
}

type Mean = (arm: ArmResult, isHigh: boolean) => number;
type Excess = (comparison: ComparisonResult, isHigh: boolean) => number;

/** Results with new draws of everything: noise of every run, and some that all runs of a seed share. */
function redrawn(template: Results, experiment: number, mean: Mean, excess: Excess): Results {
  const draws = stream(experiment, "claims");
  const shared = template.spec.seeds.map(() => 0.05 * draws.normal());
  const noise = (seed: number) => (shared[seed] ?? 0) + 0.15 * draws.normal();
  return {
    ...template,
    arms: template.arms.map((arm) => ({ ...arm, finalAccuracy: mean(arm, arm.variant === "v1") + noise(arm.seed) })),
    comparisons: template.comparisons.map((comparison) => ({
      ...comparison,
      points: comparison.points.map((point) => ({
        ...point,
        rp: point.nullMean + (excess(comparison, comparison.variant === "v1") + 5 * noise(comparison.seed)) / 100,
      })),
    })),
  };
}

const paperMean: Mean = ({ start, cell }, isHigh) =>
  paperAccuracy(start, { rate: isHigh ? 0.1 : 0.01, ...(cell === undefined ? {} : { kind: cell.pruning }) });
const paperDistance: Excess = ({ measure }, isHigh) => paperExcess(measure, { rate: isHigh ? 0.1 : 0.01 });

function rate(
  id: number,
  outcome: ClaimOutcome,
  mean: Mean,
  excess: Excess = paperDistance,
  experiments = EXPERIMENTS,
) {
  const claim = claims.find((candidate) => candidate.id === id);
  const template = templateOf(id);
  let hits = 0;
  for (let e = 0; e < experiments; e++) {
    const [setting] = claimSettings([redrawn(template, e, mean, excess)]);
    if (claim !== undefined && setting !== undefined && judgeClaim(claim, setting).outcome === outcome) hits++;
  }
  return hits / experiments;
}

describe("both errors of a claim are at most alpha in simulated experiments at the edge of its hypothesis", () => {
  test("claim 1, tickets of the high rate exactly at both margins: wrongly refuted in at most alpha", () => {
    const edge: Mean = (arm, isHigh) => {
      if (!isHigh || arm.start === "dense") return paperMean(arm, isHigh);
      return { ticket: 91.7 - 0.5, reinit: 91.7 - 1 }[arm.start as string] ?? paperMean(arm, isHigh);
    };
    expect(rate(1, "refuted", edge)).toBeLessThan(0.05 + ERROR);
  });

  test("claim 1, tickets of the low rate exactly at one margin at all sparsities: wrongly confirmed in at most alpha", () => {
    const edge: Mean = (arm, isHigh) => (!isHigh && arm.start === "ticket" ? 89.6 - 0.5 : paperMean(arm, isHigh));
    const found = rate(1, "confirmed", edge);
    expect(found).toBeLessThan(0.05 + ERROR);
    expect(found).toBeGreaterThan(0.02);
  });

  test("claim 5, all starts equal: wrongly confirmed never, wrongly refuted in at most alpha, over twelve parts", () => {
    const equal: Mean = (arm, isHigh) => (isHigh && arm.start !== "dense" ? 90 : paperMean(arm, isHigh));
    const found = rate(5, "refuted", equal);
    expect(found).toBeLessThan(0.05 + ERROR);
    expect(found).toBeGreaterThan(0.01);
    expect(rate(5, "confirmed", equal)).toBeLessThan(0.01);
  });

  test("claim 5, equal under one mask only: wrongly confirmed in alpha", () => {
    const one: Mean = (arm, isHigh) =>
      arm.start === "ticket" && arm.cell?.pruning === "admm" && arm.cell.sparsity === 0.7
        ? paperMean({ ...arm, start: "fine-tune" }, isHigh)
        : paperMean(arm, isHigh);
    expect(Math.abs(rate(5, "confirmed", one) - 0.05)).toBeLessThan(ERROR);
  });

  test("claim 4, reinit exactly 3 points above its null: wrongly confirmed in at most alpha, refuted too", () => {
    const edge: Excess = (comparison, isHigh) =>
      comparison.measure === "reinit" ? 3 : paperDistance(comparison, isHigh);
    expect(rate(4, "confirmed", paperMean, edge)).toBeLessThan(0.05 + ERROR);
    expect(rate(4, "refuted", paperMean, edge)).toBeLessThan(0.05 + ERROR);
  });

  test("the paper's pattern is found in nearly all experiments, for every claim", () => {
    for (const { id } of claims)
      expect([id, rate(id, "confirmed", paperMean, paperDistance, 60) > 0.9]).toEqual([id, true]);
  });
});
