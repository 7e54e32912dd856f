import fc from "fast-check";
import { expect, test } from "vitest";
import { holm } from "./holm.ts";

test.each([
  [
    [0.01, 0.04, 0.03, 0.005],
    [0.03, 0.06, 0.06, 0.02],
  ], // by hand: 4·.005, 3·.01, 2·.03, then max(1·.04, .06)
  [[0.02], [0.02]],
  [
    [0.01, 0.01, 0.01],
    [0.03, 0.03, 0.03],
  ],
  [
    [0.5, 0.6],
    [1, 1],
  ],
  [
    [0.001, 1, 0.9],
    [0.003, 1, 1],
  ],
  [[], []],
])("%j becomes %j", (raw, expected) => {
  const adjusted = holm(raw);
  expect(adjusted).toHaveLength(expected.length);
  for (const [i, p] of expected.entries()) expect(adjusted[i]).toBeCloseTo(p, 12);
});

test("rejects what Holm's step-down procedure rejects, at any level", () => {
  const probability = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(
      fc.array(probability, { maxLength: 8 }),
      fc.double({ min: 0.001, max: 0.5, noNaN: true }),
      (raw, alpha) => {
        // The procedure as published: go through the sorted p-values, stop at the first above alpha/(number left).
        const sorted = [...raw].sort((a, b) => a - b);
        const stop = sorted.findIndex((p, rank) => p * (raw.length - rank) > alpha);
        const rejected = stop === -1 ? raw.length : stop;
        expect(holm(raw).filter((p) => p <= alpha)).toHaveLength(rejected);
      },
    ),
    { seed: 4 },
  );
});
