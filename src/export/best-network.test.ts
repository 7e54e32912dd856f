import { describe, expect, it } from "vitest";
import { fixtureResults } from "../analysis/fixture.ts";
import { bestNetwork } from "./best-network.ts";

/** Accuracies that a reader can check by hand: the dense network has 90 + seed, tickets at 0.7 have 88, 91.4 and 89. */
const results = fixtureResults({
  seeds: 3,
  rates: [0.1],
  prunings: ["iterative"],
  starts: ["ticket", "reinit"],
  accuracy: ({ start, seed, cell }) => {
    if (start === "dense") return 90 + seed;
    if (start === "reinit") return 80;
    return cell?.sparsity === 0.7 ? ([88, 91.4, 89][seed] ?? 0) : 70;
  },
  status: ({ seed, start, cell }) => (seed === 2 && start === "reinit" && cell?.sparsity === 0.7 ? "missing" : "done"),
});

describe("the best network", () => {
  it("has the highest final accuracy of its sparsity, and says what it was chosen from", () => {
    const best = bestNetwork(results, { sparsity: 0.7 });
    expect(best.arm).toMatchObject({ start: "ticket", seed: 1, cell: { sparsity: 0.7 } });
    expect(best).toMatchObject({ accuracy: 91.4, ranked: 91.4, dense: 91, candidates: 5, unfinished: 1 });
    expect(best.criterion).toBe("test accuracy");
    expect(best.seeds).toMatchObject({ count: 3, lowest: 88, highest: 91.4 });
    expect(best.seeds.mean).toBeCloseTo((88 + 91.4 + 89) / 3, 12);
  });

  it("is chosen by validation accuracy where every candidate has one, whatever the test accuracy", () => {
    const validated = {
      ...results,
      arms: results.arms.map((arm) => ({
        ...arm,
        curve: arm.curve.map((epoch) => ({
          ...epoch,
          validationLoss: 1,
          validationAccuracy: arm.seed === 0 ? 0.9 : 0.8,
        })),
      })),
    };
    const best = bestNetwork(validated, { sparsity: 0.7 });
    expect(best.arm.seed).toBe(0);
    expect(best).toMatchObject({ criterion: "validation accuracy", accuracy: 88, ranked: 90 });
    const [first, ...others] = validated.arms.filter(({ cell }) => cell?.sparsity === 0.7);
    if (first === undefined) throw new Error("the fixture has no such arm");
    const partly = { ...results, arms: [...others, ...results.arms.filter(({ train }) => train === first.train)] };
    expect(bestNetwork(partly, { sparsity: 0.7 }).criterion).toBe("test accuracy");
  });

  it("is within a margin of the dense network of its own seed", () => {
    // 88 is 2 below its dense network, 91.4 is above, 89 is 3 below.
    expect(bestNetwork(results, { sparsity: 0.7, within: 2 }).candidates).toBe(2);
    expect(bestNetwork(results, { sparsity: 0.7, within: 0.5 }).candidates).toBe(1);
    expect(() => bestNetwork(results, { sparsity: 0.5, within: 0.5 })).toThrow(/none of 6 .* 0.5 percentage points/);
  });

  it("may be the dense one", () => {
    const best = bestNetwork(results, { sparsity: 0 });
    expect(best).toMatchObject({ accuracy: 92, candidates: 3, seeds: { count: 3, mean: 91 } });
    expect(best.arm).toMatchObject({ start: "dense", seed: 2 });
  });

  it("is refused at a sparsity that the experiment does not have, with those that it has", () => {
    expect(() => bestNetwork(results, { sparsity: 0.8 })).toThrow(/no networks at 80 %[\s\S]*0, 0.5, 0.7, 0.9/);
  });

  it("is refused when nothing of the sparsity is done", () => {
    const nothing = fixtureResults({ status: () => "missing" });
    expect(() => bestNetwork(nothing, { sparsity: 0.5 })).toThrow(/expected a finished network/);
  });
});
