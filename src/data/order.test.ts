import { describe, expect, it } from "vitest";
import { augmentation, epochOrder } from "./order.ts";

/** Pearson's chi-squared statistic against a uniform distribution. */
function chiSquared(counts: readonly number[]): number {
  const mean = counts.reduce((a, b) => a + b, 0) / counts.length;
  return counts.reduce((sum, n) => sum + (n - mean) ** 2 / mean, 0);
}

/** Quantile 1 - 10^-6 of chi-squared (Wilson and Hilferty); the draws are fixed, so it is a bound, not a chance. */
function chiSquaredBound(freedom: number): number {
  const spread = 2 / (9 * freedom);
  return freedom * (1 - spread + 4.7534 * Math.sqrt(spread)) ** 3;
}

function histogram(values: Iterable<number>, size: number): number[] {
  const counts = new Array<number>(size).fill(0);
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

function fixedPoints(a: Int32Array, b: Int32Array): number {
  return a.filter((value, i) => value === b[i]).length;
}

describe("epochOrder", () => {
  it("visits every image once", () => {
    expect([...epochOrder(3, 5, 1000)].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(epochOrder(0, 0, 1)).toEqual(Int32Array.of(0));
  });

  it("is a pure function of seed, epoch and count: interleaved calls change nothing", () => {
    const first = epochOrder(1, 2, 500);
    epochOrder(1, 3, 500);
    augmentation(1, 2, 0, 64, { crop: 4, flip: true });
    expect(epochOrder(1, 2, 500)).toEqual(first);
  });

  it("is unrelated between any two (seed, epoch), such as (0, 1) and (1, 0)", () => {
    const orders = [0, 1, 2].flatMap((seed) => [0, 1, 2].map((epoch) => epochOrder(seed, epoch, 2000)));
    // Two independent permutations agree in Poisson(1) many places; more than 9 has a probability below 10^-6.
    for (const [i, a] of orders.entries())
      for (const b of orders.slice(i + 1)) expect(fixedPoints(a, b)).toBeLessThan(10);
  });

  it("has a second series that is unrelated to the first", () => {
    expect(epochOrder(1, 2, 500, 0)).toEqual(epochOrder(1, 2, 500));
    for (const other of [epochOrder(1, 2, 2000), epochOrder(1, 1, 2000), epochOrder(2, 2, 2000, 1)])
      expect(fixedPoints(epochOrder(1, 2, 2000, 1), other)).toBeLessThan(10);
  });

  it("puts every image equally often at the first place", () => {
    const firsts = Array.from({ length: 4000 }, (_, epoch) => epochOrder(0, epoch, 8)[0] as number);
    expect(chiSquared(histogram(firsts, 8))).toBeLessThan(chiSquaredBound(7));
  });
});

describe("augmentation", () => {
  const both = { crop: 4, flip: true };

  it("is absent when nothing is to be changed", () => {
    expect(augmentation(0, 0, 0, 8, { crop: 0, flip: false })).toBeUndefined();
  });

  it("is a pure function of (seed, epoch, step), and each of them matters", () => {
    const first = augmentation(1, 2, 3, 64, both);
    augmentation(1, 2, 4, 64, both);
    expect(augmentation(1, 2, 3, 64, both)).toEqual(first);
    for (const other of [
      augmentation(2, 1, 3, 64, both),
      augmentation(1, 2, 4, 64, both),
      augmentation(1, 3, 2, 64, both),
      augmentation(3, 2, 1, 64, both),
      augmentation(1, 2, 3, 64, both, 1),
    ]) {
      expect(other?.offsetsY).not.toEqual(first?.offsetsY);
      expect(other?.offsetsX).not.toEqual(first?.offsetsX);
      expect(other?.flip).not.toEqual(first?.flip);
    }
  });

  it("gives the images of a short last batch what they would get in a full one", () => {
    const [full, short] = [augmentation(1, 2, 3, 64, both), augmentation(1, 2, 3, 10, both)];
    expect(short?.offsetsY).toEqual(full?.offsetsY.slice(0, 10));
    expect(short?.offsetsX).toEqual(full?.offsetsX.slice(0, 10));
    expect(short?.flip).toEqual(full?.flip.slice(0, 10));
  });

  it("draws crop and flip apart, and neither when it is off", () => {
    const all = augmentation(1, 2, 3, 64, both);
    const crop = augmentation(1, 2, 3, 64, { crop: 4, flip: false });
    expect(crop).toEqual({ ...all, flip: new Uint8Array(64) });
    const flip = augmentation(1, 2, 3, 64, { crop: 0, flip: true });
    expect(flip).toEqual({ pad: 0, flip: all?.flip, offsetsY: new Int32Array(64), offsetsX: new Int32Array(64) });
  });

  it("draws all pairs of offsets in [0, 2·crop]² and both flips equally often", () => {
    const cells: number[] = [];
    for (let step = 0; step < 200; step++) {
      const drawn = augmentation(7, 0, step, 100, { crop: 2, flip: true });
      for (let i = 0; i < 100; i++) {
        const offset = (drawn?.offsetsY[i] as number) * 5 + (drawn?.offsetsX[i] as number);
        cells.push(offset * 2 + (drawn?.flip[i] as number));
      }
    }
    expect(cells).toHaveLength(20_000);
    expect(Math.max(...cells)).toBe(49);
    expect(chiSquared(histogram(cells, 50))).toBeLessThan(chiSquaredBound(49));
  });
});
