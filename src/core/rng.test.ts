import { describe, expect, test } from "vitest";
import { philox4x32, Stream, stream } from "./rng.ts";

describe("Philox4x32-10 gives the known answers of Random123 (kat_vectors)", () => {
  test.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ])("counter %j, key %j", (counter, key, expected) => {
    const out = new Uint32Array(4);
    const [c0 = 0, c1 = 0, c2 = 0, c3 = 0] = counter;
    const [k0 = 0, k1 = 0] = key;
    philox4x32(out, c0, c1, c2, c3, k0, k1);
    expect([...out]).toEqual(expected);
  });
});

test("Philox4x32-10 agrees with its definition in exact integers on 60000 blocks (a wrong carry shows once in some 10^5 products)", () => {
  const draws = stream(9, "blocks");
  const out = new Uint32Array(4);
  for (let block = 0; block < 60_000; block++) {
    const words = Array.from({ length: 6 }, () => draws.uint32());
    const [c0 = 0, c1 = 0, c2 = 0, c3 = 0, k0 = 0, k1 = 0] = words;
    philox4x32(out, c0, c1, c2, c3, k0, k1);
    if (String([...out]) !== String(philoxByDefinition(words.map(BigInt))))
      expect.fail(`differs for ${words.join(", ")}`);
  }
});

function philoxByDefinition([c0 = 0n, c1 = 0n, c2 = 0n, c3 = 0n, k0 = 0n, k1 = 0n]: readonly bigint[]): bigint[] {
  const word = 0xffffffffn;
  let [a, b, c, d] = [c0, c1, c2, c3];
  for (let round = 0n; round < 10n; round++) {
    const [first, second] = [0xd2511f53n * a, 0xcd9e8d57n * c];
    const [key0, key1] = [(k0 + round * 0x9e3779b9n) & word, (k1 + round * 0xbb67ae85n) & word];
    [a, b, c, d] = [(second >> 32n) ^ b ^ key0, second & word, (first >> 32n) ^ d ^ key1, first & word];
  }
  return [a, b, c, d];
}

describe("Stream", () => {
  test("reads key and upper counter little-endian, and counts blocks from 0", () => {
    const key = new Uint8Array(16);
    new DataView(key.buffer).setUint32(0, 0xa4093822, true);
    new DataView(key.buffer).setUint32(4, 0x299f31d0, true);
    new DataView(key.buffer).setUint32(8, 0x13198a2e, true);
    new DataView(key.buffer).setUint32(12, 0x03707344, true);
    const draws = new Stream(key);
    const got = Array.from({ length: 8 }, () => draws.uint32());
    const [first, second] = [new Uint32Array(4), new Uint32Array(4)];
    philox4x32(first, 0, 0, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0);
    philox4x32(second, 1, 0, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0);
    expect(got).toEqual([...first, ...second]);
  });

  test("a draw depends on all arguments and on nothing else", () => {
    const first = (...args: Parameters<typeof stream>) => stream(...args).uint32();
    stream(3, "order", 1).uint32(); // another stream in between changes nothing
    expect(first(0, "order", 1)).toBe(first(0, "order", 1));
    const different = [
      first(0, "order", 1),
      first(1, "order", 0), // seed + epoch is equal
      first(0, "order", 10),
      first(0, "order", "1"),
      first(0, "order", 1, 0),
      first(0, "order1"),
      first(0, "augment", 1),
    ];
    expect(new Set(different).size).toBe(different.length);
  });
});

// Bounds below are 5 standard errors, which a correct generator breaks once in 1.7 million runs; the seeds are fixed anyway.
const N = 100_000;

