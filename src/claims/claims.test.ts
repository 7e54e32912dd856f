import { describe, expect, test } from "vitest";
import type { Measure, Start } from "../plan/types.ts";
import { claims, judgeClaim } from "./judge.ts";
import type { ClaimOutcome } from "./types.ts";
import { type Place, paperAccuracy, paperExcess, type World, worldResults, worldSetting } from "./world.fixture.ts";

function claimOf(id: number) {
  const claim = claims.find((candidate) => candidate.id === id);
  if (claim === undefined) throw new Error(`no claim ${id}`);
  return claim;
}

function outcome(id: number, world: World = {}): ClaimOutcome {
  return judgeClaim(claimOf(id), worldSetting(world)).outcome;
}

/** The paper's pattern with one thing changed. */
function accuracies(change: (start: Start, place: Place) => number | undefined): World {
  return { accuracy: (start, place) => change(start, place) ?? paperAccuracy(start, place) };
}

function excesses(change: (measure: Measure, place: Place) => number | undefined): World {
  return { excess: (measure, place) => change(measure, place) ?? paperExcess(measure, place) };
}

const isHigh = ({ rate }: Place) => rate === 0.1;

/** What makes each claim false, and what it needs in order to be judged at all. */
const cases: readonly { readonly id: number; readonly refuted: readonly [string, World][]; readonly notRun: World }[] =
  [
    {
      id: 1,
      refuted: [
        [
          "tickets win at the high rate too",
          accuracies((start, at) => (start === "ticket" && isHigh(at) ? 91.7 : undefined)),
        ],
        [
          "tickets of the low rate never reach dense",
          accuracies((start, at) => (start === "ticket" && !isHigh(at) ? 88.6 : undefined)),
        ],
        [
          "tickets of the low rate never beat reinit",
          accuracies((start, at) => (start === "reinit" && !isHigh(at) ? 89.6 : undefined)),
        ],
        [
          "at the high rate they win at one sparsity",
          accuracies((start, at) => (start === "ticket" && isHigh(at) && at.sparsity === 0.5 ? 91.7 : undefined)),
        ],
      ],
      notRun: { starts: ["fine-tune"] },
    },
    {
      id: 2,
      refuted: [
        ["the low rate is better", accuracies((start, at) => (start === "dense" && isHigh(at) ? 89 : undefined))],
      ],
      notRun: { rates: [0.1] },
    },
    {
      id: 3,
      refuted: [
        [
          "correlated at the high rate",
          excesses((measure, at) => (measure === "pre-training" && isHigh(at) ? 5 : undefined)),
        ],
        [
          "anticorrelated at the high rate",
          excesses((measure, at) => (measure === "pre-training" && isHigh(at) ? -5 : undefined)),
        ],
        [
          "above, but not well above at the low rate",
          excesses((measure, at) => (measure === "pre-training" && !isHigh(at) ? 9 : undefined)),
        ],
      ],
      notRun: {},
    },
    {
      id: 4,
      refuted: [
        [
          "tickets are near the null at the low rate",
          excesses((measure, at) => (measure === "ticket" && !isHigh(at) ? 2 : undefined)),
        ],
        [
          "reinit is above it at the low rate",
          excesses((measure, at) => (measure === "reinit" && !isHigh(at) ? 4 : undefined)),
        ],
        [
          "tickets are above it at the high rate",
          excesses((measure, at) => (measure === "ticket" && isHigh(at) ? 4 : undefined)),
        ],
        [
          "reinit is below it at the high rate",
          excesses((measure, at) => (measure === "reinit" && isHigh(at) ? -4 : undefined)),
        ],
      ],
      notRun: { prunings: ["one-shot"] },
    },
    {
      id: 5,
      refuted: (["iterative", "one-shot", "admm"] as const).flatMap((kind) =>
        (["ticket", "reinit"] as const).map((start): [string, World] => [
          `${start} is better under one ${kind} mask`,
          accuracies((s, at) =>
            s === start && isHigh(at) && at.kind === kind && at.sparsity === 0.7 ? 92.5 : undefined,
          ),
        ]),
      ),
      notRun: { starts: ["ticket", "reinit"] },
    },
    {
      id: 6,
      refuted: [
        [
          "iterative tickets are better than ADMM's",
          accuracies((start, at) => (start === "ticket" && at.kind === "admm" ? 89.6 : undefined)),
        ],
        [
          "one-shot is better for fine-tuning",
          accuracies((start, at) => (start === "fine-tune" && at.kind === "one-shot" ? 92.6 : undefined)),
        ],
      ],
      notRun: { prunings: ["one-shot"] },
    },
    {
      id: 7,
      refuted: [
        ["correlated with θ0", excesses((measure) => (measure === "fine-tune to initial" ? 4 : undefined))],
        [
          "not correlated with θT beyond the mask",
          excesses((measure) => (measure === "fine-tune to pre-trained" ? 2 : undefined)),
        ],
      ],
      notRun: { prunings: ["iterative", "one-shot"] },
    },
    {
      id: 8,
      refuted: [
        ["rewinding is best", accuracies((start) => (start === "rewind" ? 92.5 : undefined))],
        ["tickets beat rewinding", accuracies((start) => (start === "rewind" ? 90 : undefined))],
      ],
      notRun: { prunings: ["iterative", "one-shot"] },
    },
    {
      id: 9,
      refuted: [
        [
          "tickets are better at the low rate",
          accuracies((start, at) => (start === "ticket" && !isHigh(at) ? 91 : undefined)),
        ],
        [
          "reinit is better at the low rate",
          accuracies((start, at) => (start === "reinit" && !isHigh(at) ? 91 : undefined)),
        ],
        [
          "tickets reach dense at 50 %",
          accuracies((start, at) => (start === "ticket" && isHigh(at) && at.sparsity === 0.5 ? 91.5 : undefined)),
        ],
      ],
      notRun: { prunings: ["one-shot"] },
    },
  ];

