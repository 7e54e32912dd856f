import { describe, expect, test } from "vitest";
import type { StateDict } from "../core/array.ts";
import { stream } from "../core/rng.ts";
import {
  a,
  b,
  type Layers,
  m,
  maskOf,
  normals,
  overlapByDefinition,
  permutations,
  positions,
  rearranged,
  rpByDefinition,
  state,
  top,
} from "./correlation.fixture.ts";
import { type CorrelationInput, type CorrelationMode, correlation } from "./correlation.ts";

describe.each<[CorrelationMode, number[], Layers]>([
  ["dense-dense", [0.2, 0.3, 0.5, 0.75], {}],
  ["sparse-sparse", [0.2, 0.4, 0.6], m],
  ["sparse-dense", [0.15, 0.3, 0.5, 0.7], m],
])("%s against the enumeration of all rearrangements of a", (mode, ps, masked) => {
  const input: CorrelationInput = {
    mode,
    a: state(a),
    b: state(b),
    layers: ["conv", "fc"],
    p: ps,
    ...(mode === "dense-dense" ? {} : { mask: maskOf(masked) }),
  };
  const results = correlation(input);

  /** R_p, or one layer's overlap, of every way to place a's weights where they may be. */
  function everyOverlap(name: "conv" | "fc", p: number): number[] {
    const w = a[name] ?? [];
    const { kept } = positions(w, masked[name]);
    return permutations(kept).map(
      (order) => overlapByDefinition(mode, rearranged(w, kept, order), b[name] ?? [], masked[name], p).overlap,
    );
  }

  test.each(ps.map((p, i) => [p, i] as const))("p = %d", (p, i) => {
    const result = results[i];
    if (result === undefined) throw new Error("no result");
    expect(result.p).toBe(p);
    expect(result.method).toBe("exact");
    expect(result.rp).toBeCloseTo(rpByDefinition(mode, a, b, masked, p), 14);

    const [conv, fc] = [everyOverlap("conv", p), everyOverlap("fc", p)];
    const [first, second] = result.layers;
    for (const [layer, overlaps] of [
      [first, conv],
      [second, fc],
    ] as const) {
      if (layer === undefined) throw new Error("no layer");
      expect(layer.nullRp).toBeCloseTo(mean(overlaps) / layer.k, 12);
      expect(layer.pValue).toBeCloseTo(
        share(overlaps, (x) => x >= layer.overlap),
        12,
      );
      checkZ(layer.z, layer.overlap, overlaps);
    }

    // The layers are independent: all pairs.
    const total = (first?.overlap ?? 0) + (second?.overlap ?? 0);
    const sums = conv.flatMap((x) => fc.map((y) => x + y));
    const unit = (first?.k ?? 0) + (second?.k ?? 0);
    const [upper, lower] = [share(sums, (x) => x >= total), share(sums, (x) => x <= total)];
    expect(result.nullRp).toBeCloseTo(mean(sums) / unit, 12);
    expect(result.pValue).toBeCloseTo(upper, 12);
    expect(result.pValueTwoSided).toBeCloseTo(Math.min(1, 2 * Math.min(upper, lower)), 12);
    checkZ(result.z, total, sums);
  });
});

function checkZ(z: number | null, observed: number, all: readonly number[]): void {
  const expected = mean(all);
  const deviation = Math.sqrt(mean(all.map((x) => (x - expected) ** 2)));
  if (deviation < 1e-9) expect(z).toBeNull();
  else expect(z).toBeCloseTo((observed - expected) / deviation, 9);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, v) => sum + v, 0) / values.length;
}

function share(values: readonly number[], holds: (value: number) => boolean): number {
  return values.filter(holds).length / values.length;
}

describe("sparse-dense where m keeps the top half of b, p = 0.2: the null is 0.4, not 0.2", () => {
  const draws = stream(1, "sparse-dense");
  const n = 100;
  const dense = normals(draws, n);
  const kept = top(dense, n / 2, [...dense.keys()]);
  const half = dense.map((_, i) => Number(kept.has(i)));
  const places = [...dense.keys()].filter((i) => kept.has(i));
  const sparse = normals(draws, n).map((w, i) => w * (half[i] ?? 0));
  const [result] = correlation({
    mode: "sparse-dense",
    a: state({ w: sparse }),
    b: state({ w: dense }),
    layers: ["w"],
    mask: maskOf({ w: half }),
    p: [0.2],
  });

  test("by formula", () => {
    expect(result?.nullRp).toBeCloseTo(0.4, 14);
    expect(result?.layers[0]).toMatchObject({ n: 100, k: 20, population: 50, marked: 20 });
  });

  test("by 20000 seeded shuffles of a within m", () => {
    const shuffles = 20_000;
    const all = Array.from({ length: shuffles }, () => {
      const order = [...draws.permutation(places.length)].map((i) => places[i] ?? 0);
      return overlapByDefinition("sparse-dense", rearranged(sparse, places, order), dense, half, 0.2).overlap / 20;
    });
    // Overlap is hypergeometric(50, 20, 20) with sd 2.21, so R_p has sd 0.111. Five standard errors:
    expect(Math.abs(mean(all) - (result?.nullRp ?? 0))).toBeLessThan((5 * 0.111) / Math.sqrt(shuffles));
    const pValue = share(all, (rp) => rp >= (result?.rp ?? 0) - 1e-12);
    const error = Math.sqrt(((result?.pValue ?? 0) * (1 - (result?.pValue ?? 0))) / shuffles);
    expect(Math.abs(pValue - (result?.pValue ?? 0))).toBeLessThan(5 * error);
  });
});

