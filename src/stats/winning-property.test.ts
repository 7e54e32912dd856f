import { describe, expect, test } from "vitest";
import { equivalenceTest, pairedTTest, seedsNeeded, summarize, tInterval } from "./paired-t.ts";
import type { PairedRun, SparsityVerdict, WinningOptions } from "./verdict.ts";
import { winningProperty } from "./winning-property.ts";

type Triple = readonly [dense: number | null, ticket: number | null, reinit: number | null];

function runs(triples: readonly Triple[]): PairedRun[] {
  return triples.map(([dense, ticket, reinit], seed) => ({ seed, dense, ticket, reinit }));
}

function judge(triples: readonly Triple[], options?: WinningOptions): SparsityVerdict {
  const [verdict] = winningProperty([{ sparsity: 0.5, runs: runs(triples) }], options).sparsities;
  if (verdict === undefined) throw new Error("no verdict");
  return verdict;
}

/** Clear at five seeds: close to dense within noise 0.1, and better than reinit by 2 points. */
const clear: Triple[] = [
  [90.0, 90.1, 88.0],
  [90.2, 90.2, 88.1],
  [89.9, 89.8, 87.9],
  [90.1, 90.2, 88.3],
  [90.0, 90.0, 87.9],
];

/** The same seeds, with constants added to dense and reinit. */
function shifted(dense: number, reinit: number): Triple[] {
  return clear.map(([d, t, r]) => [(d ?? 0) + dense, t, (r ?? 0) + reinit]);
}

describe("verdicts of clear cases", () => {
  test("holds: both conditions are met", () => {
    const verdict = judge(clear);
    expect(verdict.verdict).toBe("holds");
    expect([verdict.closeToDense.state, verdict.betterThanReinit.state]).toEqual(["met", "met"]);
    expect(verdict.seedsToDecide).toBeNull();
  });

  test("holds: a ticket above dense is close, though not equivalent", () => {
    const verdict = judge(shifted(-3, -3));
    expect(verdict.verdict).toBe("holds");
    expect(verdict.equivalence?.raw).toBeGreaterThan(0.99);
  });

  test("fails by condition 1: established to be far below dense", () => {
    const verdict = judge(shifted(3, 0));
    expect(verdict.verdict).toBe("fails");
    expect([verdict.closeToDense.state, verdict.betterThanReinit.state]).toEqual(["not met", "met"]);
    expect(verdict.sentence).toContain("fails (condition 1: the ticket does not come close to dense)");
  });

  test("fails by condition 2: established not to beat reinit notably", () => {
    const verdict = judge(shifted(0, 2.2));
    expect(verdict.verdict).toBe("fails");
    expect([verdict.closeToDense.state, verdict.betterThanReinit.state]).toEqual(["met", "not met"]);
    expect(verdict.sentence).toContain("fails (condition 2: the ticket is not notably better than reinit)");
  });

  test("a small but sure gain over reinit is not notable: 0.3 of the 0.5 points asked for", () => {
    expect(judge(shifted(0, 1.72)).betterThanReinit.state).toBe("not met");
    expect(judge(shifted(0, 1.72), { minDifference: 0.1 }).betterThanReinit.state).toBe("met");
  });

  test("undecided: lack of proof is not proof of the opposite", () => {
    const noisy: Triple[] = [
      [90, 91, 88],
      [90, 88.5, 90],
      [90, 90.5, 89.5],
    ];
    const verdict = judge(noisy);
    expect(verdict.verdict).toBe("undecided");
    expect([verdict.closeToDense.reason, verdict.betterThanReinit.reason]).toEqual(["p above alpha", "p above alpha"]);
  });
});

describe("numbers behind the verdict", () => {
  const verdict = judge(clear);
  const differences = clear.map(([d, t]) => (t ?? 0) - (d ?? 0));
  const summary = summarize(differences);

  test("effect, spread and interval are those of the paired differences", () => {
    const { effect, sd, interval, level, n, dropped, threshold } = verdict.closeToDense;
    expect(effect).toBeCloseTo(0.02, 12); // (0.1 + 0 - 0.1 + 0.1 + 0) / 5
    expect(sd).toBeCloseTo(Math.sqrt(0.028 / 4), 12); // squared deviations: .0064 + .0004 + .0144 + .0064 + .0004
    expect({ level, n, dropped, threshold }).toEqual({ level: 0.9, n: 5, dropped: 0, threshold: -0.5 });
    expect(interval).toEqual(tInterval(summary, 0.9));
    expect(verdict.betterThanReinit.threshold).toBe(0.5);
  });

  test("p-values are those of one-sided tests against the threshold; not met faces both conditions", () => {
    const [above, below] = [pairedTTest(summary, -0.5, "greater"), pairedTTest(summary, -0.5, "less")];
    expect(verdict.closeToDense.pMet).toEqual({ raw: above, adjusted: above });
    expect(verdict.closeToDense.pNotMet?.raw).toBe(below);
    expect(verdict.closeToDense.pNotMet?.adjusted).toBe(1);
    expect(verdict.equivalence?.raw).toBe(equivalenceTest(summary, 0.5)?.pValue);
  });

  test("Wilcoxon is reported from six seeds on", () => {
    expect(verdict.closeToDense.wilcoxon).toBeNull();
    const six = judge([...clear, [90.0, 90.05, 88.0]]);
    expect(six.betterThanReinit.wilcoxon).toBe(1 / 64);
  });

  test("options are recorded, with their defaults", () => {
    const { equivalenceMargin, minDifference, alpha } = winningProperty([]);
    expect({ equivalenceMargin, minDifference, alpha }).toEqual({
      equivalenceMargin: 0.5,
      minDifference: 0.5,
      alpha: 0.05,
    });
    expect(winningProperty([]).sentence).toBe("The winning property was tested at no sparsity.");
  });
});

