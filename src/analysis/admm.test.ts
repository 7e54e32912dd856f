import { expect, test } from "vitest";
import { admmEpoch, admmNote, admmSummary, admmTable, admmWarnings, residualText } from "./admm.ts";
import { fixtureResults } from "./fixture.ts";
import { summaryTables } from "./tables.ts";

const results = fixtureResults({ prunings: ["one-shot", "admm"], rates: [0.1], sparsities: [0.5, 0.9], seeds: 2 });

test("the table has the worst layer and seed of every sparsity, and how many seeds have converged", () => {
  // The fixture's residuals: s · exp(-rate · 12) · (1 + 0.3·layer + 0.1·seed), largest for layer 2 and seed 1.
  expect(admmTable(results).rows).toEqual([
    ["lr 0.1", "admm 50 %", residualText(0.5 * Math.exp(-6) * 1.7), "fc2.weight", "2 of 2"],
    ["lr 0.1", "admm 90 %", residualText(0.9 * Math.exp(-1.2) * 1.7), "fc2.weight", "0 of 2"],
  ]);
});

test("a run that is not done is no evidence of convergence, and is named", () => {
  const [first, ...rest] = results.admm;
  if (first === undefined) throw new Error("no ADMM in the fixture");
  const diverged = { ...results, admm: [{ ...first, status: "diverged" as const }, ...rest] };
  expect(admmTable(diverged).rows[0]?.at(-1)).toBe("1 of 1, seed 0 diverged");
  const none = { ...results, admm: results.admm.map((run) => ({ ...run, status: "missing" as const, epochs: [] })) };
  expect(admmTable(none).rows[0]?.slice(2)).toEqual(["-", "-", "0 of 0, seed 0 missing, seed 1 missing"]);
  expect(admmWarnings(none)).toEqual([]);
});

test("what has not converged is warned of, in the terminal too", () => {
  const warning =
    "ADMM has not converged in lr 0.1, admm 90 %: ||W - Z|| / ||W|| is 46 % in fc2.weight, expected at most 5 %; " +
    "give it more epochsPerStage or stages, or another rho or lrFactor.";
  expect(admmWarnings(results)).toEqual([warning]);
  expect(summaryTables(results).replaceAll(/\s+/g, " ")).toContain(`Warning: ${warning}`);
  expect(summaryTables(results)).toContain("4 ADMM prunings");
});

test("a residual of exactly the limit has converged, one above has not", () => {
  expect(admmSummary({ admm: { layer: "a", residual: 0.05 } })?.converged).toBe(true);
  expect(admmSummary({ admm: { layer: "a", residual: 0.0501 } })?.converged).toBe(false);
  expect(admmSummary({ sparsity: 0.5 })).toBeUndefined();
  expect(admmSummary(undefined)).toBeUndefined();
});

test("without ADMM there is neither table nor warning", () => {
  const plain = fixtureResults({ prunings: ["one-shot"], rates: [0.1], sparsities: [0.5] });
  expect(summaryTables(plain)).not.toContain("ADMM");
});

test("an incomplete line of residuals is refused", () => {
  const line = { epoch: 1, rho: 0.1, residuals: { a: 0.5 } };
  expect(admmEpoch(line)).toEqual(line);
  expect(admmEpoch({ ...line, residuals: { a: "0.5" } })).toBeUndefined();
  expect(admmEpoch({ epoch: 1, residuals: { a: 0.5 } })).toBeUndefined();
});

test("for captions, all that has not converged is one sentence", () => {
  const two = fixtureResults({ prunings: ["admm"], sparsities: [0.5, 0.9, 0.95], seeds: 2 });
  expect(admmNote(two)).toBe("ADMM has not converged in lr 0.01, admm 90 % and 95 %; lr 0.1, admm 90 % and 95 %.");
  expect(admmNote(fixtureResults({ prunings: ["admm"], sparsities: [0.5] }))).toBeUndefined();
});
