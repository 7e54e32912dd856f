import { expect, test } from "vitest";
import { judgeClaims } from "./judge.ts";
import { claimsMarkdown } from "./markdown.ts";
import { regimeOf } from "./regime.ts";
import { claimsCsv, claimsJson } from "./rows.ts";
import { claimsText } from "./text.ts";
import { paperAccuracy, paperExcess, type World, worldResults, worldSetting } from "./world.fixture.ts";

/** The paper's world with another R_p − null of the dense runs, by rate. */
function excessOf(low: number, high: number): World {
  return {
    noise: 1e-6,
    excess: (measure, place) => {
      if (measure !== "pre-training") return paperExcess(measure, place);
      return place.rate >= 0.05 ? high : low;
    },
  };
}

test.each([
  { low: 20, high: 0.3, outcome: "in" },
  { low: 10.1, high: 2.9, outcome: "in" },
  { low: 10.1, high: -2.9, outcome: "in" },
  { low: 9.9, high: 2.9, outcome: "out" },
  { low: 10.1, high: 3.1, outcome: "out" },
  { low: 10.1, high: -3.1, outcome: "out" },
])("R_0.2 $low above its null at the low rate and $high at the high one is $outcome", ({ low, high, outcome }) => {
  expect(regimeOf(worldSetting(excessOf(low, high))).outcome).toBe(outcome);
});

test("dense runs that are no better at the high rate are out of regime, by how much is said", () => {
  const world: World = {
    noise: 1e-6,
    accuracy: (start, place) => (start === "dense" ? 70 - place.rate * 10 : paperAccuracy(start, place)),
  };
  expect(regimeOf(worldSetting(world)).text).toBe(
    "out of the paper's regime: dense at lr 0.1 − dense at lr 0.01 −0.9 points, above 0 expected",
  );
});

test("one rate is asked only to be at its null; what was not run makes no regime", () => {
  expect(regimeOf(worldSetting({ rates: [0.1], noise: 1e-6 }))).toEqual({
    outcome: "in",
    text: "in the paper's regime: R_0.2(θ0, θT) − null at lr 0.1 +0.3 points",
  });
  expect(regimeOf(worldSetting({ measures: false }))).toEqual({
    outcome: "unknown",
    text: "regime unknown: not run are R_0.2(θ0, θT) − null at lr 0.1, R_0.2(θ0, θT) − null at lr 0.01",
  });
});

test("every output marks verdicts that were reached out of regime, and only those", () => {
  const [out, inside] = [judgeClaims([worldResults(excessOf(60, 40))], "x"), judgeClaims([worldResults()], "x")];
  const sentence = "out of the paper's regime: R_0.2(θ0, θT) − null at lr 0.1 +40.0 points, within 3 expected";
  expect(claimsText(out)).toContain(sentence);
  expect(claimsText(out).match(/(confirmed|refuted|undecided) †/g)?.length).toBe(9);
  expect(claimsText(out)).toMatch(/^Claim 3 †: refuted/m);
  expect(claimsText(out)).toContain("† out of the paper's regime");
  expect(claimsMarkdown(out)).toContain("† out of the paper's regime");
  expect(claimsMarkdown(out)).toContain(sentence);
  expect(claimsMarkdown(out)).toContain("## Claim 3: refuted, out of regime");
  const json = JSON.parse(claimsJson(out)) as { settings: { regime: string }[]; claims: { regime: string }[] };
  expect(json.settings[0]).toMatchObject({ regime: "out", regimeText: sentence });
  expect(new Set(json.claims.map(({ regime }) => regime))).toEqual(new Set(["out"]));
  expect(claimsCsv(out).split("\n")[1]).toContain(",out,");
  for (const text of [claimsText(inside), claimsMarkdown(inside)]) {
    expect(text).not.toMatch(/out of (the paper('|&#39;)s )?regime|†/);
    expect(text).toMatch(/in the paper('|&#39;)s regime/);
  }
});