describe("too little data is undecided, with the reason", () => {
  test("one seed, however large the difference", () => {
    const verdict = judge([[90, 95, 10]]);
    expect(verdict.verdict).toBe("undecided");
    expect([verdict.closeToDense.reason, verdict.betterThanReinit.reason]).toEqual(["one seed", "one seed"]);
    expect(verdict.closeToDense).toMatchObject({
      effect: 5,
      sd: null,
      interval: null,
      pMet: null,
      pNotMet: null,
      seedsToDecide: null,
    });
    expect(verdict.seedsToDecide).toBeNull();
    expect(verdict.sentence).toContain("undecided (one seed; at least 2 are needed)");
    expect(verdict.sentence).toContain("no p-value");
  });

  test("seeds without any spread", () => {
    const verdict = judge([
      [90, 90.3, 80],
      [91, 91.3, 81],
      [80, 80.3, 70],
    ]);
    expect(verdict.verdict).toBe("undecided");
    expect(verdict.closeToDense).toMatchObject({ reason: "no spread", sd: 0, pMet: null });
    expect(verdict.sentence).toContain("the seeds do not differ, so the t test does not apply");
  });

  test("no seed with both runs", () => {
    const verdict = judge([
      [90, null, 80],
      [91, null, 81],
    ]);
    expect(verdict.closeToDense).toMatchObject({
      reason: "no pairs",
      n: 0,
      dropped: 2,
      effect: null,
      state: "undecided",
    });
    expect(verdict.sentence).toContain("undecided (no seed has both runs)");
  });
});

test("a seed where one arm diverged is left out of that condition only, and counted", () => {
  const verdict = judge([...clear, [90, 90.1, null]]);
  expect(verdict.closeToDense).toMatchObject({ n: 6, dropped: 0 });
  expect(verdict.betterThanReinit).toMatchObject({ n: 5, dropped: 1 });
  expect(verdict.betterThanReinit.effect).toBe(judge(clear).betterThanReinit.effect);
  expect(verdict.sentence).toContain("5 seeds, 1 left out because a run diverged or is missing");
});

describe("several sparsities", () => {
  test("met is corrected over the sparsities of its condition, not met over both conditions too", () => {
    const cases = [clear, shifted(0.35, 1.3), shifted(0.45, 1.4), shifted(3, 2.5)];
    const result = winningProperty(cases.map((triples, i) => ({ sparsity: 0.2 * (i + 1), runs: runs(triples) })));
    const close = result.sparsities.map(({ closeToDense }) => closeToDense);
    const better = result.sparsities.map(({ betterThanReinit }) => betterThanReinit);
    for (const conditions of [close, better]) checkHolm(conditions.map(({ pMet }) => pMet));
    checkHolm([...close, ...better].map(({ pNotMet }) => pNotMet));
    checkHolm(result.sparsities.map(({ equivalence }) => equivalence));
    expect(close[0]?.pMet?.adjusted).toBeGreaterThan(close[0]?.pMet?.raw ?? 1);
  });

  /** Holm's definition: the j-th smallest of m is adjusted to the largest of (m - i + 1)·p_i over i <= j. */
  function checkHolm(family: readonly ({ raw: number; adjusted: number } | null)[]): void {
    const sorted = family.flatMap((p) => (p === null ? [] : [p])).sort((x, y) => x.raw - y.raw);
    expect(sorted).toHaveLength(family.length);
    let largest = 0;
    for (const [i, { raw, adjusted }] of sorted.entries()) {
      largest = Math.max(largest, Math.min(1, (sorted.length - i) * raw));
      expect(adjusted).toBeCloseTo(largest, 14);
    }
  }

  test("a sparsity that cannot be tested still counts, so that the others do not become easier", () => {
    const alone = judge(clear).closeToDense.pMet?.raw ?? Number.NaN;
    const two = winningProperty([
      { sparsity: 0.3, runs: runs(clear) },
      { sparsity: 0.5, runs: runs([[90, 90, 80]]) },
    ]);
    expect(two.sparsities[0]?.closeToDense.pMet?.adjusted).toBeCloseTo(2 * alone, 14);
  });

  test("the summary names every sparsity with its verdict, reason and outlook", () => {
    const result = winningProperty([
      { sparsity: 0.15, runs: runs(clear) },
      { sparsity: 0.385875, runs: runs(clear) },
      { sparsity: 0.7, runs: runs(shifted(0.5, 0)) },
      { sparsity: 0.9, runs: runs(shifted(3, 0)) },
    ]);
    expect(result.sparsities.map(({ verdict }) => verdict)).toEqual(["holds", "holds", "undecided", "fails"]);
    expect(result.sentence).toBe(
      "The winning property holds at sparsity 15 %, 38.59 %; fails at sparsity 90 % (condition 1: the ticket does not come " +
        "close to dense); is undecided at sparsity 70 % (about 91 seeds would decide). Close to dense: at most 0.5 " +
        "points below; better than reinit: by more than 0.5 points; family-wise error 0.05.",
    );
  });

  test("the sentence of one sparsity carries every number of the verdict", () => {
    // Half widths: 2.776·sqrt(0.007/5) = 0.104 and 2.776·sqrt(0.012/5) = 0.136.
    expect(judge(clear).sentence).toBe(
      "Sparsity 50 %: holds. Ticket − dense 0.02 points (90 % CI −0.06 to 0.10; p of met < 0.0001, after Holm < 0.0001; " +
        "5 seeds); ticket − reinit 2.02 points (90 % CI 1.92 to 2.12; p of met < 0.0001, after Holm < 0.0001; 5 seeds).",
    );
  });
});

