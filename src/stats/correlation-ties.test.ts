import { describe, expect, test } from "vitest";
import { type Stream, stream } from "../core/rng.ts";
import { maskOf, normals, positions, rearranged, state } from "./correlation.fixture.ts";
import { type CorrelationMode, correlation } from "./correlation.ts";

/** The overlap when ties are broken by a random number per weight, with nothing of the code under test. */
function brokenOverlap(
  draws: Stream,
  a: readonly number[],
  b: readonly number[],
  k: number,
  placesA: readonly number[],
  placesB: readonly number[],
): number {
  const top = (w: readonly number[], places: readonly number[]) => {
    const order = places.map((i) => ({ i, size: Math.abs(w[i] ?? 0), lot: draws.uniform() }));
    order.sort((x, y) => y.size - x.size || x.lot - y.lot);
    return new Set(order.slice(0, k).map(({ i }) => i));
  };
  const [topA, topB] = [top(a, placesA), top(b, placesB)];
  return [...topA].filter((i) => topB.has(i)).length;
}

const moments = (values: readonly number[]) => {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  return { mean, deviation: Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1)) };
};

/** Pruned to `zeros` zeros, and to `levels` levels where given. */
function tied(draws: Stream, n: number, zeros: number, levels?: number): number[] {
  return normals(draws, n).map((w, i) => (i < zeros ? 0 : levels === undefined ? w : Math.round(w * levels) / levels));
}

function shuffled(draws: Stream, w: readonly number[]): number[] {
  return [...draws.permutation(w.length)].map((i) => w[i] ?? 0);
}

describe.each<[CorrelationMode]>([["dense-dense"], ["sparse-sparse"], ["sparse-dense"]])("ties in %s", (mode) => {
  const draws = stream(1, "ties", mode);
  const n = 60;
  const mask = Array.from({ length: n }, (_, i) => Number(i % 4 !== 0));
  const a = shuffled(draws, tied(draws, n, 35)).map((w, i) => (mode === "dense-dense" ? w : w * (mask[i] ?? 0)));
  const b = shuffled(draws, tied(draws, n, 0, 1));
  const places = positions(a, mode === "dense-dense" ? undefined : mask);
  const placesB = mode === "sparse-dense" ? places.all : places.kept;
  const input = { mode, layers: ["w"], ...(mode === "dense-dense" ? {} : { mask: maskOf({ w: mask }) }) };

  test.each([0.1, 0.3, 0.5, 0.7])(
    "at p = %d count with their expectation over random choices, and so does the null",
    (p) => {
      const run = (x: readonly number[]) => {
        const [result] = correlation({ ...input, a: state({ w: x }), b: state({ w: b }), p: [p] });
        if (result?.layers[0] === undefined) throw new Error("no result");
        return { ...result, layer: result.layers[0] };
      };
      const { layer, rp, nullRp, z, method } = run(a);
      const { k } = layer;
      expect(method).toBe(layer.ties === undefined ? "exact" : "normal");

      const rounds = 4000;
      const choices = moments(
        Array.from({ length: rounds }, () => brokenOverlap(draws, a, b, k, places.kept, placesB)),
      );
      const error = choices.deviation / Math.sqrt(rounds);
      expect(Math.abs(layer.overlap - choices.mean)).toBeLessThanOrEqual(5 * error + 1e-9);
      expect(rp).toBeCloseTo(layer.overlap / k, 12);

      // The null of the expected overlap: a at random places of those where it can be.
      const nulls = Array.from({ length: 1500 }, () => {
        const order = [...draws.permutation(places.kept.length)].map((i) => places.kept[i] ?? 0);
        return run(rearranged(a, places.kept, order)).layer.overlap;
      });
      const { mean, deviation } = moments(nulls);
      expect(Math.abs(nullRp * k - mean)).toBeLessThanOrEqual((5 * deviation) / Math.sqrt(nulls.length) + 1e-9);
      if (z === null) expect(deviation).toBeLessThan(1e-9);
      // A standard deviation from 1500 draws is off by 2 % on average; the kurtosis of such sums is near that of a normal.
      else expect((layer.overlap - nullRp * k) / z / deviation).toBeCloseTo(1, 0.5);
    },
  );
});

describe("unrelated weights are at their null whatever their ties", () => {
  const draws = stream(2, "unrelated");
  const n = 10_000;
  const pruned = () => shuffled(draws, tied(draws, n, 9000));
  const signs = () => normals(draws, n).map(Math.sign);
  const fourBit = () => normals(draws, n).map((w) => Math.round(w * 2));

  test.each([
    ["pruned to 90 % zeros", pruned],
    ["of a sign network", signs],
    ["of four bits", fourBit],
  ])("%s", (_, make) => {
    const results = correlation({
      mode: "dense-dense",
      a: state({ w: make() }),
      b: state({ w: make() }),
      layers: ["w"],
      p: [0.05, 0.1, 0.2, 0.5],
    });
    for (const { p, rp, nullRp, z, pValue } of results) {
      expect(nullRp).toBeCloseTo(p, 12);
      expect(Math.abs(z ?? 0)).toBeLessThan(4.5);
      expect(pValue).toBeGreaterThan(1e-5);
      // The hypergeometric deviation, an upper bound with ties.
      expect(Math.abs(rp - p)).toBeLessThan((4.5 * Math.sqrt(n * p * p * (1 - p) ** 2 * (n / (n - 1)))) / (n * p));
    }
  });

  test("sets of nothing but ties know nothing: R_p is the null, without z, with p-value 1, also of equal sets", () => {
    const zeros = Array.from({ length: 100 }, () => 0);
    const normal = normals(draws, 100);
    for (const other of [zeros, normal])
      expect(
        correlation({
          mode: "dense-dense",
          a: state({ w: zeros }),
          b: state({ w: other }),
          layers: ["w"],
          p: [0.2],
        })[0],
      ).toMatchObject({
        rp: expect.closeTo(0.2, 12) as number,
        z: null,
        pValue: 1,
        pValueTwoSided: 1,
      });
  });
});

test("ties inside the top set, or outside of it, are no ties at the threshold: exact as before", () => {
  const w = [5, 5, 5, 4, 1, 1, 1, 0];
  const [inside, all] = correlation({
    mode: "dense-dense",
    a: state({ w }),
    b: state({ w }),
    layers: ["w"],
    p: [0.375, 0.5],
  });
  for (const result of [inside, all]) {
    expect(result).toMatchObject({ rp: 1, method: "exact" });
    expect(result?.layers[0]).not.toHaveProperty("ties");
  }
  const [cut] = correlation({ mode: "dense-dense", a: state({ w }), b: state({ w }), layers: ["w"], p: [0.25] });
  // Two of three fives are chosen in each set: 3 · (2/3)² in common.
  expect(cut?.layers[0]).toMatchObject({ k: 2, overlap: expect.closeTo(4 / 3, 12) as number, ties: [3, 3] });
});
