import { describe, expect, it } from "vitest";
import { learningRate } from "./schedule.ts";

const plain = { lr: 0.1, milestones: [80, 120], factor: 0.1, warmupEpochs: 0 };

describe("learningRate", () => {
  it.each([
    [0, 0.1],
    [79, 0.1],
    [80, 0.1 * 0.1],
    [119, 0.1 * 0.1],
    [120, 0.1 * 0.1 * 0.1],
    [149, 0.1 * 0.1 * 0.1],
  ])("of the paper's schedule at epoch %d is %f, at every step", (epoch, rate) => {
    for (const step of [0, 1, 390]) expect(learningRate(plain, epoch, step, 391)).toBe(rate);
  });

  it("multiplies once per milestone, as PyTorch does, so the float64 is the same", () => {
    // In float64 the two ways differ here: 0.7·0.3·0.3·0.3 and 0.7·0.3³.
    const schedule = { lr: 0.7, milestones: [1, 2, 3], factor: 0.3, warmupEpochs: 0 };
    expect(learningRate(schedule, 3, 0, 10)).toBe(0.7 * 0.3 * 0.3 * 0.3);
    expect(0.7 * 0.3 * 0.3 * 0.3).not.toBe(0.7 * 0.3 ** 3);
  });

  it("counts a milestone at epoch 0 and repeated ones as PyTorch's sum does", () => {
    expect(learningRate({ ...plain, milestones: [0] }, 0, 0, 5)).toBe(0.1 * 0.1);
    expect(learningRate({ ...plain, milestones: [] }, 500, 0, 5)).toBe(0.1);
  });

  it("warms up linearly over the steps of the first epochs, and reaches the full rate at the last of them", () => {
    const schedule = { ...plain, lr: 0.8, warmupEpochs: 2 };
    const rates = [0, 1, 2].flatMap((epoch) => [0, 1, 2, 3].map((step) => learningRate(schedule, epoch, step, 4)));
    expect(rates).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 8, 8, 8, 8].map((t) => (0.8 * t) / 8));
  });

  it("applies a milestone inside the warm-up too", () => {
    const schedule = { lr: 1, milestones: [1], factor: 0.5, warmupEpochs: 2 };
    expect(learningRate(schedule, 0, 1, 2)).toBe(0.5);
    expect(learningRate(schedule, 1, 0, 2)).toBe((0.5 * 3) / 4);
    expect(learningRate(schedule, 1, 1, 2)).toBe(0.5);
  });
});
