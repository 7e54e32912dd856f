import { expect, it } from "vitest";
import { fixtureResults } from "./fixture.ts";
import { unevenNotes } from "./uneven.ts";

const results = fixtureResults({
  rates: [0.1],
  seeds: 2,
  prunings: ["one-shot"],
  sparsities: [0.9],
  starts: ["ticket", "reinit"],
});

it("names each emptied layer once for all starts under its mask, and the seeds that have it", () => {
  const arms = results.arms.map((arm) => (arm.cell === undefined ? arm : { ...arm, collapsed: ["fc2.weight"] }));
  expect(unevenNotes({ ...results, arms })).toEqual([
    "Collapsed layers: lr 0.1, one-shot 90 %: no weight left in fc2.weight (seeds 0 and 1).",
  ]);
});

it("names what of R_p is left out", () => {
  const comparisons = results.comparisons.map((one) =>
    one.measure === "fine-tune to initial" && one.seed === 1 ? { ...one, leftOut: [0.3, 0.4] } : one,
  );
  expect(unevenNotes({ ...results, comparisons })).toEqual([
    "Left out: R_p at p = 0.3 and 0.4 of fine-tune to initial, lr 0.1, one-shot 90 % (seed 1): the mask keeps too little of some layer for the top weights of this share.",
  ]);
});

it("has nothing to say of even masks", () => {
  expect(unevenNotes(results)).toEqual([]);
});
