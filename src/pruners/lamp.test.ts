import { describe, expect, it } from "vitest";
import { global } from "../allocations/global.ts";
import { stream } from "../core/rng.ts";
import { scope } from "../tensor/scope.ts";
import { Tensor } from "../tensor/tensor.ts";
import { lamp } from "./lamp.ts";
import { magnitude } from "./magnitude.ts";
import { makeMask } from "./make-mask.ts";

function scoresOf(values: readonly number[]): readonly number[] {
  const weight = { dtype: "float32", shape: [values.length], data: Float32Array.from(values) } as const;
  return scope(() => [
    ...(lamp.score({ name: "fc", weight: Tensor.fromHost(weight), options: {}, seed: 0 }).toHost()
      .data as Float64Array),
  ]);
}

/** Weights of two layers, the second a hundred times as large. */
const weights = new Map(
  [1, 100].map((scale, l) => {
    const draws = stream(l, "weights for LAMP");
    const data = Float32Array.from({ length: 60 }, () => scale * draws.normal());
    return [`l${l}`, { dtype: "float32", shape: [6, 10], data }] as const;
  }),
);
const layers = [...weights.keys()];

describe("LAMP", () => {
  it("is the definition, summed for each weight by itself", () => {
    const values = [...(weights.get("l0")?.data ?? [])];
    const expected = values.map(
      (w) => (w * w) / values.filter((v) => Math.abs(v) >= Math.abs(w)).reduce((sum, v) => sum + v * v, 0),
    );
    for (const [i, score] of scoresOf(values).entries()) expect(score).toBeCloseTo(expected[i] ?? 0, 12);
  });

  it("gives the largest weight of a layer 1, of equal ones the first, and zeros 0", () => {
    expect(scoresOf([-3, 3, 0])).toEqual([1, 0.5, 0]);
    expect(scoresOf([0, 0])).toEqual([0, 0]);
  });

  it("prunes each layer by magnitude, and never empties one, whatever the scales", () => {
    const make = (pruner: typeof lamp | typeof magnitude, sparsity: number) =>
      makeMask({
        weights,
        layers,
        pruner,
        options: {},
        target: { sparsity },
        allocation: { method: global, options: {} },
      });
    expect(layers.map((name) => make(magnitude, 0.5).keptCount(name))[0]).toBeLessThan(5);
    const mask = make(lamp, 0.5);
    const counts = layers.map((name) => mask.keptCount(name));
    expect(counts.reduce((a, b) => a + b, 0)).toBe(60);
    for (const name of layers) {
      const data = weights.get(name)?.data ?? new Float32Array();
      const kept = [...data].filter((_, i) => mask.keep(name)[i] === 1).map(Math.abs);
      const gone = [...data].filter((_, i) => mask.keep(name)[i] === 0).map(Math.abs);
      expect(Math.min(...kept)).toBeGreaterThanOrEqual(Math.max(...gone));
    }
    expect(layers.map((name) => make(lamp, 1 - 2 / 120).keptCount(name))).toEqual([1, 1]);
  });
});
