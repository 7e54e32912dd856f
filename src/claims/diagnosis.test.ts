import { describe, expect, test } from "vitest";
import type { Results } from "../analysis/types.ts";
import { parseSpec } from "../spec/parse.ts";
import { diagnose } from "./diagnosis.ts";
import { diagnosisSpec } from "./diagnosis-spec.ts";
import { diagnosisCsv, diagnosisJson, diagnosisText } from "./diagnosis-text.ts";
import { type World, worldResults } from "./world.fixture.ts";

const rates = [0.003, 0.01, 0.03, 0.1, 0.3];

/** Dense runs with these means, in the order of the rates. */
function sweep(accuracy: readonly number[], excess: readonly number[], world: World = {}): Results {
  return worldResults({
    rates,
    prunings: [],
    accuracy: (_, { rate }) => accuracy[rates.indexOf(rate)] ?? Number.NaN,
    excess: (_, { rate }) => excess[rates.indexOf(rate)] ?? Number.NaN,
    ...world,
  });
}

const accuracy = [88, 89.6, 90.8, 91.7, 91.6];
const excess = [40, 20, 8, 0.5, 0.3];
const typical = sweep(accuracy, excess);

describe("the verdict on a learning rate", () => {
  test("sufficient: as accurate as any other, R_p at its null", () => {
    expect(diagnose(typical, 0.1)).toMatchObject({ outcome: "sufficient", use: 0.1, seedsToDecide: null });
    expect(diagnose(typical, 0.3)).toMatchObject({ outcome: "sufficient", use: 0.3 });
  });

  test("insufficient: a higher rate is more accurate, R_p well above its null", () => {
    for (const lr of [0.003, 0.01]) expect(diagnose(typical, lr)).toMatchObject({ outcome: "insufficient", use: 0.1 });
  });

  test("less accurate than a higher rate, but R_p not well above: none of them, and each is refuted", () => {
    const found = diagnose(typical, 0.03);
    expect(found).toMatchObject({ outcome: "undecided", use: 0.1 });
    expect(found.tested.map(({ judged }) => judged.outcome)).toEqual(["fails", "fails", "fails"]);
    expect(diagnosisText(found)).toContain("accuracy and R_p do not agree");
  });

  test("as accurate as any other, but R_p above its null is not sufficient", () => {
    const found = diagnose(sweep(accuracy, [40, 20, 8, 5, 4]), 0.1);
    expect(found.outcome).toBe("undecided");
    expect(diagnosisText(found)).toContain("not desirable by the paper's criterion");
  });

  test("too high: a lower rate is more accurate", () => {
    expect(diagnose(sweep([91, 91.7, 91, 90, 60], excess), 0.3)).toMatchObject({ outcome: "too high" });
  });

  test("too high: a seed diverged; and a diverging rate is no competitor", () => {
    const status: World["status"] = ({ variant, seed }) => (variant === "v4" && seed === 1 ? "diverged" : "done");
    const results = sweep([88, 89.6, 90.8, 91.7, 95], excess, { status });
    expect(diagnose(results, 0.3)).toMatchObject({ outcome: "too high", use: 0.1 });
    expect(diagnose(results, 0.1)).toMatchObject({ outcome: "sufficient" });
    expect(diagnosisText(diagnose(results, 0.3))).toContain("lr 0.3 is too high: 1 seed diverged.");
    expect(diagnosisText(diagnose(results, 0.1))).toContain("seed 1 diverged");
  });

  test("undecided under much noise, with the seeds that would decide", () => {
    const found = diagnose(sweep([88, 89.6, 90.8, 92.4, 91], excess, { noise: 3 }), 0.1);
    expect(found.outcome).toBe("undecided");
    expect(found.seedsToDecide).toBeGreaterThan(3);
    expect(diagnosisText(found)).toMatch(/undecided, about \d+ seeds would decide\./);
    expect(diagnosisText(found)).toContain("not established");
  });

  test("undecided with one seed, without a p-value", () => {
    const found = diagnose(sweep(accuracy, excess, { seeds: 1 }), 0.01);
    expect(found).toMatchObject({ outcome: "undecided", seedsToDecide: null });
    for (const { judged } of found.tested) expect([judged.pHolds, judged.pFails]).toEqual([null, null]);
  });

  test("a rate that is not run yet keeps the verdict open", () => {
    const status: World["status"] = ({ variant }) => (variant === "v4" ? "missing" : "done");
    expect(diagnose(sweep(accuracy, excess, { status }), 0.1)).toMatchObject({ outcome: "undecided", use: 0.1 });
    const none = diagnose(sweep(accuracy, excess, { status: () => "missing" }), 0.1);
    expect(none).toMatchObject({ outcome: "undecided", use: undefined });
    expect(diagnosisText(none)).toContain("none can be recommended");
  });
});

