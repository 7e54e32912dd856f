import { describe, expect, test } from "vitest";
import { correlationGroups, correlationWord } from "./correlations.ts";
import { costOf, costText } from "./cost.ts";
import { fixtureResults } from "./fixture.ts";
import { missingNote } from "./missing.ts";
import { verdicts } from "./verdicts.ts";

/** One variant, one mask; ticket - dense and ticket - reinit as given, by seed. */
function withDifferences(toDense: readonly number[], toReinit: readonly number[]) {
  return fixtureResults({
    rates: [0.1],
    prunings: ["iterative"],
    sparsities: [0.5],
    seeds: toDense.length,
    accuracy: ({ seed, start }) => {
      const ticket = 90 + seed;
      if (start === "dense") return ticket - (toDense[seed] ?? 0);
      if (start === "reinit") return ticket - (toReinit[seed] ?? 0);
      return ticket;
    },
  });
}

describe("the sentence of a verdict", () => {
  // Mean -1.8, sd 0.1, t(0.975, 2) = 4.3027: half width 4.3027 · 0.1/√3 = 0.248.
  test("names the condition that failed, its effect, interval and n", () => {
    const [verdict] = verdicts(withDifferences([-1.7, -1.8, -1.9], [0.4, 0.5, 0.6])).winning;
    expect(verdict?.sentence).toBe(
      "lr 0.1, iterative: fails at 50 % (ticket 1.80 points below dense, 90 % CI −1.97 to −1.63, 3 seeds).",
    );
    expect(verdict?.headline).toBe("fails at 50 %");
  });

  test("names both conditions when it holds", () => {
    const [verdict] = verdicts(withDifferences([0.1, 0.2, 0.3], [1.9, 2, 2.1])).winning;
    expect(verdict?.sentence).toBe(
      "lr 0.1, iterative: holds at 50 % (ticket 0.20 points above dense, 90 % CI +0.03 to +0.37, 3 seeds; " +
        "ticket 2.00 points above reinit, 90 % CI +1.83 to +2.17, 3 seeds).",
    );
  });

  test("says undecided, and how many seeds would decide", () => {
    const [verdict] = verdicts(withDifferences([-0.9, 0, 0.9], [1.9, 2, 2.1])).winning;
    expect(verdict?.headline).toBe("is undecided at 50 %");
    expect(verdict?.sentence).toMatch(/^lr 0.1, iterative: undecided at 50 % .*; about \d+ seeds would decide\)\.$/);
    expect(verdict?.sentence).toContain("ticket level with dense");
  });

  test("with one seed is undecided without interval or p", () => {
    const [verdict] = verdicts(withDifferences([-5], [0])).winning;
    expect(verdict?.sentence).toBe(
      "lr 0.1, iterative: undecided at 50 % (ticket 5.00 points below dense, 1 seed; ticket level with reinit, 1 seed; " +
        "one seed cannot decide, at least 2 are needed).",
    );
  });

  test("says how many seeds were left out, and that none is left", () => {
    const options = { rates: [0.01], prunings: ["iterative"], sparsities: [0.5] };
    const one = fixtureResults({
      ...options,
      status: ({ seed, start }) => (start === "ticket" && seed === 1 ? "diverged" : "done"),
    });
    expect(verdicts(one).winning[0]?.sentence).toContain("2 seeds, 1 left out");
  });

  test.each([
    ["missing", "3 not run yet"],
    ["failed", "3 failed"],
    ["diverged", "3 diverged"],
    ["skipped", "3 an input failed"],
  ] as const)("tells trainings that are %s from the others", (status, text) => {
    const options = { rates: [0.01], prunings: ["iterative"], sparsities: [0.5] };
    const all = fixtureResults({ ...options, status: ({ start }) => (start === "reinit" ? status : "done") });
    expect(verdicts(all).winning[0]?.sentence).toContain(
      `no seed has both ticket and reinit; trainings left out: ${text})`,
    );
  });

  test("counts what became of the trainings at each sparsity alone", () => {
    const results = fixtureResults({
      rates: [0.01],
      prunings: ["iterative", "one-shot"],
      sparsities: [0.5, 0.7],
      status: ({ start, seed, cell }) => {
        if (start === "dense" && seed === 0) return "diverged";
        return start === "ticket" && cell?.pruning === "iterative" && cell.sparsity === 0.7 ? "missing" : "done";
      },
    });
    const [iterative, oneShot] = verdicts(results).winning;
    expect(iterative?.clauses[1]).toMatch(/trainings left out: 1 diverged, 3 not run yet\)$/);
    expect(iterative?.clauses[0]).not.toContain("left out:");
    expect(oneShot?.sentence).not.toContain("left out:");
  });

  test("without spread over the seeds is undecided", () => {
    const [verdict] = verdicts(withDifferences([1, 1, 1], [1, 1, 1])).winning;
    expect(verdict?.sentence).toContain("the seeds do not differ, so there is no spread to judge by");
  });

  test("there is none without tickets", () => {
    expect(verdicts(fixtureResults({ starts: ["fine-tune"] })).winning).toEqual([]);
  });
});

