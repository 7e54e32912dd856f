import { describe, expect, test } from "vitest";
import { fixtureResults } from "../analysis/fixture.ts";
import { diagnose } from "../claims/diagnosis.ts";
import { accuracyVsSparsity } from "./accuracy-vs-sparsity.ts";
import { admmResiduals } from "./admm-residuals.ts";
import { maskCorrelation, preTrainingCorrelation } from "./correlation.ts";
import { learningCurves, typicalCell } from "./learning-curves.ts";
import { learningRates } from "./learning-rates.ts";
import { meansOver } from "./means-over.ts";
import { prunerComparison } from "./pruner-comparison.ts";

test("one number where all means have the same seeds, places where few have fewer, else a range", () => {
  expect(meansOver([{ n: 1, at: "a" }])).toBe("1 seed");
  expect(meansOver([3, 3].map((n, i) => ({ n, at: `${i}` })))).toBe("3 seeds");
  expect(meansOver([3, 2, 1].map((n, i) => ({ n, at: `lr ${i}` })))).toBe("3 seeds (2 at lr 1 and 1 at lr 2)");
  expect(meansOver([3, 2, 1, 2].map((n, i) => ({ n, at: `lr ${i}` })))).toBe("1 to 3 seeds");
  expect(meansOver([3, 2, 2].map((n) => ({ n, at: "here" })))).toBe("3 seeds (2 at here)");
});

describe("captions say how many seeds the means are over", () => {
  const results = fixtureResults({
    prunings: ["iterative", "admm"],
    status: ({ variant, seed, start, cell }) =>
      variant === "v1" && seed === 2 && start === "ticket" && cell?.sparsity === 0.7 && cell.pruning === "iterative"
        ? "missing"
        : "done",
  });

  test("in figures of accuracy and learning curves", () => {
    const place = "3 seeds (2 at lr 0.1, ticket, iterative 70 %), ";
    expect(accuracyVsSparsity(results, "iterative")?.caption).toContain(`means over ${place}`);
    expect(prunerComparison(results)?.caption).toContain(`means over ${place}`);
    expect(learningCurves(results, typicalCell(results))?.caption).toContain(`means over ${place}`);
    expect(accuracyVsSparsity(results, "admm")?.caption).toContain("means over 3 seeds, ");
  });

  test("in figures of R_p", () => {
    const some = (isMissing: (seed: number, sparsity: number | undefined) => boolean) => ({
      ...results,
      comparisons: results.comparisons.map((comparison) =>
        comparison.variant === "v0" && isMissing(comparison.seed, comparison.cell?.sparsity)
          ? { ...comparison, status: "missing" as const, points: [] }
          : comparison,
      ),
    });
    expect(preTrainingCorrelation(some((seed) => seed === 0))?.caption).toContain(
      "means over 3 seeds (2 at lr 0.01), small",
    );
    expect(
      maskCorrelation(
        some((seed) => seed === 0),
        "iterative",
      )?.caption,
    ).toContain("means over 2 to 3 seeds, small");
  });

  test("in the figure of learning rates", () => {
    const dense = fixtureResults({
      prunings: [],
      status: ({ variant, seed }) => (variant === "v1" && seed === 1 ? "missing" : "done"),
    });
    expect(learningRates(dense, diagnose(dense, 0.01))?.caption).toContain("means over 3 seeds (2 at lr 0.1), small");
  });

  test("in the figure of ADMM's residuals, also where a pruning has stopped on its way", () => {
    const admm = results.admm.flatMap((run) => {
      if (run.variant !== "v1" || run.cell.sparsity !== 0.5) return [run];
      if (run.seed === 0) return [{ ...run, status: "missing" as const, epochs: [] }];
      return [run.seed === 1 ? { ...run, status: "missing" as const, epochs: run.epochs.slice(0, 5) } : run];
    });
    expect(admmResiduals({ ...results, admm }, "admm")?.caption).toContain(
      "all layers and 3 seeds (2 at lr 0.1, 50 % and 1 at lr 0.1, 50 %, later epochs), thin",
    );
  });
});
