import { describe, expect, test } from "vitest";
import { stream } from "../core/rng.ts";
import type { SparsityVerdict } from "./verdict.ts";
import { winningProperty } from "./winning-property.ts";

describe("simulated experiments with known truth", () => {
  /** Share of simulated experiments (5 seeds, `m` sparsities) of which `is` is true. */
  function rate(
    name: string,
    truth: { dense: number; reinit: number } | readonly { dense: number; reinit: number }[],
    m: number,
    is: (verdicts: readonly SparsityVerdict[]) => boolean,
  ): { share: number; error: number } {
    const draws = stream(1, "winning property", name);
    const experiments = 1500;
    let hits = 0;
    for (let e = 0; e < experiments; e++) {
      const data = Array.from({ length: m }, (_, i) => ({
        sparsity: (i + 1) / (m + 1),
        runs: Array.from({ length: 5 }, (_, seed) => {
          const { dense, reinit } = "dense" in truth ? truth : (truth[i] ?? { dense: 0, reinit: 0 });
          const ticket = 90 + 0.2 * draws.normal();
          return {
            seed,
            ticket,
            dense: 90 - dense + 0.2 * draws.normal(),
            reinit: 90 - reinit + 0.2 * draws.normal(),
          };
        }),
      }));
      if (is(winningProperty(data).sparsities)) hits++;
    }
    return { share: hits / experiments, error: Math.sqrt((0.05 * 0.95) / experiments) };
  }
  const some = (verdict: SparsityVerdict["verdict"]) => (list: readonly SparsityVerdict[]) =>
    list.some((v) => v.verdict === verdict);

  test("condition 1 exactly at its margin, condition 2 clear: a wrong 'holds' in alpha of the experiments", () => {
    const { share, error } = rate("margin", { dense: -0.5, reinit: 3 }, 1, some("holds"));
    expect(Math.abs(share - 0.05)).toBeLessThan(4 * error);
  });

  test("condition 2 exactly at its minimum, condition 1 clear: a wrong 'holds' in alpha of the experiments", () => {
    const { share, error } = rate("minimum", { dense: 2, reinit: 0.5 }, 1, some("holds"));
    expect(Math.abs(share - 0.05)).toBeLessThan(4 * error);
  });

  test("four sparsities, all at the margin: any wrong 'holds' still in about alpha (without Holm it were 19 %)", () => {
    const { share, error } = rate("family", { dense: -0.5, reinit: 3 }, 4, some("holds"));
    expect(Math.abs(share - 0.05)).toBeLessThan(4 * error);
  });

  test("each condition false at another sparsity: any wrong 'holds' in at most alpha (Holm per condition: 9 %)", () => {
    const truths = [
      { dense: -0.5, reinit: 3 },
      { dense: 2, reinit: 0.5 },
    ];
    const { share, error } = rate("mixed", truths, 2, some("holds"));
    expect(share).toBeLessThan(0.05 + 4 * error);
    expect(share).toBeGreaterThan(0.02);
  });

  test("both conditions exactly at their thresholds, four sparsities: any wrong 'fails' in at most alpha", () => {
    const { share, error } = rate("fails", { dense: -0.5, reinit: 0.5 }, 4, some("fails"));
    expect(share).toBeLessThan(0.05 + 4 * error);
    expect(share).toBeGreaterThan(0.02);
  });

  test("a clear truth is found nearly always", () => {
    const all = (verdict: SparsityVerdict["verdict"]) => (list: readonly SparsityVerdict[]) =>
      list.every((v) => v.verdict === verdict);
    expect(rate("clear", { dense: 0.5, reinit: 2.5 }, 1, all("holds")).share).toBeGreaterThan(0.95);
    expect(rate("clearly not", { dense: -2, reinit: 0 }, 1, all("fails")).share).toBeGreaterThan(0.95);
  });
});
