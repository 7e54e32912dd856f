import { describe, expect, test } from "vitest";
import type { ArmResult } from "../analysis/types.ts";
import type { Measure, Start } from "../plan/types.ts";
import { claims, judgeClaim, judgeClaims } from "./judge.ts";
import { partRows } from "./rows.ts";
import { worldResults, worldSetting } from "./world.fixture.ts";

// Every claim once more, straight from its formula in docs/claims.md: three seeds, so Student's t has two degrees of freedom and a
// distribution in closed form. Noise of a third of a point keeps the p-values away from 0 and 1.
const world = { noise: 0.3, sparsities: [0.3, 0.5, 0.7] };
const results = worldResults(world);
const setting = worldSetting(world);

type Triple = readonly number[];

function pAbove(d: Triple, bound: number): number {
  const mean = d.reduce((sum, x) => sum + x, 0) / 3;
  const variance = d.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 2;
  const t = (mean - bound) / Math.sqrt(variance / 3);
  return 0.5 - t / (2 * Math.sqrt(2 + t * t));
}
const pBelow = (d: Triple, bound: number) => 1 - pAbove(d, bound);
const pWithin = (d: Triple, margin: number) => Math.max(pAbove(d, -margin), pBelow(d, margin));
const pOutside = (d: Triple, margin: number) => Math.min(1, 2 * Math.min(pAbove(d, margin), pBelow(d, -margin)));

function runs(isWanted: (arm: ArmResult) => boolean): Triple {
  return [0, 1, 2].map(
    (seed) => results.arms.find((arm) => arm.seed === seed && isWanted(arm))?.finalAccuracy ?? Number.NaN,
  );
}
const dense = (variant: string) => runs((arm) => arm.variant === variant && arm.start === "dense");
const at = (variant: string, start: Start, kind: string, sparsity: number) =>
  runs(
    (arm) =>
      arm.variant === variant && arm.start === start && arm.cell?.pruning === kind && arm.cell.sparsity === sparsity,
  );
const minus = (a: Triple, b: Triple) => a.map((x, i) => x - (b[i] ?? Number.NaN));

function excess(variant: string, measure: Measure, p: number, kind?: string, sparsity?: number): Triple {
  return [0, 1, 2].map((seed) => {
    const point = results.comparisons
      .find(
        (c) =>
          c.seed === seed &&
          c.variant === variant &&
          c.measure === measure &&
          c.cell?.pruning === kind &&
          c.cell?.sparsity === sparsity,
      )
      ?.points.find((found) => found.p === p);
    return point === undefined ? Number.NaN : 100 * (point.rp - point.nullMean);
  });
}

const sparsities = [0.3, 0.5, 0.7];
const [low, high] = ["v0", "v1"];
/** The claim's two p-values from those of its parts, [holds, fails] each: all must hold, one failure is enough. */
function together(parts: readonly (readonly [number, number])[]): readonly [number, number] {
  return [Math.max(...parts.map(([h]) => h)), Math.min(1, parts.length * Math.min(...parts.map(([, f]) => f)))];
}
const above = (d: Triple, bound: number) => [pAbove(d, bound), pBelow(d, bound)] as const;
const below = (d: Triple, bound: number) => [pBelow(d, bound), pAbove(d, bound)] as const;
const within = (d: Triple, margin: number) => [pWithin(d, margin), pOutside(d, margin)] as const;

