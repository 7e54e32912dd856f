import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stream } from "../core/rng.ts";
import { type Evidence, evidenceOf, judge, type Proposition, type Statement, seedsToDecide } from "./proposition.ts";

/** P(T > t) with two degrees of freedom, in closed form: three seeds need no table. */
function upperTail(t: number): number {
  return 0.5 - t / (2 * Math.sqrt(2 + t * t));
}

/** t of three differences against a bound, by the definition. */
function tOf(d: readonly [number, number, number], bound: number): number {
  const mean = (d[0] + d[1] + d[2]) / 3;
  const variance = ((d[0] - mean) ** 2 + (d[1] - mean) ** 2 + (d[2] - mean) ** 2) / 2;
  return (mean - bound) / Math.sqrt(variance / 3);
}

function leaf(relation: Statement["relation"], bound: number, ...differences: number[]): Proposition {
  return { kind: "statement", label: `${relation} ${bound}`, statement: { relation, bound, differences } };
}
const all = (...of: Proposition[]): Proposition => ({ kind: "all", label: "all", of });
const any = (...of: Proposition[]): Proposition => ({ kind: "any", label: "any", of });

function close(found: Evidence | undefined, holds: number, fails: number): void {
  expect(found?.holds).toBeCloseTo(holds, 12);
  expect(found?.fails).toBeCloseTo(fails, 12);
}

describe("one statement", () => {
  const d = [1, 2, 3] as const;

  test("above and below are one-sided t tests at the bound", () => {
    // Mean 2, standard deviation 1, so t = 2·√3 against 0 and p = 1/2 − √12 / (2·√14) = 0.0371.
    close(evidenceOf(leaf("above", 0, ...d)), 0.5 - Math.sqrt(12 / 56), 0.5 + Math.sqrt(12 / 56));
    close(evidenceOf(leaf("below", 2.5, ...d)), upperTail(-tOf(d, 2.5)), upperTail(tOf(d, 2.5)));
  });

  test("within is two one-sided tests, its opposite either side at twice its p", () => {
    close(evidenceOf(leaf("within", 4, ...d)), upperTail(-tOf(d, 4)), 1);
    close(evidenceOf(leaf("within", 0.5, ...d)), upperTail(-tOf(d, 0.5)), 2 * upperTail(tOf(d, 0.5)));
    const mirrored = [-1, -2, -3] as const;
    close(evidenceOf(leaf("within", 0.5, ...mirrored)), upperTail(-tOf(d, 0.5)), 2 * upperTail(tOf(d, 0.5)));
  });

  test.each<[string, number[]]>([
    ["no seed", []],
    ["one seed, however large the difference", [50]],
    ["seeds that do not differ", [3, 3, 3]],
  ])("%s is no evidence", (_, differences) => {
    const found = judge(leaf("above", 0, ...differences), 0.05);
    expect(found).toMatchObject({ outcome: "undecided", pHolds: null, pFails: null });
    expect(seedsToDecide(leaf("above", 0, ...differences), 0.05)).toBeNull();
  });
});

describe("several statements", () => {
  const strong = leaf("above", 0, 9, 10, 11); // t = 10·√3, p = 0.00166
  const weak = leaf("above", 0, 1, 2, 3); // p = 0.0371
  const against = leaf("above", 0, -9, -10, -11); // fails with p = 0.00166
  const open = leaf("above", 0, 1, -1, 0.3);
  const p = (proposition: Proposition) => evidenceOf(proposition) ?? { holds: Number.NaN, fails: Number.NaN };

  test("all: the largest p for it, the smallest times their number against it", () => {
    close(evidenceOf(all(strong, weak)), p(weak).holds, 1);
    close(evidenceOf(all(strong, against, weak)), p(against).holds, 3 * p(against).fails);
    expect(judge(all(strong, weak), 0.05).outcome).toBe("holds");
    expect(judge(all(strong, weak, against), 0.05).outcome).toBe("fails");
    expect(judge(all(strong, open), 0.05).outcome).toBe("undecided");
  });

  test("any is the mirror image", () => {
    close(evidenceOf(any(open, strong)), 2 * p(strong).holds, p(strong).fails);
    expect(judge(any(open, strong), 0.05).outcome).toBe("holds");
    expect(judge(any(against, against), 0.05).outcome).toBe("fails");
    expect(judge(any(against, open), 0.05).outcome).toBe("undecided");
  });

  test("what was not run can neither be confirmed nor make the rest easier to refute", () => {
    const missing = leaf("above", 0);
    expect(judge(all(strong, missing), 0.05).outcome).toBe("undecided");
    close(evidenceOf(all(against, missing)), 1, 2 * p(against).fails);
    expect(evidenceOf(all(missing, missing))).toBeUndefined();
    expect(seedsToDecide(all(strong, missing), 0.05)).toBeNull();
  });

  test("parts are marked after Holm, but where the whole holds each does", () => {
    // Alone: 0.0371 · 1 and 0.00166 · 3 after Holm; 0.0371 twice needs 2 · 0.0371 > 0.05.
    const mixed = judge(all(strong, weak, weak, open), 0.05);
    expect(mixed.parts.map(({ outcome }) => outcome)).toEqual(["holds", "undecided", "undecided", "undecided"]);
    expect(mixed.parts[1]?.pHolds?.adjusted).toBeCloseTo(3 * p(weak).holds, 12);
    const whole = judge(all(strong, weak, weak), 0.05);
    expect(whole.parts.map(({ outcome }) => outcome)).toEqual(["holds", "holds", "holds"]);
    const none = judge(any(against, leaf("above", 0, -1, -2, -3), leaf("above", 0, -1, -2, -3)), 0.05);
    expect(none.parts.map(({ outcome }) => outcome)).toEqual(["fails", "fails", "fails"]);
  });
});

