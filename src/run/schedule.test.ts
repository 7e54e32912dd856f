import { describe, expect, it } from "vitest";
import { stream } from "../core/rng.ts";
import type { Plan, Stage } from "../plan/types.ts";
import { inputKeys, Schedule } from "./schedule.ts";
import type { StoredStages } from "./stages-to-do.ts";

/** A stage with the given inputs; only the fields that the schedule reads are filled in. */
function stage(
  key: string,
  kind: "train" | "mask",
  inputs: readonly string[],
  outputs: readonly string[] = ["x"],
): Stage {
  const refs = Object.fromEntries(inputs.map((input, i) => [`input${i}`, { key: input, output: "x" }]));
  return { key, kind, version: 1, outputs, parameters: {}, inputs: refs } as unknown as Stage;
}

function planOf(stages: readonly Stage[]): Plan {
  return { stages: new Map(stages.map((each) => [each.key, each])) } as unknown as Plan;
}

/** A random graph in which every stage reads from up to three earlier ones. */
function randomStages(seed: number): Stage[] {
  const random = stream(seed, "schedule-test");
  return Array.from({ length: 30 }, (_, i) => {
    const inputs = Array.from({ length: Math.min(i, random.below(4)) }, () => `s${random.below(i)}`);
    return stage(`s${i}`, random.below(3) === 0 ? "mask" : "train", [...new Set(inputs)]);
  });
}

/** A store that holds what the function says, and nothing that diverged. */
function holding(isStored: StoredStages["isStored"]): StoredStages {
  return { isStored, isDiverged: () => false };
}

const nothing = holding(() => false);

describe("Schedule", () => {
  it("hands out every stage exactly once, never before its inputs, on random graphs", () => {
    for (let seed = 0; seed < 20; seed++) {
      const stages = randomStages(seed);
      const schedule = new Schedule(planOf(stages), nothing);
      const done = new Set<string>();
      for (let next = schedule.take(); next !== undefined; next = schedule.take()) {
        expect(done.has(next.key)).toBe(false);
        expect(inputKeys(next).filter((key) => !done.has(key))).toEqual([]);
        done.add(next.key);
        schedule.finish(next.key);
      }
      expect(done.size).toBe(stages.length);
    }
  });

  it("gives nothing while all ready stages run, and the consumer once they are finished", () => {
    const schedule = new Schedule(planOf([stage("a", "train", []), stage("b", "train", ["a"])]), nothing);
    expect(schedule.take()?.key).toBe("a");
    expect(schedule.take()).toBeUndefined();
    schedule.finish("a");
    expect(schedule.take()?.key).toBe("b");
  });

  it("prefers the longest chain of trainings, so that iterative rounds start first", () => {
    const stages = [stage("short", "train", []), stage("r1", "train", []), stage("r2", "train", ["r1"])];
    expect(new Schedule(planOf(stages), nothing).take()?.key).toBe("r1");
  });

  it("takes a mask before any training, since it frees trainings and takes a moment", () => {
    const stages = [stage("t", "train", []), stage("t2", "train", ["t"]), stage("m", "mask", [])];
    expect(new Schedule(planOf(stages), nothing).take()?.key).toBe("m");
  });

  it("skips stages that are done already", () => {
    const stages = [stage("a", "train", []), stage("b", "train", ["a"])];
    expect(
      new Schedule(
        planOf(stages),
        holding((key) => key === "a"),
      ).take()?.key,
    ).toBe("b");
  });

  it("lets go what needs only stored outputs of a stage that is not done, and does not stop it with that stage", () => {
    const stages = [stage("a", "train", [], ["old", "new"]), stage("b", "mask", ["a"]), stage("c", "train", ["a"])];
    const [, b, c] = stages;
    const inputs = (output: string) => ({ input0: { key: "a", output } });
    const plan = planOf([
      stages[0] as Stage,
      { ...b, inputs: inputs("old") } as unknown as Stage,
      { ...c, inputs: inputs("new") } as unknown as Stage,
    ]);
    const schedule = new Schedule(
      plan,
      holding((key, outputs) => key === "a" && outputs.every((output) => output === "old")),
    );
    expect(schedule.take()?.key).toBe("b");
    expect(schedule.take()?.key).toBe("a");
    expect(schedule.take()).toBeUndefined();
    expect(schedule.stop("a")).toEqual(["c"]);
    schedule.redo("a");
    schedule.requeue("b");
    expect(schedule.take()?.key).toBe("a");
    expect(schedule.take()).toBeUndefined();
  });

  it("stops everything that needs a given-up stage and nothing else", () => {
    const stages = [
      stage("a", "train", []),
      stage("b", "mask", ["a"]),
      stage("c", "train", ["b"]),
      stage("d", "train", []),
    ];
    const schedule = new Schedule(planOf(stages), nothing);
    expect(schedule.stop("a")).toEqual(["b", "c"]);
    expect(schedule.take()?.key).toBe("d");
    expect(schedule.take()).toBeUndefined();
  });

  it("hands out a requeued stage again, also one whose result was lost after it was done", () => {
    const schedule = new Schedule(planOf([stage("a", "train", []), stage("b", "train", ["a"])]), nothing);
    schedule.take();
    schedule.finish("a");
    schedule.take();
    schedule.requeue("a");
    schedule.requeue("b");
    expect(schedule.take()?.key).toBe("a");
    expect(schedule.take()).toBeUndefined();
  });
});
