import { describe, expect, test } from "vitest";
import { seedsNeeded, summarize } from "./paired-t.ts";
import type { PairedRun } from "./verdict.ts";
import { winningProperty } from "./winning-property.ts";

/** Seeds with a ticket at 90 %, so that the differences to dense and to reinit are those given. */
function runs(toDense: readonly number[], toReinit: readonly number[]): PairedRun[] {
  return toDense.map((d, seed) => ({ seed, dense: 90 - d, ticket: 90, reinit: 90 - (toReinit[seed] ?? 0) }));
}

describe("both conditions together", () => {
  // At 30 % only condition 2 is weak (p about 0.04), at 50 % only condition 1: per condition Holm, each p passes second at 0.05.
  const weak = (mean: number) => [mean - 0.24, mean, mean + 0.24, mean - 0.24, mean + 0.24];
  const [sure, near] = [weak(4), weak(0)];
  const plus = (shift: number) => near.map((x) => x + shift);
  const data = [
    { sparsity: 0.3, runs: runs(sure, plus(0.75)) },
    { sparsity: 0.5, runs: runs(plus(-0.25), sure) },
  ];

  test("holds needs the larger p of each sparsity to pass Holm: conditions met apart are undecided, and said so", () => {
    const { sparsities } = winningProperty(data);
    for (const { verdict, closeToDense, betterThanReinit, both, sentence } of sparsities) {
      expect([closeToDense.state, betterThanReinit.state, verdict]).toEqual(["met", "met", "undecided"]);
      const larger = Math.max(closeToDense.pMet?.raw ?? 1, betterThanReinit.pMet?.raw ?? 1);
      expect(both?.raw).toBe(larger);
      expect(both?.adjusted).toBeCloseTo(2 * larger, 14);
      expect(sentence).toContain(
        "each condition is met by itself, but not both together after Holm; about 7 seeds would decide",
      );
    }
  });

  test("alone in its family, each holds", () => {
    for (const one of data) expect(winningProperty([one]).sparsities[0]?.verdict).toBe("holds");
  });

  test("the seeds that would decide it bring the larger p to alpha over the sparsities", () => {
    const { mean, sd } = summarize(plus(0.75));
    expect(winningProperty(data).sparsities[0]?.seedsToDecide).toBe(seedsNeeded(mean - 0.5, sd ?? 0, 0.025, 1000));
  });
});
