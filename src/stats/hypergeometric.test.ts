import { describe, expect, test } from "vitest";
import { type Hypergeometric, highest, logPmf, lowest, mean, tilted, variance } from "./hypergeometric.ts";
import { lowerTail, MAX_PRODUCTS, upperTail } from "./hypergeometric-sum.ts";

// The reference: exact integer counts, C(K, x)·C(N-K, n-x) out of C(N, n), and exact products of polynomials for sums.

function binomial(n: number, k: number): bigint {
  let value = 1n;
  for (let i = 0; i < k; i++) value = (value * BigInt(n - i)) / BigInt(i + 1);
  return value;
}

/** Number of ways to get each value 0 .. draws; their sum is C(population, draws). */
function ways({ population, marked, draws }: Hypergeometric): bigint[] {
  return Array.from({ length: draws + 1 }, (_, x) =>
    x > marked || draws - x > population - marked ? 0n : binomial(marked, x) * binomial(population - marked, draws - x),
  );
}

function waysOfSum(parts: readonly Hypergeometric[]): bigint[] {
  return parts.map(ways).reduce(
    (a, b) => {
      const product = new Array<bigint>(a.length + b.length - 1).fill(0n);
      for (const [i, p] of a.entries())
        for (const [j, q] of b.entries()) product[i + j] = (product[i + j] ?? 0n) + p * q;
      return product;
    },
    [1n],
  );
}

/** a / b with 25 digits, as an integer and a power of ten. */
function quotient(a: bigint, b: bigint): { digits: bigint; exponent: number } {
  const shift = 25 + String(b).length - String(a).length;
  const digits = (a * 10n ** BigInt(Math.max(0, shift))) / (b * 10n ** BigInt(Math.max(0, -shift)));
  return { digits, exponent: -shift };
}

/** a / b, correctly rounded. */
function ratio(a: bigint, b: bigint): number {
  const { digits, exponent } = quotient(a, b);
  return Number(`${digits}e${exponent}`);
}

/** log(a / b), also where a / b is too small for a double. */
function logOfRatio(a: bigint, b: bigint): number {
  const { digits, exponent } = quotient(a, b);
  return Math.log(Number(digits)) + exponent * Math.LN10;
}

function add(values: readonly bigint[]): bigint {
  return values.reduce((sum, v) => sum + v, 0n);
}

/** Largest relative error that is allowed. Each of a few hundred to thousand ratios and sums rounds to 1.1e-16. */
const TOLERANCE = 1e-12;

function expectClose(got: number, exact: number): void {
  expect(Math.abs(got - exact)).toBeLessThanOrEqual(TOLERANCE * exact + Number.MIN_VALUE);
}

const examples: Hypergeometric[] = [
  { population: 10, marked: 4, draws: 3 },
  { population: 20, marked: 15, draws: 12 }, // at least 7 are certain
  { population: 60, marked: 12, draws: 12 },
  { population: 432, marked: 86, draws: 86 },
  { population: 2304, marked: 461, draws: 461 },
  { population: 1152, marked: 461, draws: 461 }, // sparse-dense at sparsity 0.5
];

describe("one layer, against exact integers", () => {
  test.each(examples)("probabilities, mean and variance of %j", (h) => {
    const exact = ways(h);
    const total = binomial(h.population, h.draws);
    expect(add(exact)).toBe(total);
    for (const [x, count] of exact.entries()) {
      if (count === 0n) expect(logPmf(h, x)).toBe(Number.NEGATIVE_INFINITY);
      else {
        const logExact = logOfRatio(count, total);
        // The relative accuracy of P(x), and the rounding of the logarithms themselves, which are of size logExact.
        expect(Math.abs(logPmf(h, x) - logExact)).toBeLessThan(1e-13 + 4 * Number.EPSILON * (100 - logExact));
      }
    }
    const values = exact.map((count, x) => [x, ratio(count, total)] as const);
    const first = values.reduce((sum, [x, p]) => sum + x * p, 0);
    expectClose(mean(h), first);
    expect(variance(h)).toBeCloseTo(
      values.reduce((sum, [x, p]) => sum + (x - first) ** 2 * p, 0),
      9,
    );
  });

  test.each(examples)("both tails of %j at every value", (h) => {
    const exact = ways(h);
    const total = add(exact);
    const step = Math.max(1, Math.floor(h.draws / 25));
    for (let x = -1; x <= h.draws + 1; x += step) {
      expectClose(upperTail([h], x).probability, ratio(add(exact.slice(Math.max(0, x))), total));
      expectClose(lowerTail([h], x).probability, ratio(add(exact.slice(0, Math.max(0, x + 1))), total));
    }
  });

  test("the support", () => {
    const h = { population: 20, marked: 15, draws: 12 };
    expect([lowest(h), highest(h)]).toEqual([7, 12]);
    expect(logPmf(h, 6)).toBe(Number.NEGATIVE_INFINITY);
    expect(logPmf(h, 8.5)).toBe(Number.NEGATIVE_INFINITY);
  });

  test.each([
    { population: 5, marked: 5, draws: 3 },
    { population: 5, marked: 2, draws: 5 },
    { population: 5, marked: 0, draws: 3 },
    { population: 1, marked: 1, draws: 1 },
    { population: 0, marked: 0, draws: 0 },
  ])("only one value is possible: %j", (h) => {
    const only = lowest(h);
    expect(variance(h)).toBe(0);
    expect(upperTail([h], only).probability).toBe(1);
    expect(upperTail([h], only + 1).probability).toBe(0);
    expect(lowerTail([h], only).probability).toBe(1);
    expect(lowerTail([h], only - 1).probability).toBe(0);
  });

  test("tilting reweights by exp(θx): ratios of neighbours, against exact integers", () => {
    const h = { population: 60, marked: 12, draws: 12 };
    const exact = ways(h);
    const { start, mass } = tilted(h, 1.5);
    expect(mass.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 14);
    for (let i = 0; i + 1 < mass.length; i++)
      expectClose(
        (mass[i + 1] ?? 0) / (mass[i] ?? 0),
        ratio(exact[start + i + 1] ?? 0n, exact[start + i] ?? 1n) * Math.exp(1.5),
      );
  });
});

