import { describe, expect, it } from "vitest";
import type { StateDict } from "../core/array.ts";
import { stream } from "../core/rng.ts";
import { keptCount } from "../masks/counts.ts";
import { type AdmmSchedule, AdmmState, worstLayer } from "./admm.ts";

const schedule: AdmmSchedule = { rho: 0.5, growth: 4, epochsPerStage: 2 };

function layer(...values: number[]): StateDict {
  return new Map([["w", { dtype: "float64", shape: [1, values.length], data: Float64Array.from(values) }]]);
}

function newState(weights: StateDict, sparsity: number, saved?: StateDict): AdmmState {
  return new AdmmState({
    weights,
    layers: ["w"],
    sparsity,
    schedule,
    dtype: "float64",
    ...(saved === undefined ? {} : { saved }),
  });
}

function values(state: AdmmState, name: string): number[] {
  return Array.from<number | bigint>(state.toStateDict().get(name)?.data ?? []).map(Number);
}

describe("AdmmState", () => {
  it("starts with Z = projection of θT and U = 0; of equal magnitudes the lower index stays", () => {
    const state = newState(layer(1, -2, 2, -2), 0.5);
    expect(values(state, "z.w")).toEqual([0, -2, 2, 0]);
    expect(values(state, "u.w")).toEqual([0, 0, 0, 0]);
    expect([...state.target("w").data]).toEqual([0, -2, 2, 0]);
  });

  it("updates Z and U as worked out by hand, and divides U when rho grows", () => {
    const state = newState(layer(4, -3, 2, 1), 0.5);
    // W + U = W: Z keeps 4 and -3.5, U gets the rest; ||W - Z||² = 4 + 1, ||W||² = 16 + 12.25 + 5.
    expect(state.endEpoch(1, layer(4, -3.5, 2, 1))).toEqual({
      epoch: 1,
      rho: 0.5,
      residuals: { w: Math.sqrt(5 / 33.25) },
    });
    expect(values(state, "z.w")).toEqual([4, -3.5, 0, 0]);
    expect(values(state, "u.w")).toEqual([0, 0, 2, 1]);
    expect([...state.target("w").data]).toEqual([4, -3.5, -2, -1]);
    // W + U = (1, -3, 3.5, 2): 3.5 and -3 stay although 1.5 is a small weight; U = (1, 0, 0, 2), divided by 4 after the second epoch.
    expect(state.endEpoch(2, layer(1, -3, 1.5, 1))).toEqual({
      epoch: 2,
      rho: 0.5,
      residuals: { w: Math.sqrt((1 + 4 + 1) / (1 + 9 + 2.25 + 1)) },
    });
    expect(values(state, "z.w")).toEqual([0, -3, 3.5, 0]);
    expect(values(state, "u.w")).toEqual([0.25, 0, 0, 0.5]);
    expect(state.endEpoch(3, layer(0, -3, 3.5, 0))?.rho).toBe(2);
  });

  it("multiplies rho by the growth after every stage", () => {
    const state = newState(layer(1), 0);
    expect([0, 1, 2, 3, 4].map((finished) => state.rho(finished))).toEqual([0.5, 0.5, 2, 2, 8]);
  });

  it("gives the support of the projection of W as the mask, with exact counts also among zeros", () => {
    const state = newState(layer(1, 2, 3, 4, 5), 0.4);
    expect([...state.mask(layer(0, 0, 0, -7, 0)).keep("w")]).toEqual([1, 1, 0, 1, 0]);
  });

  it("reports residual 0 for a layer of zeros, and for one whose pruned weights are 0", () => {
    expect(newState(layer(0, 0), 0.5).endEpoch(1, layer(0, 0))?.residuals).toEqual({ w: 0 });
    expect(newState(layer(3, 0), 0.5).endEpoch(1, layer(3, 0))?.residuals).toEqual({ w: 0 });
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])("refuses a weight of %d and changes nothing", (bad) => {
    const state = newState(layer(4, -3, 2, 1), 0.5);
    const before = state.toStateDict();
    expect(state.endEpoch(1, layer(1, 2, bad, 3))).toBeUndefined();
    expect(state.toStateDict()).toEqual(before);
  });

  it("goes on from what it saved", () => {
    const state = newState(layer(4, -3, 2, 1), 0.5);
    state.endEpoch(1, layer(4, -3.5, 2, 1));
    const again = newState(layer(4, -3, 2, 1), 0.5, state.toStateDict());
    expect(again.endEpoch(2, layer(1, -3, 1.5, 1))).toEqual(state.endEpoch(2, layer(1, -3, 1.5, 1)));
    expect(again.toStateDict()).toEqual(state.toStateDict());
  });

  it("names the layer that is farthest from its Z", () => {
    expect(worstLayer({ epoch: 1, rho: 1, residuals: { a: 0.1, b: 0.3, c: 0.2 } })).toEqual({
      layer: "b",
      residual: 0.3,
    });
  });
});

describe("ADMM on ½||W - b||², whose best s-sparse point is b on its largest magnitudes", () => {
  it.each([0.3, 0.5, 0.9])("finds that support from any start, at sparsity %d", (sparsity) => {
    for (let seed = 0; seed < 20; seed++) {
      const draws = stream(seed, "admm quadratic");
      const b = Array.from({ length: 40 }, () => draws.normal());
      const start = Array.from({ length: 40 }, () => draws.normal());
      const growing = { rho: 1e-3, growth: 10, epochsPerStage: 10 };
      const state = new AdmmState({
        weights: layer(...start),
        layers: ["w"],
        sparsity,
        schedule: growing,
        dtype: "float64",
      });
      let w = start;
      let residual = 1;
      for (let epoch = 0; epoch < 60; epoch++) {
        // The exact minimiser of ½||W - b||² + rho/2 ||W - (Z - U)||².
        const rho = state.rho(epoch);
        const target = Array.from<number | bigint>(state.target("w").data).map(Number);
        w = b.map((value, i) => (value + rho * (target[i] ?? 0)) / (1 + rho));
        residual = state.endEpoch(epoch + 1, layer(...w))?.residuals.w ?? Number.NaN;
      }
      const order = b.map((_, i) => i).sort((i, j) => Math.abs(b[j] ?? 0) - Math.abs(b[i] ?? 0));
      const expected = new Set(order.slice(0, keptCount(40, sparsity)));
      expect([...state.mask(layer(...w)).keep("w")]).toEqual(b.map((_, i) => Number(expected.has(i))));
      expect(residual).toBeLessThan(1e-3);
      // On the support nothing but the loss pulls, so W nears b there; the larger rho is, the slower.
      for (const i of expected) expect(w[i]).toBeCloseTo(b[i] ?? Number.NaN, 2);
    }
  });
});