describe("with a single rate", () => {
  const alone = (world: World = {}) =>
    diagnose(worldResults({ rates: [0.1], prunings: [], excess: () => 20, ...world }), 0.1);

  test("there is nothing to compare and nothing to keep: it says how to give more rates", () => {
    const found = alone();
    expect(found).toMatchObject({ outcome: "undecided", use: undefined });
    const text = diagnosisText(found);
    expect(text).toContain("Whether lr 0.1 is sufficient is not judged: it is the only rate");
    expect(text).toContain("Give it rates to compare with: --lr 0.003,0.01,0.03,0.3.");
    expect(text).not.toMatch(/\bKeep\b|\bUse lr\b|best mean/);
    expect(JSON.parse(diagnosisJson(found))).toMatchObject({ outcome: "undecided", use: null });
  });

  test("R_p stands beside its null", () => {
    expect(diagnosisText(alone())).toMatch(
      /R_0\.2\(θ0, θT\) is (39\.9|40\.0|40\.1) % against a null of 20\.0 %, an excess of \+(19\.9|20\.0)\d \[.*\] points \(3 seeds\)/,
    );
    expect(diagnosisText(alone({ status: () => "missing", measures: false }))).toContain("is not measured yet");
  });

  test("one that diverges is too high all the same", () => {
    const found = alone({ status: ({ seed }) => (seed === 1 ? "diverged" : "done") });
    expect(found.outcome).toBe("too high");
    expect(diagnosisText(found)).toContain("lr 0.1 is too high: 1 seed diverged.");
    expect(diagnosisText(found)).toContain("Give it rates to compare with");
  });
});

describe("what it says", () => {
  test("the best rate at the edge of the sweep asks for higher ones", () => {
    const rising = diagnose(sweep([88, 89, 90, 91, 92], [40, 30, 20, 10, 5]), 0.1);
    expect(diagnosisText(rising)).toContain("try higher ones too, --lr 0.003,0.01,0.03,0.1,0.3,0.9.");
  });

  test("every rate with accuracy, R_p and its null; differences are to the rate in question", () => {
    const lines = diagnosisCsv(diagnose(typical, 0.1)).trimEnd().split("\n");
    const columns = lines[0]?.split(",") ?? [];
    const value = (row: number, column: string) => lines[row]?.split(",")[columns.indexOf(column)] ?? "";
    expect(lines).toHaveLength(6);
    expect(value(4, "inQuestion")).toBe("sufficient");
    expect(Number(value(2, "difference"))).toBeCloseTo(Number(value(2, "accuracy")) - Number(value(4, "accuracy")), 5);
    for (let row = 1; row <= 5; row++)
      expect(Number(value(row, "rp")) - Number(value(row, "nullMean"))).toBeCloseTo(Number(value(row, "excess")), 5);
    const json = JSON.parse(diagnosisJson(diagnose(typical, 0.1))) as { outcome: string; sentences: string[] };
    expect(json.outcome).toBe("sufficient");
    expect(json.sentences[0]).toContain("lr 0.1 is sufficient");
  });
});

describe("the spec of a diagnosis", () => {
  const text = (rest: string) =>
    `{ name: mine, data: fashion-mnist, model: lenet5, seeds: 2, train: { epochs: 2, optimizer: { sgd: { lr: 0.1 } } }, ` +
    `prune: [{ one-shot: { sparsities: [0.5] } }], measure: { correlation: { p: [0.3] } }, ${rest} }`;
  const of = (rest: string, lr?: readonly number[]) =>
    diagnosisSpec(parseSpec(text(rest), "mine.yaml"), lr, "mine.yaml");
  const ratesOf = ({ spec }: ReturnType<typeof of>) =>
    spec.variants.map(({ setting }) => setting.train.optimizer.sgd.lr);

  test("sweeps by half powers of ten around the spec's rate, dense, with the claims' values of p", () => {
    const found = of("");
    expect(ratesOf(found)).toEqual([0.003, 0.01, 0.03, 0.1, 0.3]);
    expect(found.lr).toBe(0.1);
    expect(found.spec).toMatchObject({ name: "mine-diagnosis", seeds: [0, 1] });
    for (const { setting } of found.spec.variants)
      expect([setting.prune, setting.retrain, setting.correlation.p]).toEqual([[], [], [0.1, 0.2, 0.3, 0.4, 0.5]]);
  });

  test("takes the rates that it is given, and always the one in question", () => {
    expect(ratesOf(of("", [1, 0.01]))).toEqual([0.01, 0.1, 1]);
    expect(ratesOf(of("", [0.1]))).toEqual([0.1]);
  });

  test("of a swept rate the highest is in question", () => {
    expect(of("sweep: { train.optimizer.sgd.lr: [0.2, 0.01] }").lr).toBe(0.2);
  });

  test("the resolved spec of the report is one that a user could run", () => {
    const { spec } = of("");
    const again = parseSpec(JSON.stringify(spec.resolved), "resolved.yaml");
    expect(again.variants.map(({ setting }) => setting)).toEqual(spec.variants.map(({ setting }) => setting));
  });

  test.each([
    ["sweep: { train.epochs: [2, 3] }", "train.epochs"],
    ["cases: [{ model: lenet5 }, { model: conv2 }], sweep: { train.optimizer.sgd.lr: [0.1, 0.01] }", "model"],
  ])("%s is refused by name", (rest, field) => {
    expect(() => of(rest)).toThrow(
      `mine.yaml: expected a spec that varies train.optimizer.sgd.lr alone, got one that varies ${field} too`,
    );
  });
});
