import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { countForTarget, exactFraction, keptAfterRemoving, keptCount, roundedShare, targetIssue } from "./counts.ts";

describe("exactFraction", () => {
  test.each([
    [0.1, 1n, 10n],
    [0.25, 25n, 100n],
    [0, 0n, 1n],
    [1, 1n, 1n],
    [1e-7, 1n, 10_000_000n],
    [1.5e-7, 15n, 100_000_000n],
    [1e21, 10n ** 21n, 1n],
    [-0.5, -5n, 10n],
  ])("reads %f as the decimal number that it prints as", (x, numerator, denominator) => {
    expect(exactFraction(x)).toEqual({ numerator, denominator });
  });

  test("refuses what is not finite", () => {
    expect(() => exactFraction(Number.NaN)).toThrow("expected a finite number, got NaN");
    expect(() => exactFraction(Number.NEGATIVE_INFINITY)).toThrow("expected a finite number, got -Infinity");
  });
});

describe("keptCount rounds n·(1 - sparsity) half up, exactly", () => {
  test.each([
    [10, 0.3, 7],
    [10, 0.7, 3],
    [10, 0.5, 5],
    [5, 0.5, 3], // 2.5
    [5, 0.9, 1], // 0.5; in binary 0.49999999999999989
    [5, 0.7, 2], // 1.5; in binary 1.5000000000000002
    [15, 0.9, 2], // 1.5; in binary 1.4999999999999996
    [25, 0.58, 11], // 10.5; in binary 10.500000000000002
    [50, 0.99, 1], // 0.5; in binary 0.5000000000000004
    [100, 0.995, 1], // 0.5
    [3, 0.9, 0], // 0.3
    [1, 0.5, 1],
    [1, 0.51, 0],
    [36864, 0.385875, 22639], // 22639.104
    [10_000_000, 0.3, 7_000_000],
    [0, 0.5, 0],
    [7, 0, 7],
    [7, 1, 0],
  ])("n %d, sparsity %d: %d", (n, sparsity, expected) => {
    expect(keptCount(n, sparsity)).toBe(expected);
  });

  test("for every sparsity with three decimals, as integer arithmetic has it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000_000 }), fc.integer({ min: 0, max: 1000 }), (n, thousandths) => {
        const twice = 2 * n * (1000 - thousandths); // below 2^53
        expect(keptCount(n, thousandths / 1000)).toBe(Math.floor((twice + 1000) / 2000));
        expect(roundedShare(n, thousandths / 1000)).toBe(Math.floor((2 * n * thousandths + 1000) / 2000));
      }),
      { seed: 1 },
    );
  });

  test("twelve rounds of 15 % from 1000 weights", () => {
    const counts = [1000];
    for (let round = 0; round < 12; round++) counts.push(keptAfterRemoving(counts[round] ?? 0, 0.15));
    // By hand: 722.5 → 723, 614.55 → 615, 522.75 → 523, 444.55 → 445, …
    expect(counts).toEqual([1000, 850, 723, 615, 523, 445, 378, 321, 273, 232, 197, 167, 142]);
  });
});

describe("what is refused", () => {
  test("a fraction outside [0, 1], with the fix for percent", () => {
    expect(() => keptCount(10, 85)).toThrow("expected a fraction in [0, 1], got 85\n  hint: for 85 % write 0.85");
    expect(() => keptCount(10, -0.1)).toThrow("expected a fraction in [0, 1], got -0.1");
    expect(() => roundedShare(10, Number.NaN)).toThrow("expected a fraction in [0, 1], got NaN");
  });

  test("a number of weights that is no count", () => {
    expect(() => keptCount(2.5, 0.5)).toThrow("expected a number of weights (an integer >= 0), got 2.5");
    expect(() => keptCount(-1, 0.5)).toThrow("got -1");
  });

  test("a layer that would keep nothing, by name, size and sparsity", () => {
    expect(() => countForTarget("fc.weight", 3, 3, { sparsity: 0.9 })).toThrow(
      "fc.weight: sparsity 0.9 of 3 weights keeps no weight\n  hint: prune less, or protect this layer",
    );
    expect(() => countForTarget("fc.weight", 30, 1, { removeFraction: 0.6 })).toThrow(
      "fc.weight: removing 0.6 of the 1 weights left (of 30) keeps no weight",
    );
  });

  test("a sparsity below that of the previous mask", () => {
    expect(() => countForTarget("fc.weight", 10, 4, { sparsity: 0.5 })).toThrow(
      "fc.weight: sparsity 0.5 of 10 weights keeps 5 weights, but the previous mask has only 4 left",
    );
    expect(targetIssue("fc.weight", 10, 5, { sparsity: 0.5 })).toBeUndefined();
  });
});

test("a target counts from the layer's size or from what remains", () => {
  expect(countForTarget("w", 100, 60, { sparsity: 0.5 })).toBe(50);
  expect(countForTarget("w", 100, 60, { removeFraction: 0.5 })).toBe(30);
});
