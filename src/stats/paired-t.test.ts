import { describe, expect, test } from "vitest";
import { stream } from "../core/rng.ts";
import { normalUpperTail, tCritical, tUpperTail } from "./distributions.ts";
import { equivalenceTest, pairedTTest, seedsNeeded, summarize, tInterval } from "./paired-t.ts";

/** P(T > x), by integrating the density with Simpson's rule: independent of any incomplete beta function. */
function tUpperByIntegration(x: number, df: number): number {
  const steps = 20_000;
  // With t = sqrt(df)·tan(u) the density is proportional to cos(u)^(df - 1) on (-π/2, π/2).
  const integral = (from: number, to: number) => {
    const h = (to - from) / steps;
    const f = (u: number) => Math.cos(u) ** (df - 1);
    let sum = f(from) + f(to);
    for (let i = 1; i < steps; i++) sum += (i % 2 === 1 ? 4 : 2) * f(from + i * h);
    return (sum * h) / 3;
  };
  return integral(Math.atan(x / Math.sqrt(df)), Math.PI / 2) / (2 * integral(0, Math.PI / 2));
}

describe("distributions", () => {
  test.each([1, 2, 3, 4, 5, 9, 30, 999])("t with %d degrees of freedom, against numerical integration", (df) => {
    for (const x of [-5, -1.3, -0.01, 0, 0.01, 0.5, 1, 2.1, 4, 8])
      expect(tUpperTail(x, df)).toBeCloseTo(tUpperByIntegration(x, df), 11);
  });

  test("t, against closed forms far out in the tail", () => {
    for (const x of [1e2, 1e4, 1e6]) {
      expect(tUpperTail(x, 1) / (Math.atan(1 / x) / Math.PI)).toBeCloseTo(1, 10);
      // 1/2 - x/(2·sqrt(2 + x²)), without the cancellation
      const root = Math.sqrt(2 + x * x);
      expect(tUpperTail(x, 2) / (1 / (root * (root + x)))).toBeCloseTo(1, 10);
    }
    expect(tUpperTail(Number.POSITIVE_INFINITY, 3)).toBe(0);
  });

  test.each([
    // Printed in every table of Student's t.
    [0.025, 1, 12.706],
    [0.025, 2, 4.303],
    [0.025, 4, 2.776],
    [0.05, 4, 2.132],
    [0.05, 9, 1.833],
    [0.005, 9, 3.25],
    [0.025, 120, 1.98],
  ])("critical value at %d with %d degrees of freedom is %d", (upper, df, expected) => {
    expect(tCritical(upper, df)).toBeCloseTo(expected, 3);
    expect(tUpperTail(tCritical(upper, df), df)).toBeCloseTo(upper, 12);
  });

  test("normal tail", () => {
    expect(normalUpperTail(0)).toBe(0.5);
    expect(normalUpperTail(1.959963984540054)).toBeCloseTo(0.025, 14);
    expect(normalUpperTail(-1.959963984540054)).toBeCloseTo(0.975, 14);
    // Mills' ratio: pdf(x)/x·(1 - 1/x² + 3/x⁴ - 15/x⁶ + …) at x = 20, where the next term is 105/x⁸ = 4e-9
    const mills = (Math.exp(-200) / Math.sqrt(2 * Math.PI) / 20) * (1 - 1 / 400 + 3 / 160_000 - 15 / 64e6);
    expect(normalUpperTail(20) / mills).toBeCloseTo(1, 8);
  });
});

// Student's own example (1908): additional hours of sleep of ten patients, drug 2 against drug 1.
const sleep = [1.2, 2.4, 1.3, 1.3, 0, 1, 1.8, 0.8, 4.6, 1.4];