describe("sums over layers, against exact integers", () => {
  test.each([
    [[examples[0], examples[1]]],
    [[examples[2], examples[2], examples[0], { population: 7, marked: 0, draws: 2 }]],
    [[examples[3], examples[2], examples[3], { population: 216, marked: 86, draws: 86 }]],
  ])("both tails of %j at all values", (list) => {
    const parts = list.filter((part) => part !== undefined);
    const exact = waysOfSum(parts);
    const total = add(exact);
    const step = Math.max(1, Math.floor(exact.length / 60));
    for (let x = 0; x < exact.length; x += step) {
      const upper = upperTail(parts, x);
      expect(upper.method).toBe("exact");
      expectClose(upper.probability, ratio(add(exact.slice(x)), total));
      expectClose(lowerTail(parts, x).probability, ratio(add(exact.slice(0, x + 1)), total));
    }
  });

  test("a realistic network (ResNet-20, p = 0.2) is exact, far out too, and takes well below a second", () => {
    const sizes = [
      432,
      ...Array<number>(6).fill(2304),
      4608,
      ...Array<number>(5).fill(9216),
      18432,
      ...Array<number>(5).fill(36864),
    ];
    const parts = sizes.map((n) => ({ population: n, marked: Math.round(n / 5), draws: Math.round(n / 5) }));
    const expected = parts.reduce((sum, h) => sum + mean(h), 0);
    const deviation = Math.sqrt(parts.reduce((sum, h) => sum + variance(h), 0));
    const started = performance.now();
    const at = (z: number) => upperTail(parts, Math.round(expected + z * deviation));
    expect([at(0), at(3), at(30)].map(({ method }) => method)).toEqual(["exact", "exact", "exact"]);
    expect(performance.now() - started).toBeLessThan(2000); // some 30 ms; generous for a loaded machine
    expect(at(3).probability).toBeGreaterThan(0.001);
    expect(at(3).probability).toBeLessThan(0.002); // 0.00135 for a normal
    expect(at(30).probability).toBeGreaterThan(1e-220);
    expect(at(30).probability).toBeLessThan(1e-180); // 4.9e-198 for a normal
    const upper = upperTail(parts, Math.round(expected) + 1).probability;
    expect(upper + lowerTail(parts, Math.round(expected)).probability).toBeCloseTo(1, 12);
  });

  test("networks beyond the limit use the normal approximation, and say so", () => {
    // Symmetric about its mean, so P(X >= mean) = 1/2 + P(X = mean)/2, with P(X = mean) = 1/(sd·sqrt(2π))·(1 + O(1/n)).
    const h = { population: 1_000_000, marked: 500_000, draws: 500_000 };
    const parts = Array.from({ length: 12 }, () => h);
    const width = tilted(h, 0).mass.length;
    expect((width * width * 12 * 11) / 2).toBeGreaterThan(MAX_PRODUCTS);
    const tail = upperTail(parts, 12 * 250_000);
    const deviation = Math.sqrt(12 * variance(h));
    expect(tail.method).toBe("normal");
    expect(Math.abs(tail.probability - (0.5 + 0.5 / (deviation * Math.sqrt(2 * Math.PI))))).toBeLessThan(1e-7);
    // The exact sum of five of them, just below the limit, shows the same.
    const exact = upperTail(parts.slice(0, 5), 5 * 250_000);
    expect(exact.method).toBe("exact");
    const deviation5 = Math.sqrt(5 * variance(h));
    expect(Math.abs(exact.probability - (0.5 + 0.5 / (deviation5 * Math.sqrt(2 * Math.PI))))).toBeLessThan(1e-7);
  });
});

test.each([
  { population: 5, marked: 6, draws: 1 },
  { population: 5, marked: 1, draws: 6 },
  { population: 5, marked: -1, draws: 1 },
  { population: 5.5, marked: 1, draws: 1 },
  { population: 1e8, marked: 1, draws: 1 },
])("a distribution that does not exist is refused: %j", (h) => {
  expect(() => upperTail([h], 1)).toThrow(
    `hypergeometric(population ${h.population}, marked ${h.marked}, draws ${h.draws}) does not exist`,
  );
});