describe("uniform", () => {
  const draws = stream(1, "uniform");
  const values = Float64Array.from({ length: N }, () => draws.uniform());

  test("stays in [0, 1)", () => {
    expect(values.every((u) => u >= 0 && u < 1)).toBe(true);
  });

  test("has mean 1/2 and variance 1/12", () => {
    expect(Math.abs(mean(values) - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / N));
    // Var[(u - 1/2)^2] = 1/80 - 1/144 = 1/180
    expect(Math.abs(mean(values.map((u) => (u - 0.5) ** 2)) - 1 / 12)).toBeLessThan(5 * Math.sqrt(1 / 180 / N));
  });

  test("fills 100 equal bins evenly (chi-square)", () => {
    const counts = new Array<number>(100).fill(0);
    for (const u of values) counts[Math.floor(100 * u)] = (counts[Math.floor(100 * u)] ?? 0) + 1;
    const chiSquare = counts.reduce((sum, count) => sum + (count - N / 100) ** 2 / (N / 100), 0);
    // 99 degrees of freedom: mean 99, standard deviation sqrt(198)
    expect(Math.abs(chiSquare - 99)).toBeLessThan(5 * Math.sqrt(198));
  });

  test("successive draws are uncorrelated", () => {
    const products = values.subarray(1).map((u, i) => 12 * (u - 0.5) * ((values[i] ?? 0) - 0.5));
    expect(Math.abs(mean(products))).toBeLessThan(5 / Math.sqrt(N));
  });

  test("uses 53 random bits: the lowest one is set half of the time", () => {
    const odd = values.filter((u) => (u * 2 ** 53) % 2 === 1).length;
    expect(Math.abs(odd / N - 0.5)).toBeLessThan(5 * Math.sqrt(0.25 / N));
  });
});

describe("normal", () => {
  const draws = stream(2, "normal");
  const values = Float64Array.from({ length: N }, () => draws.normal());

  test("has moments 0, 1, 0, 3", () => {
    // Var[z^k] = E[z^2k] - E[z^k]^2 = 1, 2, 15, 96 for k = 1 .. 4
    const moments: [number, number, number][] = [
      [1, 0, 1],
      [2, 1, 2],
      [3, 0, 15],
      [4, 3, 96],
    ];
    for (const [k, expected, variance] of moments)
      expect(Math.abs(mean(values.map((z) => z ** k)) - expected)).toBeLessThan(5 * Math.sqrt(variance / N));
  });

  test("exceeds 1.96 in 2.5 % of the draws on either side", () => {
    for (const sign of [1, -1]) {
      const share = values.filter((z) => sign * z > 1.959964).length / N;
      expect(Math.abs(share - 0.025)).toBeLessThan(5 * Math.sqrt((0.025 * 0.975) / N));
    }
  });
});

describe("below", () => {
  test("gives every value of a bound that does not divide 2^32 equally often", () => {
    const draws = stream(3, "below");
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < N; i++) {
      const value = draws.below(7);
      counts[value] = (counts[value] ?? 0) + 1;
    }
    expect(counts).toHaveLength(7);
    for (const count of counts) expect(Math.abs(count / N - 1 / 7)).toBeLessThan(5 * Math.sqrt(6 / 49 / N));
  });

  test("has no modulo bias where it would be largest", () => {
    // With bound 3·2^30, draws of 32 bits taken modulo the bound would fall below 2^30 half of the time instead of a third.
    const draws = stream(4, "below");
    let low = 0;
    for (let i = 0; i < N; i++) if (draws.below(3 * 2 ** 30) < 2 ** 30) low++;
    expect(Math.abs(low / N - 1 / 3)).toBeLessThan(5 * Math.sqrt(2 / 9 / N));
  });

  test("takes the extreme bounds", () => {
    const draws = stream(5, "below");
    expect(Array.from({ length: 10 }, () => draws.below(1))).toEqual(new Array(10).fill(0));
    expect(draws.below(2 ** 32)).toBeLessThan(2 ** 32);
  });
});

describe("permutation", () => {
  test.each([0, 1, 2, 1000])("holds each of 0 .. %d - 1 once", (n) => {
    const order = [...stream(6, "permutation").permutation(n)];
    expect(order.sort((a, b) => a - b)).toEqual([...new Array(n).keys()]);
  });

  test("all 24 orders of 4 are equally likely", () => {
    const draws = stream(7, "permutation");
    const counts = new Map<string, number>();
    const n = 24_000;
    for (let i = 0; i < n; i++) {
      const order = draws.permutation(4).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    // 23 degrees of freedom: mean 23, standard deviation sqrt(46)
    expect(Math.abs(chiSquare - 23)).toBeLessThan(5 * Math.sqrt(46));
  });

  test("successive permutations of one stream differ", () => {
    const draws = stream(8, "permutation");
    expect(draws.permutation(50)).not.toEqual(draws.permutation(50));
  });
});

function mean(values: Float64Array): number {
  return values.reduce((sum, v) => sum + v, 0) / values.length;
}