describe("paired t test", () => {
  test("Student's sleep data: t = 4.0621 with 9 degrees of freedom, p = 0.002833, interval 0.7001 to 2.4599", () => {
    const summary = summarize(sleep);
    expect(summary.n).toBe(10);
    expect(summary.mean).toBeCloseTo(1.58, 12);
    expect(summary.sd).toBeCloseTo(1.229995, 6);
    expect(pairedTTest(summary, 0, "two-sided")).toBeCloseTo(0.002833, 6);
    expect(pairedTTest(summary, 0, "greater")).toBeCloseTo(0.002833 / 2, 6);
    expect(pairedTTest(summary, 0, "less")).toBeCloseTo(1 - 0.002833 / 2, 6);
    const interval = tInterval(summary, 0.95) ?? [0, 0];
    expect(interval[0]).toBeCloseTo(0.7001142, 6);
    expect(interval[1]).toBeCloseTo(2.4598858, 6);
  });

  test("by hand: differences 1, 2, 3 have mean 2, sd 1, t = 2·sqrt(3) against 0 and sqrt(3) against 1", () => {
    const summary = summarize([1, 2, 3]);
    expect(summary).toEqual({ n: 3, mean: 2, sd: 1 });
    // 2 degrees of freedom: P(T > t) = 1/2 - t/(2·sqrt(2 + t²))
    expect(pairedTTest(summary, 0, "greater")).toBeCloseTo(0.5 - Math.sqrt(12) / (2 * Math.sqrt(14)), 12);
    expect(pairedTTest(summary, 1, "greater")).toBeCloseTo(0.5 - Math.sqrt(3) / (2 * Math.sqrt(5)), 12);
    expect(pairedTTest(summary, 2, "two-sided")).toBeCloseTo(1, 12);
  });

  test("one seed has an effect, but neither spread, interval nor p-value", () => {
    const summary = summarize([2.5]);
    expect(summary).toEqual({ n: 1, mean: 2.5, sd: null });
    expect(pairedTTest(summary, 0, "greater")).toBeUndefined();
    expect(tInterval(summary, 0.95)).toBeUndefined();
    expect(equivalenceTest(summary, 0.5)).toBeUndefined();
  });

  test("equal differences, also up to the rounding of a subtraction, give a point and no p-value", () => {
    const summary = summarize([91.3 - 91, 61.3 - 61, 0.3]);
    expect(91.3 - 91).not.toBe(0.3);
    expect(summary.sd).toBe(0);
    expect(pairedTTest(summary, 0, "greater")).toBeUndefined();
    const interval = tInterval(summary, 0.95) ?? [0, 0];
    expect(interval[0]).toBe(interval[1]);
    expect(interval[0]).toBeCloseTo(0.3, 12);
  });

  test("the smallest real spread, one image of 60000 in one of ten seeds, is not taken for rounding", () => {
    expect(summarize([...new Array<number>(9).fill(0.5), 0.5 + 100 / 60_000]).sd).toBeGreaterThan(0);
  });

  test.each([
    [[], "expected at least one finite difference, got none"],
    [[1, Number.NaN], "expected at least one finite difference, got NaN"],
    [[Number.POSITIVE_INFINITY], "expected at least one finite difference, got Infinity"],
  ])("%j is refused", (differences, message) => {
    expect(() => summarize(differences)).toThrow(message);
  });
});

test("intervals cover the true mean at their level, and one-sided tests err at theirs (4000 samples of 4)", () => {
  const draws = stream(1, "coverage");
  const runs = 4000;
  let [covered, rejected] = [0, 0];
  for (let i = 0; i < runs; i++) {
    const summary = summarize(Array.from({ length: 4 }, () => 3 + 2 * draws.normal()));
    const [low, high] = tInterval(summary, 0.9) ?? [0, 0];
    if (low <= 3 && 3 <= high) covered++;
    if ((pairedTTest(summary, 3, "greater") ?? 1) <= 0.05) rejected++;
  }
  // Five binomial standard errors.
  expect(Math.abs(covered / runs - 0.9)).toBeLessThan(5 * Math.sqrt((0.9 * 0.1) / runs));
  expect(Math.abs(rejected / runs - 0.05)).toBeLessThan(5 * Math.sqrt((0.05 * 0.95) / runs));
});

describe("equivalence (TOST)", () => {
  test("by hand: 1, 2, 3 within ±4 of 0 is t = 6·sqrt(3) from below and 2·sqrt(3) from above", () => {
    const result = equivalenceTest(summarize([1, 2, 3]), 4);
    const tail = (t: number) => 0.5 - t / (2 * Math.sqrt(2 + t * t));
    expect(result?.pAboveLower).toBeCloseTo(tail(6 * Math.sqrt(3)), 12);
    expect(result?.pBelowUpper).toBeCloseTo(tail(2 * Math.sqrt(3)), 12);
    expect(result?.pValue).toBe(result?.pBelowUpper);
  });

  test("agrees with the 1 - 2·alpha interval lying inside of the margins", () => {
    const draws = stream(2, "tost");
    for (let i = 0; i < 200; i++) {
      const summary = summarize(Array.from({ length: 5 }, () => 0.1 + 0.4 * draws.normal()));
      const [low, high] = tInterval(summary, 0.9) ?? [0, 0];
      expect((equivalenceTest(summary, 0.5)?.pValue ?? 1) <= 0.05).toBe(low >= -0.5 && high <= 0.5);
    }
  });
});

describe("seeds needed", () => {
  test.each([
    // The first n with distance/sd·sqrt(n) >= the tabulated critical value at 0.05 with n - 1 degrees of freedom:
    [1, 1, 5], // sqrt(5) = 2.236 >= 2.132; sqrt(4) = 2 < 2.353
    [2, 1, 3], // 2·sqrt(3) = 3.46 >= 2.920; 2·sqrt(2) = 2.83 < 6.314
    [5, 1, 2], // 5·sqrt(2) = 7.07 >= 6.314
    [0.5, 1, 13], // 0.5·sqrt(13) = 1.803 >= 1.782; 0.5·sqrt(12) = 1.732 < 1.796
  ])("distance %d at spread %d: %d", (distance, sd, expected) => {
    expect(seedsNeeded(distance, sd, 0.05, 1000)).toBe(expected);
  });

  test("is undefined when the most allowed do not suffice, or the effect points the other way", () => {
    expect(seedsNeeded(0.01, 1, 0.05, 1000)).toBeUndefined();
    expect(seedsNeeded(0, 1, 0.05, 1000)).toBeUndefined();
    expect(seedsNeeded(-1, 1, 0.05, 1000)).toBeUndefined();
    expect(seedsNeeded(0.0521, 1, 0.05, 1000)).toBe(999); // 1.6465 = critical value at 998 degrees of freedom
  });
});