describe("the pairs behind a verdict", () => {
  test("are those of the variant, pruning setting and sparsity", () => {
    const results = fixtureResults();
    const { winning } = verdicts(results);
    expect(winning.map(({ label, pruning }) => `${label}, ${pruning}`)).toEqual([
      "lr 0.01, iterative",
      "lr 0.01, one-shot",
      "lr 0.1, iterative",
      "lr 0.1, one-shot",
    ]);
    // Brute force over the arms of one of them.
    const final = (seed: number, start: string, sparsity?: number) =>
      results.arms.find(
        (arm) =>
          arm.variant === "v1" &&
          arm.seed === seed &&
          arm.start === start &&
          (arm.cell === undefined || (arm.cell.pruning === "one-shot" && arm.cell.sparsity === sparsity)),
      )?.finalAccuracy ?? Number.NaN;
    const differences = [0, 1, 2].map((seed) => final(seed, "ticket", 0.7) - final(seed, "dense"));
    const mean = differences.reduce((sum, d) => sum + d, 0) / 3;
    expect(winning[3]?.property.sparsities[1]?.closeToDense.effect).toBeCloseTo(mean, 10);
  });

  test("follow the margins of the spec", () => {
    const results = withDifferences([-1.7, -1.8, -1.9], [1.9, 2, 2.1]);
    const lenient = {
      ...results,
      spec: { ...results.spec, verdict: { equivalenceMargin: 3, minDifference: 0.5, alpha: 0.05 } },
    };
    expect(verdicts(results).winning[0]?.headline).toBe("fails at 50 %");
    expect(verdicts(lenient).winning[0]?.headline).toBe("holds at 50 %");
  });
});

describe("correlations", () => {
  test.each([
    [0.361, 0.2, "well above its null"], // 0.16 of 0.8
    [0.35, 0.2, "above its null"],
    [0.241, 0.2, "above its null"], // 0.04 of 0.8
    [0.23, 0.2, "near its null"],
    [0.17, 0.2, "near its null"],
    [0.1, 0.2, "below its null"],
    [0.42, 0.4, "near its null"], // a sparse-dense null at p = 0.2
    [1, 1, "near its null"],
  ])("R_p %f against %f is %s", (rp, nullMean, word) => {
    expect(correlationWord(rp, nullMean)).toBe(word);
  });

  test("have mean, null and the largest p-value over the seeds of their own runs", () => {
    const results = fixtureResults();
    const group = correlationGroups(results).find(
      ({ variant, measure, cell, p }) =>
        variant === "v0" && measure === "reinit" && cell?.pruning === "one-shot" && cell.sparsity === 0.7 && p === 0.3,
    );
    const points = results.comparisons
      .filter(
        (c) => c.variant === "v0" && c.measure === "reinit" && c.cell?.pruning === "one-shot" && c.cell.step === 1,
      )
      .flatMap((c) => c.points.filter(({ p }) => p === 0.3));
    expect(points).toHaveLength(3);
    expect(group?.rp.mean).toBeCloseTo(
      points.reduce((sum, { rp }) => sum + rp / 3, 0),
      12,
    );
    expect(group?.nullMean).toBeCloseTo(0.3, 12);
    expect(group?.largestP).toBe(Math.max(...points.map(({ pValue }) => pValue)));
    expect(group?.seeds.map(({ seed }) => seed)).toEqual([0, 1, 2]);
  });

  test("are told in sentences with the null beside every R_p", () => {
    const { preTraining, masks } = verdicts(fixtureResults());
    expect(preTraining[0]).toMatch(
      /^lr 0.01: pre-training leaves R_0.2 of θ0 and θT at \d+\.\d % against a null of 20\.0 % \(mean z [\d.]+, 3 seeds\), well above its null\.$/,
    );
    expect(preTraining[1]).toMatch(/near its null\.$/);
    expect(masks).toHaveLength(16);
    for (const { reading } of masks) expect(reading).toMatch(/ its null at .* against [\d.]+( to [\d.]+)? %\)$/);
  });
});

test("the note on missing runs groups seeds by run and reason", () => {
  const results = fixtureResults({
    rates: [0.1],
    prunings: ["iterative"],
    sparsities: [0.9],
    status: ({ start, seed }) => {
      if (start === "ticket") return seed === 2 ? "diverged" : "missing";
      return start === "rewind" && seed === 0 ? "skipped" : "done";
    },
  });
  expect(missingNote(results, results.arms)).toBe(
    "Left out: lr 0.1, ticket, iterative 90 %, seeds 0 and 1 (not run yet); " +
      "lr 0.1, rewind (epoch 2), iterative 90 %, seed 0 (an input failed); lr 0.1, ticket, iterative 90 %, seed 2 (diverged).",
  );
  expect(
    missingNote(
      results,
      results.arms.filter(({ start }) => start === "dense"),
    ),
  ).toBeUndefined();
});

test("cost adds time × threads of everything finished", () => {
  const results = fixtureResults({ rates: [0.1], prunings: ["iterative"], sparsities: [0.5], seeds: 2 });
  // 2 seeds × (dense and 4 starts) of 36 s with one thread each.
  expect(costOf(results)).toEqual({
    trainings: 10,
    trainingsUnshared: 20,
    trainingsDone: 10,
    admmRuns: 0,
    coreHours: expect.closeTo(0.1, 12) as number,
    gpuHours: 0,
  });
  expect(costText(costOf(results))).toBe("10 trainings (20 without sharing), all finished; 0.10 core-hours");
});

test("cost counts all threads of a CPU, and a GPU by its own hours", () => {
  const results = fixtureResults({ rates: [0.1], prunings: ["iterative"], sparsities: [0.5], seeds: 2 });
  const stages = results.stages.map((stage, i) => {
    const { provenance } = stage;
    if (provenance === undefined) return stage;
    return { ...stage, provenance: { ...provenance, threads: 4, device: i < 5 ? "cpu" : "cuda:0" } };
  });
  const cost = costOf({ ...results, stages });
  expect(cost.coreHours).toBeCloseTo(0.2, 12);
  expect(cost.gpuHours).toBeCloseTo(0.05, 12);
  expect(costText(cost)).toBe("10 trainings (20 without sharing), all finished; 0.20 core-hours; 0.050 GPU-hours");
});