describe("known values", () => {
  test("equal inputs give 1, with k rounded from 0.2·45 = 9 exactly", () => {
    const w = { w: normals(stream(2, "equal"), 45) };
    const [result] = correlation({ mode: "dense-dense", a: state(w), b: state(w), layers: ["w"], p: [0.2] });
    expect(result?.rp).toBeCloseTo(1, 14);
    expect(result?.layers[0]?.overlap).toBe(9);
  });

  test("k is rounded half up per layer and at least 1, and equal inputs give 1 all the same", () => {
    const w = { a: [1, 2, 3, 4, 5], b: [1, 2] };
    const [result] = correlation({ mode: "dense-dense", a: state(w), b: state(w), layers: ["a", "b"], p: [0.1] });
    expect(result?.layers.map(({ k }) => k)).toEqual([1, 1]); // 0.5 and 0.2
    expect(result?.rp).toBe(1);
  });

  test("only the sign differs: magnitudes count", () => {
    const [w, minus] = [
      [0.1, -0.5, 0.3, 0.2, -0.4],
      [-0.1, 0.5, -0.3, -0.2, 0.4],
    ];
    const [result] = correlation({
      mode: "dense-dense",
      a: state({ w }),
      b: state({ w: minus }),
      layers: ["w"],
      p: [0.4],
    });
    expect(result?.rp).toBe(1);
  });

  test("opposite orders: R_p 0, far below the null, and the upper tail is 1", () => {
    const up = Array.from({ length: 50 }, (_, i) => i + 1);
    const [result] = correlation({
      mode: "dense-dense",
      a: state({ w: up }),
      b: state({ w: [...up].reverse() }),
      layers: ["w"],
      p: [0.2],
    });
    expect(result).toMatchObject({ rp: 0, nullRp: 0.2, pValue: 1 });
    // P(no overlap) = C(40, 10) / C(50, 10)
    expect(result?.pValueTwoSided).toBeCloseTo((2 * 847_660_528) / 10_272_278_170, 14);
  });

  test("p = 1 allows one value only: no z, p-value 1", () => {
    const [result] = correlation({ mode: "dense-dense", a: state(a), b: state(b), layers: ["conv", "fc"], p: [1] });
    expect(result).toMatchObject({ rp: 1, nullRp: 1, z: null, pValue: 1, pValueTwoSided: 1 });
  });

  test("independent weights have R_p near p; p-values over 400 draws are uniform", () => {
    const draws = stream(3, "independent");
    const values = Array.from({ length: 400 }, () => {
      const [x, y] = [state({ w: normals(draws, 500) }), state({ w: normals(draws, 500) })];
      const [result] = correlation({ mode: "dense-dense", a: x, b: y, layers: ["w"], p: [0.2] });
      return result?.pValue ?? Number.NaN;
    });
    // P(p <= 0.05) is at most 0.05 and, as one value of the overlap has at most 0.1, not far below; 5 standard errors.
    expect(share(values, (p) => p <= 0.05)).toBeLessThan(0.05 + 5 * Math.sqrt((0.05 * 0.95) / 400));
    expect(share(values, (p) => p <= 0.5)).toBeGreaterThan(0.4 - 5 * Math.sqrt(0.25 / 400));
  });

  test("weights outside of the mask play no part in sparse-sparse", () => {
    const noisy: Layers = { conv: (a.conv ?? []).map((w, i) => (m.conv?.[i] === 1 ? w : 99)), fc: a.fc ?? [] };
    const run = (x: Layers) =>
      correlation({
        mode: "sparse-sparse",
        a: state(x),
        b: state(b),
        layers: ["conv", "fc"],
        mask: maskOf(m),
        p: [0.4],
      });
    expect(run(noisy)).toEqual(run(a));
  });

  test("layers that are not named play no part, and the inputs are not modified", () => {
    const [x, y] = [state(a), state(b)];
    const [result] = correlation({ mode: "dense-dense", a: x, b: y, layers: ["fc"], p: [0.5] });
    expect(result?.layers.map(({ layer }) => layer)).toEqual(["fc"]);
    expect([x, y]).toEqual([state(a), state(b)]);
  });

  test("float32 weights", () => {
    const float32 = (w: readonly number[]): StateDict =>
      new Map([["w", { dtype: "float32", shape: [w.length], data: Float32Array.from(w) }]]);
    const [result] = correlation({
      mode: "dense-dense",
      a: float32([1, -4, 3, 2]),
      b: float32([1, 4, 2, 3]),
      layers: ["w"],
      p: [0.5],
    });
    expect(result?.layers[0]).toMatchObject({ k: 2, overlap: 1, rp: 0.5, nullRp: 0.5 });
  });
});

test("a million unrelated weights are at their null at five p", () => {
  const draws = stream(4, "large");
  const [x, y] = [new Float32Array(1_000_000), new Float32Array(1_000_000)].map((w) =>
    w.map(() => draws.uniform() - 0.5),
  );
  const of = (data: Float32Array = new Float32Array(0)): StateDict =>
    new Map([["w", { dtype: "float32", shape: [data.length], data }]]);
  const results = correlation({ mode: "dense-dense", a: of(x), b: of(y), layers: ["w"], p: [0.1, 0.2, 0.3, 0.4, 0.5] });
  for (const { rp, nullRp, z } of results) {
    expect(rp).toBeCloseTo(nullRp, 1);
    expect(Math.abs(z ?? Number.NaN)).toBeLessThan(5);
  }
});
