import { expect, test } from "vitest";
import type { Results } from "../analysis/types.ts";
import { claims, judgeClaim, judgeClaims } from "./judge.ts";
import { claimSettings } from "./setting.ts";
import { worldResults } from "./world.fixture.ts";

type Variant = Results["spec"]["variants"][number];

function changed(results: Results, change: (setting: Variant["setting"]) => Variant["setting"]): Results {
  const variants = results.spec.variants.map((variant) => ({ ...variant, setting: change(variant.setting) }));
  return { ...results, spec: { ...results.spec, variants } };
}

test("variants that differ in the learning rate alone are one setting, with its lowest and highest rate", () => {
  const [setting, ...others] = claimSettings([worldResults({ rates: [0.1, 0.01, 0.03] })]);
  expect(others).toEqual([]);
  expect([setting?.low, setting?.high, setting?.rates]).toEqual([0.01, 0.1, [0.01, 0.03, 0.1]]);
  expect(setting?.label).toBe("lenet5 on fashion-mnist (30 epochs, 60,000 images)");
});

test("a single rate is the desirable one", () => {
  const [setting] = claimSettings([worldResults({ rates: [0.1] })]);
  expect([setting?.low, setting?.high]).toEqual([undefined, 0.1]);
});

test.each<[string, (setting: Variant["setting"]) => Variant["setting"]]>([
  ["epochs", (setting) => ({ ...setting, train: { ...setting.train, epochs: 31 } })],
  ["warm-up", (s) => ({ ...s, train: { ...s.train, schedule: { ...s.train.schedule, warmupEpochs: 5 } } })],
  ["images", (setting) => ({ ...setting, data: { ...setting.data, subset: 100 } })],
  ["precision", (setting) => ({ ...setting, train: { ...setting.train, precision: "bfloat16" } })],
  ["protected layers", (setting) => ({ ...setting, protect: [] })],
  ["model", (setting) => ({ ...setting, model: { name: "conv2" } })],
])("other %s make another setting", (_, change) => {
  const results = worldResults({ seeds: 2, sparsities: [0.5] });
  expect(claimSettings([results, changed(results, change)])).toHaveLength(2);
});

test("where the data lie and what is pruned, retrained and measured makes none", () => {
  const results = worldResults({ seeds: 2, sparsities: [0.5] });
  const elsewhere = changed(results, (setting) => ({
    ...setting,
    data: { ...setting.data, path: "/data" },
    retrain: [],
    correlation: { p: [0.2] },
  }));
  expect(claimSettings([results, elsewhere])).toHaveLength(1);
});

test("runs that two specs share are counted once, also when one of the two has not run them", () => {
  const done = worldResults();
  const not = worldResults({ status: () => "missing" });
  const verdicts = (results: readonly Results[]) =>
    judgeClaims(results, "test").verdicts.map(({ judged, outcome }) => [outcome, judged.pHolds, judged.pFails]);
  const once = verdicts([done]);
  expect(verdicts([done, done])).toEqual(once);
  expect(verdicts([done, not])).toEqual(once);
  expect(verdicts([not, done])).toEqual(once);
});

test("specs with a part each are judged together: three algorithms for claim 5, two rates for claim 2", () => {
  const parts = (["iterative", "one-shot", "admm"] as const).map((kind) => worldResults({ prunings: [kind] }));
  const rates = [worldResults({ rates: [0.01], prunings: [] }), worldResults({ rates: [0.1], prunings: [] })];
  const outcomes = (results: readonly Results[], id: number) =>
    judgeClaims(results, "test")
      .verdicts.filter(({ claim }) => claim.id === id)
      .map(({ outcome }) => outcome);
  expect(outcomes(parts, 5)).toEqual(["confirmed"]);
  expect(outcomes(parts.slice(1), 5)).toEqual(["undecided"]);
  expect(outcomes(rates.slice(1), 2)).toEqual(["not run"]);
});

test("masks by another criterion than the magnitude do not count", () => {
  const random = changed(worldResults(), (setting) => ({
    ...setting,
    prune: setting.prune.map((prune) =>
      prune.kind === "one-shot" ? { ...prune, pruner: { name: "random", options: {} } } : prune,
    ),
  }));
  const [setting] = claimSettings([random]);
  expect(setting?.masks("one-shot", 0.1)).toEqual([]);
  expect(setting?.masks("iterative", 0.1)).toHaveLength(3);
});

test("two iterative schedules are two masks at one sparsity; later rounds make no difference", () => {
  const results = worldResults({ prunings: ["iterative"], sparsities: [0.3, 0.5] });
  const longer = worldResults({ prunings: ["iterative"], sparsities: [0.3, 0.5, 0.7] });
  const direct = worldResults({ prunings: ["iterative"], sparsities: [0.5] });
  const [setting] = claimSettings([results, longer, direct]);
  expect(setting?.masks("iterative", 0.1).map(({ sparsity }) => sparsity)).toEqual([0.3, 0.5, 0.5, 0.7]);
});

test("claim 8 takes the rewinding point nearest to a fifteenth of the training", () => {
  const results = worldResults();
  const more = {
    ...results,
    // Epoch 2 of 30 is T/15; these others would turn the order around.
    arms: results.arms.flatMap((arm) =>
      arm.start === "rewind" ? [{ ...arm, rewindEpoch: 10, finalAccuracy: 99 }, arm] : [arm],
    ),
  };
  const rewinding = claims.find(({ id }) => id === 8);
  const [setting] = claimSettings([more]);
  if (rewinding === undefined || setting === undefined) throw new Error("no claim 8");
  expect(judgeClaim(rewinding, setting).outcome).toBe("confirmed");
});