const expected: Readonly<Record<number, () => readonly [number, number]>> = {
  1: () => {
    const closeness = (variant: string, s: number) => minus(at(variant, "ticket", "iterative", s), dense(variant));
    const advantage = (variant: string, s: number) =>
      minus(at(variant, "ticket", "iterative", s), at(variant, "reinit", "iterative", s));
    const wins = sparsities.map((s) => Math.max(pAbove(closeness(low, s), -0.5), pAbove(advantage(low, s), 0.5)));
    const loses = sparsities.map((s) => 2 * Math.min(pBelow(closeness(low, s), -0.5), pBelow(advantage(low, s), 0.5)));
    const holdsLow = [Math.min(1, 3 * Math.min(...wins)), Math.max(...loses)] as const;
    const failsHigh = sparsities.map(
      (s) => 2 * Math.min(pBelow(closeness(high, s), -0.5), pBelow(advantage(high, s), 0.5)),
    );
    const winsHigh = sparsities.map((s) => Math.max(pAbove(closeness(high, s), -0.5), pAbove(advantage(high, s), 0.5)));
    return together([holdsLow, [Math.min(1, Math.max(...failsHigh)), Math.min(1, 3 * Math.min(...winsHigh))]]);
  },
  2: () => together([above(minus(dense(high), dense(low)), 0)]),
  3: () =>
    together(
      [0.1, 0.2, 0.3, 0.4, 0.5].flatMap((p) => [
        above(excess(low, "pre-training", p), 10),
        within(excess(high, "pre-training", p), 3),
      ]),
    ),
  4: () =>
    together(
      sparsities.flatMap((s) => [
        above(excess(low, "ticket", 0.2, "iterative", s), 3),
        within(excess(low, "reinit", 0.2, "iterative", s), 3),
        within(excess(high, "ticket", 0.2, "iterative", s), 3),
        within(excess(high, "reinit", 0.2, "iterative", s), 3),
      ]),
    ),
  5: () =>
    together(
      ["iterative", "one-shot", "admm"].flatMap((kind) =>
        sparsities.flatMap((s) =>
          (["ticket", "reinit"] as const).map((other) =>
            above(minus(at(high, "fine-tune", kind, s), at(high, other, kind, s)), 0),
          ),
        ),
      ),
    ),
  6: () =>
    together(
      sparsities.flatMap((s) =>
        (["fine-tune", "ticket"] as const).flatMap((start) => [
          above(minus(at(high, start, "admm", s), at(high, start, "iterative", s)), -0.5),
          // The first iterative round is the one-shot mask itself.
          ...(s === 0.3 ? [] : [above(minus(at(high, start, "iterative", s), at(high, start, "one-shot", s)), -0.5)]),
        ]),
      ),
    ),
  7: () =>
    together([
      within(excess(high, "fine-tune to initial", 0.2, "admm", 0.5), 3),
      above(excess(high, "fine-tune to pre-trained", 0.2, "admm", 0.5), 3),
    ]),
  8: () =>
    together(
      sparsities.flatMap((s) => [
        above(minus(at(high, "fine-tune", "admm", s), at(high, "rewind", "admm", s)), 0),
        above(minus(at(high, "rewind", "admm", s), at(high, "ticket", "admm", s)), 0),
      ]),
    ),
  9: () =>
    together([
      ...sparsities.flatMap((s) =>
        (["ticket", "reinit"] as const).map((start) =>
          above(minus(at(high, start, "iterative", s), at(low, start, "iterative", s)), 0),
        ),
      ),
      ...[0.5, 0.7].map((s) => below(minus(at(high, "ticket", "iterative", s), dense(high)), -0.5)),
    ]),
};

describe("the p-values of a claim are those of its formula", () => {
  test.each(claims)("claim $id", (claim) => {
    const { judged } = judgeClaim(claim, setting);
    const [holds, fails] = expected[claim.id]?.() ?? [Number.NaN, Number.NaN];
    expect(judged.pHolds?.raw).toBeCloseTo(holds, 10);
    expect(judged.pFails?.raw).toBeCloseTo(fails, 10);
    expect(holds).toBeGreaterThan(1e-6);
    expect(holds).toBeLessThan(0.9);
  });
});

test("an interval agrees with its test: an established part has its interval wholly on the side that was asked for", () => {
  const { verdicts } = judgeClaims([worldResults({ noise: 0.4, seeds: 4 })], "x");
  const rows = verdicts.flatMap((verdict) => partRows(verdict)).filter(({ kind }) => kind === "statement");
  let established = 0;
  for (const { statement, effect, outcome, pHolds, pFails } of rows) {
    const [low, high] = effect?.interval ?? [Number.NaN, Number.NaN];
    if (statement === undefined || effect === undefined) continue;
    const { relation, bound } = statement;
    const isInside =
      relation === "above" ? low > bound : relation === "below" ? high < bound : low > -bound && high < bound;
    const isOutside =
      relation === "above" ? high < bound : relation === "below" ? low > bound : low > bound || high < -bound;
    // Without correction a part is established exactly where its interval says so; the correction only takes away.
    if (pHolds !== null) expect(pHolds.raw <= 0.05).toBe(isInside);
    if (pFails !== null && relation !== "within") expect(pFails.raw <= 0.05).toBe(isOutside);
    if (outcome === "holds") expect(isInside).toBe(true);
    if (outcome === "fails") expect(isOutside).toBe(true);
    if (outcome !== "undecided") established++;
  }
  expect(established).toBeGreaterThan(20);
});