describe("seeds that would decide it", () => {
  const noisy: Triple[] = [
    [90, 90.9, 87],
    [90, 89.6, 88],
    [90, 90.2, 89],
  ];

  test("are those of the t test at the observed effect and spread; all open conditions must be met", () => {
    const { closeToDense, betterThanReinit, seedsToDecide } = judge(noisy);
    const expected = [
      { differences: [0.9, -0.4, 0.2], threshold: -0.5 },
      { differences: [3.9, 1.6, 1.2], threshold: 0.5 },
    ].map(({ differences, threshold }) => {
      const { mean, sd } = summarize(differences);
      return seedsNeeded(mean - threshold, sd ?? 0, 0.05, 1000);
    });
    expect([closeToDense.seedsToDecide, betterThanReinit.seedsToDecide]).toEqual(expected);
    expect(seedsToDecide).toBe(Math.max(...expected.map(Number)));
    expect(judge(noisy).sentence).toContain(`undecided (about ${seedsToDecide ?? ""} seeds would decide)`);
  });

  test("one condition that tends to fail is enough", () => {
    const falling = judge([
      [92, 90.9, 87],
      [92, 89.6, 88],
      [92, 90.2, 89],
    ]);
    expect(falling.verdict).toBe("undecided");
    const { mean, sd } = summarize([-1.1, -2.4, -1.8]);
    // At half the level: "not met" is corrected over both conditions.
    expect(falling.seedsToDecide).toBe(seedsNeeded(-0.5 - mean, sd ?? 0, 0.025, 1000));
  });

  test("with so many seeds of the same effect and spread it is decided indeed, with one fewer it is not", () => {
    const needed = judge(noisy).betterThanReinit.seedsToDecide;
    if (typeof needed !== "number") throw new Error("expected a number");
    const { mean, sd } = summarize([3.9, 1.6, 1.2]);
    const p = (n: number) => pairedTTest({ n, mean, sd }, 0.5, "greater") ?? 1;
    expect(p(needed)).toBeLessThanOrEqual(0.05);
    expect(p(needed - 1)).toBeGreaterThan(0.05);
  });
});

describe("what is refused", () => {
  test("accuracies that are no percentages, and repeated seeds, all at once", () => {
    const data = [
      {
        sparsity: 0.5,
        runs: [
          { seed: 1, dense: 90, ticket: 101, reinit: 80 },
          { seed: 1, dense: 90, ticket: 90, reinit: Number.NaN },
        ],
      },
    ];
    expect(() => winningProperty(data)).toThrow(
      "sparsity 0.5, seed 1: expected a ticket accuracy in percent (0 to 100), got 101\n" +
        "sparsity 0.5, seed 1: expected every seed once, got it again\n" +
        "sparsity 0.5, seed 1: expected a reinit accuracy in percent (0 to 100), got NaN",
    );
  });

  test.each<[WinningOptions, string]>([
    [{ equivalenceMargin: 0 }, "equivalenceMargin: expected accuracy points in (0, 100], got 0"],
    [{ minDifference: -1 }, "minDifference: expected accuracy points in [0, 100], got -1"],
    [{ alpha: 0.5 }, "alpha: expected a level in (0, 0.5), got 0.5"],
    [{ alpha: 0 }, "alpha: expected a level in (0, 0.5), got 0"],
  ])("%j", (options, message) => {
    expect(() => winningProperty([], options)).toThrow(message);
  });
});
