import { expect, it } from "vitest";
import { denseDifferenceSentence } from "./dense-differences.ts";
import type { ArmResult } from "./types.ts";

/** Arms of seeds 0, 1, …; undefined where one is not done. */
function arms(accuracies: readonly (number | undefined)[]): readonly ArmResult[] {
  return accuracies.map((finalAccuracy, seed) => ({
    variant: "v0",
    seed,
    start: "dense",
    train: "",
    curve: [],
    ...(finalAccuracy === undefined ? { status: "missing" } : { status: "done", finalAccuracy }),
  }));
}

it("pairs the seeds and gives the t interval of the mean difference", () => {
  const sentence = denseDifferenceSentence(
    [
      { label: "lr 0.01", arms: arms([80, 81, 82]) },
      { label: "lr 0.1", arms: arms([81, 83, 85]) },
    ],
    0.05,
  );
  // Differences 1, 2, 3: mean 2, standard deviation 1; t(2, 0.975) = 4.3027 (any table), so 2 ± 4.3027 / √3 = 2 ± 2.4842.
  expect(sentence).toBe("Against lr 0.01, paired by seed: lr 0.1 +2.00 points (95 % CI −0.48 to +4.48, 3 seeds).");
});

it("leaves out seeds that are not done in both", () => {
  const dense = [
    { label: "a", arms: arms([80, undefined, 82]) },
    { label: "b", arms: arms([79.5, 90, undefined]) },
  ];
  expect(denseDifferenceSentence(dense, 0.05)).toBe("Against a, paired by seed: b −0.50 points (1 seed).");
});

it("says nothing of one variant, or when no seed has a pair", () => {
  expect(denseDifferenceSentence([{ label: "a", arms: arms([80]) }], 0.05)).toBeUndefined();
  const unpaired = [
    { label: "a", arms: arms([undefined, 80]) },
    { label: "b", arms: arms([80, undefined]) },
  ];
  expect(denseDifferenceSentence(unpaired, 0.05)).toBeUndefined();
});
