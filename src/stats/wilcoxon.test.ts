import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { signedRankTest } from "./wilcoxon.ts";

/** Every choice of signs, with mid-ranks from a sorted list: 2^n rank sums. */
function byEnumeration(differences: readonly number[]): { observed: number; sums: number[] } {
  const nonZero = differences.filter((d) => d !== 0);
  const sorted = nonZero.map(Math.abs).sort((x, y) => x - y);
  const ranks = nonZero.map((d) => (sorted.indexOf(Math.abs(d)) + sorted.lastIndexOf(Math.abs(d))) / 2 + 1);
  const total = (isPositive: (i: number) => boolean) => ranks.reduce((sum, r, i) => sum + (isPositive(i) ? r : 0), 0);
  return {
    observed: total((i) => (nonZero[i] ?? 0) > 0),
    sums: Array.from({ length: 2 ** ranks.length }, (_, signs) => total((i) => Math.floor(signs / 2 ** i) % 2 === 1)),
  };
}

test("exact p under ties and zeros, against the enumeration of all signs", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -5, max: 6 }), { minLength: 6, maxLength: 10 }), (differences) => {
      const { observed, sums } = byEnumeration(differences);
      const share = (holds: (sum: number) => boolean) => sums.filter(holds).length / sums.length;
      const [upper, lower] = [share((s) => s >= observed), share((s) => s <= observed)];
      const n = differences.filter((d) => d !== 0).length;
      if (n < 6) {
        expect(signedRankTest(differences, "greater")).toBeUndefined();
        return;
      }
      expect(signedRankTest(differences, "greater")).toMatchObject({ statistic: observed, n });
      expect(signedRankTest(differences, "greater")?.pValue).toBeCloseTo(upper, 12);
      expect(signedRankTest(differences, "less")?.pValue).toBeCloseTo(lower, 12);
      expect(signedRankTest(differences, "two-sided")?.pValue).toBeCloseTo(Math.min(1, 2 * Math.min(upper, lower)), 12);
    }),
    { seed: 3, numRuns: 100 },
  );
});

describe("known values", () => {
  test("six positive differences: one of 64 ways", () => {
    expect(signedRankTest([1, 2, 3, 4, 5, 6], "greater")).toEqual({ statistic: 21, n: 6, pValue: 1 / 64 });
    expect(signedRankTest([1, 2, 3, 4, 5, 6], "less")?.pValue).toBe(1);
    expect(signedRankTest([1, 2, 3, 4, 5, 6], "two-sided")?.pValue).toBe(1 / 32);
  });

  test("tabulated: with n = 10, rank sums up to 8 of 55 have two-sided p 0.0488, up to 9 have 0.0645", () => {
    const withLower = (negative: readonly number[]) =>
      Array.from({ length: 10 }, (_, i) => (negative.includes(i + 1) ? -(i + 1) : i + 1));
    expect(signedRankTest(withLower([8]), "two-sided")?.pValue).toBeCloseTo(50 / 1024, 12);
    expect(signedRankTest(withLower([9]), "two-sided")?.pValue).toBeCloseTo(66 / 1024, 12);
  });

  test("differences that are equal up to the rounding of a subtraction are ties, and those equal to 0 are dropped", () => {
    const tied = [91.3 - 91, 61.3 - 61, 0.3, -0.3, 0.1, 0.2, 0.4];
    expect(signedRankTest(tied, "greater")).toEqual(signedRankTest([0.3, 0.3, 0.3, -0.3, 0.1, 0.2, 0.4], "greater"));
    expect(signedRankTest([...tied, 0.3 - (0.1 + 0.2)], "greater")?.n).toBe(7);
  });

  test("fewer than six differences that are not 0 are not tested", () => {
    expect(signedRankTest([1, 2, 3, 4, 5], "greater")).toBeUndefined();
    expect(signedRankTest([1, 2, 3, 4, 5, 0], "greater")).toBeUndefined();
  });

  test("a thousand seeds are still exact: all positive is 2^-1000", () => {
    expect(
      signedRankTest(
        Array.from({ length: 1000 }, (_, i) => i + 1),
        "greater",
      )?.pValue,
    ).toBe(2 ** -1000);
  });
});