describe.each(cases)("claim $id", ({ id, refuted, notRun }) => {
  test("is confirmed where the paper's pattern is true", () => {
    expect(outcome(id)).toBe("confirmed");
  });

  test.each(refuted)("is refuted: %s", (_, world) => {
    expect(outcome(id, world)).toBe("refuted");
  });

  test("is undecided under much noise, with the number of seeds that would decide", () => {
    const verdict = judgeClaim(claimOf(id), worldSetting({ noise: 15 }));
    expect(verdict.outcome).toBe("undecided");
    expect(verdict.seedsToDecide === "more than 1000" || Number(verdict.seedsToDecide) > 3).toBe(true);
  });

  test("is undecided with one seed, without any p-value", () => {
    const verdict = judgeClaim(claimOf(id), worldSetting({ seeds: 1 }));
    expect(verdict).toMatchObject({
      outcome: "undecided",
      seedsToDecide: null,
      judged: { pHolds: null, pFails: null },
    });
  });

  test("is not run where what it needs was not", () => {
    // Every dense run measures R_p(θ0, θT), so for claim 3 the comparisons are taken away.
    const results = worldResults(notRun);
    const setting = id === 3 ? worldSettingWithout() : worldSetting(notRun);
    expect(results.arms.length).toBeGreaterThan(0);
    expect(judgeClaim(claimOf(id), setting).outcome).toBe("not run");
  });
});

function worldSettingWithout() {
  return worldSetting({ measures: false });
}

describe("what a claim asks for must be there to confirm it", () => {
  test.each<[number, World]>([
    [5, { prunings: ["iterative", "admm"] }],
    [6, { prunings: ["iterative", "admm"] }],
    [5, { status: ({ start, cell }) => (start === "fine-tune" && cell?.sparsity === 0.5 ? "missing" : "done") }],
    [1, { rates: [0.1] }],
    [9, { rates: [0.1] }],
    [3, { rates: [0.1] }],
  ])("claim %i with %j is undecided: runs are missing", (id, world) => {
    const verdict = judgeClaim(claimOf(id), worldSetting(world));
    expect(verdict).toMatchObject({ outcome: "undecided", seedsToDecide: null });
  });

  test("but one algorithm can refute a claim about three", () => {
    const world = accuracies((start) => (start === "ticket" ? 95 : undefined));
    expect(outcome(5, { ...world, prunings: ["iterative"] })).toBe("refuted");
  });

  test("a diverged seed is left out of its pairs, and counted", () => {
    const verdict = judgeClaim(
      claimOf(2),
      worldSetting({ seeds: 4, status: ({ seed, start }) => (seed === 1 && start === "dense" ? "diverged" : "done") }),
    );
    const [part] = verdict.judged.parts;
    expect(part?.proposition).toMatchObject({ statement: { dropped: 1, differences: { length: 3 } } });
    expect(verdict.outcome).toBe("confirmed");
  });
});

describe("the sparsities of a claim", () => {
  test("below 0.3 and above 0.9 nothing counts", () => {
    const outside = accuracies((start, at) =>
      start === "ticket" && isHigh(at) && ((at.sparsity ?? 0) < 0.3 || (at.sparsity ?? 0) > 0.9) ? 99 : undefined,
    );
    const sparsities = [0.2, 0.3, 0.5, 0.9, 0.95];
    for (const id of [1, 5, 8, 9]) expect([id, outcome(id, { ...outside, sparsities })]).toEqual([id, "confirmed"]);
    const inside = accuracies((start, at) =>
      start === "ticket" && isHigh(at) && at.sparsity === 0.9 ? 99 : undefined,
    );
    for (const id of [1, 5, 8, 9]) expect([id, outcome(id, { ...inside, sparsities })]).toEqual([id, "refuted"]);
  });

  test("tickets may reach dense below sparsity 0.5 at the high rate in claim 9", () => {
    const early = accuracies((start, at) =>
      start === "ticket" && isHigh(at) && at.sparsity === 0.3 ? 91.7 : undefined,
    );
    expect(outcome(9, early)).toBe("confirmed");
  });
});

test("MobileNet-V2 on CIFAR-100 is the paper's exception to claim 1", () => {
  const mobile = { model: "mobilenet-v2", data: "cifar100" };
  const pattern = accuracies((start, at) => (start === "ticket" && !isHigh(at) ? 88.5 : undefined));
  expect(outcome(1, pattern)).toBe("refuted");
  expect(outcome(1, { ...pattern, ...mobile })).toBe("confirmed");
  expect(outcome(1, mobile)).toBe("refuted");
  expect(judgeClaim(claimOf(1), worldSetting({ ...pattern, ...mobile })).note).toContain("states this exception");
  expect(judgeClaim(claimOf(1), worldSetting({ ...pattern, model: "mobilenet-v2" })).note).toBeUndefined();
});

test("claim 7 is judged against the null given the mask, not against p", () => {
  // R_0.2 of 40 % is exactly the null under a mask of sparsity 0.5; against p = 20 % it would be 20 points above.
  const chance = excesses((measure) => (measure === "fine-tune to pre-trained" ? 0 : undefined));
  expect(outcome(7, chance)).toBe("refuted");
  expect(judgeClaim(claimOf(7), worldSetting()).note).toContain("about 20 % / (1 − 0.5) = 40 %");
});
