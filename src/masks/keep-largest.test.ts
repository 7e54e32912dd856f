import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stream } from "../core/rng.ts";
import { keepLargest } from "./keep-largest.ts";

/** Independent of radix and bits: sort all positions by score, then index, and take the first ones. */
function bySorting(scores: Float32Array | Float64Array, keep: number, eligible?: Uint8Array): number[] {
  const order = [...scores.keys()]
    .filter((i) => eligible === undefined || eligible[i] === 1)
    .sort((i, j) => Number(scores[j]) - Number(scores[i]) || i - j);
  const kept = new Array<number>(scores.length).fill(0);
  for (const i of order.slice(0, keep)) kept[i] = 1;
  return kept;
}

describe("hand-made arrays", () => {
  test.each([
    [[3, 1, 2, 5], 2, [1, 0, 0, 1]],
    [[1, 1, 1, 1], 2, [1, 1, 0, 0]], // ties by lower index
    [[2, 1, 2, 2], 2, [1, 0, 1, 0]],
    [[-1, -2, -3], 1, [1, 0, 0]],
    [[-0, 0, -0, 0], 2, [1, 1, 0, 0]], // -0 equals 0
    [[0, -0, 1], 2, [1, 0, 1]],
    [[Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 0], 2, [0, 1, 1]],
    [[5], 1, [1]],
    [[5], 0, [0]],
    [[1, 2], 0, [0, 0]],
    [[1, 2], 2, [1, 1]],
    [[], 0, []],
  ])("%j keep %d gives %j", (scores, keep, expected) => {
    expect([...keepLargest(Float64Array.from(scores), keep)]).toEqual(expected);
    expect([...keepLargest(Float32Array.from(scores), keep)]).toEqual(expected);
  });

  test("only eligible positions are kept or looked at", () => {
    const scores = Float32Array.of(9, 1, Number.NaN, 2, 3);
    expect([...keepLargest(scores, 2, Uint8Array.of(0, 1, 0, 1, 1))]).toEqual([0, 0, 0, 1, 1]);
  });

  test("neighbouring float64 numbers that are equal as float32 are told apart", () => {
    const above = 1 + Number.EPSILON;
    expect([...keepLargest(Float64Array.of(1, above, 1), 1)]).toEqual([0, 1, 0]);
    expect([...keepLargest(Float64Array.of(-above, -1, -above), 1)]).toEqual([0, 1, 0]);
  });

  test("an array that is a window into a larger buffer", () => {
    const buffer = Float64Array.of(100, 1, 3, 2, 100).buffer;
    expect([...keepLargest(new Float64Array(buffer, 8, 3), 1)]).toEqual([0, 1, 0]);
  });

  test("neither scores nor eligibility are modified", () => {
    const [scores, eligible] = [Float32Array.of(-0, 3, 1), Uint8Array.of(1, 1, 0)];
    keepLargest(scores, 1, eligible);
    expect(Object.is(scores[0], -0)).toBe(true);
    expect([...scores, ...eligible]).toEqual([-0, 3, 1, 1, 1, 0]);
  });
});

const fewValues = fc.constantFrom(-1, -0, 0, 1, 2, 1e-40, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);

test.each([
  ["float32", (values: number[]) => Float32Array.from(values)],
  ["float64", (values: number[]) => Float64Array.from(values)],
])("%s: same choice as a full sort, for any scores, ties, eligibility and count", (_, make) => {
  const any = fc.double({ noNaN: true });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.oneof(fewValues, any), fc.boolean()), { maxLength: 60 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (items, share) => {
        const scores = make(items.map(([score]) => score));
        const eligible = Uint8Array.from(items, ([, can]) => Number(can));
        const keep = Math.round(share * eligible.reduce((n, bit) => n + bit, 0));
        expect([...keepLargest(scores, keep, eligible)]).toEqual(bySorting(scores, keep, eligible));
        const all = Math.round(share * scores.length);
        expect([...keepLargest(scores, all)]).toEqual(bySorting(scores, all));
      },
    ),
    { seed: 2, numRuns: 1000 },
  );
});

test("normal scores in a layer of 36864 weights: same choice as a full sort", () => {
  const draws = stream(1, "keep-largest");
  const scores = Float32Array.from({ length: 36864 }, () => Math.abs(draws.normal()));
  const kept = keepLargest(scores, 5530);
  expect([...kept]).toEqual(bySorting(scores, 5530));
});

test.each([
  ["all equal", () => 0.25],
  ["ascending", (i: number) => i],
  ["organ pipe", (i: number) => Math.min(i, 10_000_000 - i)],
])("ten million scores, %s: exactly the asked number, without trouble", (_, score) => {
  const scores = new Float32Array(10_000_000);
  for (let i = 0; i < scores.length; i++) scores[i] = score(i);
  const kept = keepLargest(scores, 3_000_001);
  let count = 0;
  for (let i = 0; i < kept.length; i++) count += Number(kept[i]);
  expect(count).toBe(3_000_001);
});

describe("what is refused", () => {
  test("a NaN score, with its position", () => {
    expect(() => keepLargest(Float32Array.of(1, Number.NaN), 1)).toThrow(
      "keepLargest(): expected numbers, got a NaN score at flat index 1",
    );
  });

  test.each([4, -1, 1.5, Number.NaN])("to keep %d of 3", (keep) => {
    expect(() => keepLargest(Float32Array.of(1, 2, 3), keep)).toThrow(
      `expected to keep an integer from 0 to 3 (the eligible positions), got ${keep}`,
    );
  });

  test("to keep more than are eligible", () => {
    expect(() => keepLargest(Float32Array.of(1, 2, 3), 2, Uint8Array.of(0, 1, 0))).toThrow("from 0 to 1");
  });

  test("eligibility of another length", () => {
    expect(() => keepLargest(Float32Array.of(1, 2, 3), 1, Uint8Array.of(1, 1))).toThrow(
      "expected one eligibility flag for each of the 3 scores, got 2",
    );
  });
});
