import { expect, test } from "vitest";
import { errorBarrier, errorPercent } from "./connectivity.ts";

test.each<[string, readonly number[], number]>([
  ["a flat line has none", [8, 8, 8], 0],
  ["a hump rises above the mean of the ends", [8, 30, 10], 21],
  ["a dip leaves half the difference of the ends: the worse end is on the line", [8, 5, 10], 1],
  ["the highest point counts, wherever it is", [4, 50, 20, 6], 45],
  ["the ends alone", [3, 5], 1],
])("error barrier: %s", (_, errors, barrier) => {
  expect(errorBarrier(errors)).toBe(barrier);
  expect(errorBarrier(errors.toReversed())).toBe(barrier);
});

test("errors are percents without dust, so that a barrier of exactly 2 points is not below it", () => {
  expect(100 * (1 - 0.84)).not.toBe(16);
  expect([0.84, 0.86, 1, 0].map(errorPercent)).toEqual([16, 14, 0, 100]);
});

test("error barrier: without both ends it is a fault of ours", () => {
  expect(() => errorBarrier([3])).toThrow(RangeError);
});