const differences = fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 2, maxLength: 5 });
const statement = fc.record({
  relation: fc.constantFrom("above" as const, "below" as const, "within" as const),
  bound: fc.double({ min: 0.1, max: 2, noNaN: true }),
  differences,
});
const proposition = fc.letrec<{ whole: Proposition; leaf: Proposition }>((tie) => ({
  leaf: statement.map((found): Proposition => ({ kind: "statement", label: "", statement: found })),
  whole: fc.oneof(
    { maxDepth: 2 },
    tie("leaf"),
    fc
      .tuple(fc.constantFrom("all" as const, "any" as const), fc.array(tie("whole"), { minLength: 1, maxLength: 4 }))
      .map(([kind, of]): Proposition => ({ kind, label: "", of })),
  ),
})).whole;

describe("whatever the proposition", () => {
  test("it never holds and fails at once, and neither do its parts", () => {
    fc.assert(
      fc.property(proposition, (whole) => {
        const { holds, fails } = evidenceOf(whole) ?? { holds: 1, fails: 1 };
        return Math.max(holds, fails) > 0.05;
      }),
      { seed: 1 },
    );
  });

  test("the seeds that would decide it do, and one fewer does not", () => {
    const decided = (whole: Proposition, seeds: number) => {
      const { holds, fails } = evidenceOf(whole, seeds) ?? { holds: 1, fails: 1 };
      return Math.min(holds, fails) <= 0.05;
    };
    let checked = 0;
    fc.assert(
      fc.property(proposition, (whole) => {
        const needed = seedsToDecide(whole, 0.05);
        if (typeof needed !== "number" || needed === 2) return true;
        checked++;
        return decided(whole, needed) && !decided(whole, needed - 1) && decided(whole, 3 * needed);
      }),
      { seed: 2, numRuns: 1000 },
    );
    expect(checked).toBeGreaterThan(30);
  });

  test("more than 1000 seeds, when the means are at their bounds", () => {
    expect(seedsToDecide(leaf("above", 0, -1, 0, 1), 0.05)).toBe("more than 1000");
  });
});

describe("simulated experiments with known truth, five seeds", () => {
  const EXPERIMENTS = 4000;
  /** Four standard errors of a share near 0.05. */
  const ERROR = 4 * Math.sqrt((0.05 * 0.95) / EXPERIMENTS);

  /** Share of experiments in which the proposition comes out so; seeds share noise between the parts, as dense runs do. */
  function share(
    outcome: "holds" | "fails",
    kind: "all" | "any",
    parts: readonly { readonly mean: number; readonly relation: Statement["relation"]; readonly bound: number }[],
  ): number {
    const draws = stream(3, "proposition", outcome, kind, JSON.stringify(parts));
    let hits = 0;
    for (let e = 0; e < EXPERIMENTS; e++) {
      const shared = Array.from({ length: 5 }, () => draws.normal());
      const of = parts.map(({ mean, relation, bound }) =>
        leaf(relation, bound, ...shared.map((noise) => mean + 0.5 * noise + draws.normal())),
      );
      if (judge({ kind, label: "", of }, 0.05).outcome === outcome) hits++;
    }
    return hits / EXPERIMENTS;
  }
  const at = (mean: number, relation: Statement["relation"] = "above", bound = 1) => ({ mean, relation, bound });

  test("all hold clearly but one, exactly at its bound: a wrong confirmation in alpha", () => {
    expect(Math.abs(share("holds", "all", [at(9), at(9), at(1)]) - 0.05)).toBeLessThan(ERROR);
  });

  test("all of six exactly at their bounds: a wrong refutation in about alpha at most, not in six times that", () => {
    const found = share(
      "fails",
      "all",
      Array.from({ length: 6 }, () => at(1)),
    );
    expect(found).toBeLessThan(0.05 + ERROR);
    expect(found).toBeGreaterThan(0.01);
  });

  test("none of six holds, all exactly at their bounds: a wrong confirmation of any in alpha at most", () => {
    const found = share(
      "holds",
      "any",
      Array.from({ length: 6 }, () => at(1)),
    );
    expect(found).toBeLessThan(0.05 + ERROR);
    expect(found).toBeGreaterThan(0.01);
  });

  test("one of any exactly at its bound, the others clearly false: a wrong refutation in alpha", () => {
    expect(Math.abs(share("fails", "any", [at(-9), at(1)]) - 0.05)).toBeLessThan(ERROR);
  });

  test("equivalence at the edge of its margin: each error in alpha at most, in the direction of the edge", () => {
    const wide = [at(4, "within", 4)];
    expect(Math.abs(share("holds", "all", wide) - 0.05)).toBeLessThan(ERROR);
    expect(Math.abs(share("fails", "all", wide) - 0.025)).toBeLessThan(ERROR);
  });

  test("a clear truth is found nearly always", () => {
    expect(share("holds", "all", [at(9), at(-9, "below"), at(0, "within", 9)])).toBeGreaterThan(0.95);
    expect(share("fails", "all", [at(9), at(-9), at(9)])).toBeGreaterThan(0.95);
  });
});
