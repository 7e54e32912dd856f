import { describe, expect, test } from "vitest";
import type { StateDict } from "../core/array.ts";
import { Mask } from "../masks/mask.ts";
import { type MaskRequest, makeMask } from "./make-mask.ts";
import { random } from "./random.ts";

function layer(size: number): StateDict {
  return new Map([["fc", { dtype: "float32", shape: [size], data: Float32Array.from({ length: size }, (_, i) => i) }]]);
}

function masked(seed: number, change: Partial<MaskRequest> = {}): Mask {
  const request = { weights: layer(7), layers: ["fc"], pruner: random, options: {}, target: { sparsity: 4 / 7 } };
  return makeMask({ ...request, seed, ...change });
}

/** Pearson's chi-squared statistic of counts against the uniform distribution over `cells` values. */
function chiSquared(counts: ReadonlyMap<string, number>, draws: number, cells: number): number {
  const mean = draws / cells;
  const seen = [...counts.values()].reduce((sum, n) => sum + (n - mean) ** 2 / mean, 0);
  return seen + (cells - counts.size) * mean;
}

/** Quantile 1 - 10^-6 of chi-squared (Wilson and Hilferty); the draws are fixed, so it is a bound, not a chance. */
function chiSquaredBound(freedom: number): number {
  const spread = 2 / (9 * freedom);
  return freedom * (1 - spread + 4.7534 * Math.sqrt(spread)) ** 3;
}

function countMasks(draws: number, draw: (seed: number) => Mask): Map<string, number> {
  const counts = new Map<string, number>();
  for (let seed = 0; seed < draws; seed++) {
    const text = draw(seed).keep("fc").join("");
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return counts;
}

describe("a random mask", () => {
  test("is each of the 35 choices of 3 among 7 weights equally often", () => {
    const counts = countMasks(3500, (seed) => masked(seed));
    expect(counts.size).toBe(35);
    expect(chiSquared(counts, 3500, 35)).toBeLessThan(chiSquaredBound(34));
  });

  test("is, inside a previous one, each of the choices among what remains equally often", () => {
    const previous = new Mask([["fc", { shape: [7], keep: Uint8Array.of(1, 0, 1, 1, 0, 1, 1) }]]);
    const counts = countMasks(2000, (seed) => masked(seed, { previous, target: { removeFraction: 0.6 } }));
    expect(counts.size).toBe(10); // 2 of 5
    for (const text of counts.keys()) expect([text[1], text[4]]).toEqual(["0", "0"]);
    expect(chiSquared(counts, 2000, 10)).toBeLessThan(chiSquaredBound(9));
  });

  test("is that of round 2 by rate uniformly too, when round 1 was random with the same seed", () => {
    const counts = countMasks(2000, (seed) => {
      const previous = masked(seed, { target: { removeFraction: 2 / 7 } });
      return masked(seed, { previous, target: { removeFraction: 0.6 } });
    });
    expect(counts.size).toBe(21); // 2 of 7
    expect(chiSquared(counts, 2000, 21)).toBeLessThan(chiSquaredBound(20));
  });

  test("does not look at the weights, and masks of one seed are nested", () => {
    const other: StateDict = new Map([
      ["fc", { dtype: "float32", shape: [100], data: Float32Array.from({ length: 100 }, (_, i) => Math.sin(i)) }],
    ]);
    const at = (sparsity: number, weights = layer(100)) => masked(3, { weights, target: { sparsity } });
    expect(at(0.5, other).toStateDict()).toEqual(at(0.5).toStateDict());
    expect(at(0.8).isSubsetOf(at(0.5))).toBe(true);
  });

  test("differs between layers and between seeds", () => {
    const two: StateDict = new Map(
      ["a", "b"].map((name) => [name, { dtype: "float32", shape: [64], data: new Float32Array(64) }]),
    );
    const keep = (seed: number, name: string) =>
      makeMask({ weights: two, layers: ["a", "b"], pruner: random, options: {}, target: { sparsity: 0.5 }, seed })
        .keep(name)
        .join("");
    expect(new Set([keep(0, "a"), keep(0, "b"), keep(1, "a"), keep(1, "b")]).size).toBe(4);
  });

  test("without a seed is a fault of ours", () => {
    const request = { weights: layer(7), layers: ["fc"], pruner: random, options: {}, target: { sparsity: 0.5 } };
    expect(() => makeMask(request)).toThrow("pruner random needs a seed");
  });
});
