import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { makePlan } from "../src/plan/plan.ts";
import type { Plan } from "../src/plan/types.ts";
import { loadSpec } from "../src/spec/load.ts";

const papers = resolve(import.meta.dirname, "../papers");
const names = readdirSync(join(papers, "beyond")).sort();
const planOf = (path: string) => makePlan(loadSpec(join(papers, path)));
const trainings = ({ stages }: Plan) =>
  new Set([...stages.values()].flatMap(({ kind, key }) => (kind === "train" ? [key] : [])));

/** Trainings of a spec that one of the paper's figures has too. */
function sharedWith(name: string, figure: string): number {
  const theirs = trainings(planOf(`liu2021/${figure}.yaml`));
  return [...trainings(planOf(`beyond/${name}.yaml`))].filter((key) => theirs.has(key)).length;
}

describe("the experiments beyond the paper", () => {
  it("are six specs", () => {
    expect(names).toEqual(
      ["connectivity", "learning-rates", "lr-rewinding", "random-masks", "scratch", "warm-up"].map(
        (name) => `${name}.yaml`,
      ),
    );
  });

  it.each(names)("%s plans, asks a question, and says what it decides", (name) => {
    const plan = planOf(`beyond/${name}`);
    expect(plan.trainings).toBeGreaterThan(0);
    expect(plan.spec.name).toBe(`beyond-${name.replace(".yaml", "")}`);
    expect(plan.spec.question).toMatch(/\?$/);
    expect(plan.spec.seeds).toHaveLength(5);
    const header = readFileSync(join(papers, "beyond", name), "utf8").split("name:")[0];
    expect(header).toContain("Decides");
    expect(readFileSync(resolve(papers, "../docs/beyond.md"), "utf8")).toContain(`papers/beyond/${name}`);
  });

  it("compares warm-up at lr 0.1 with both rates of Figure 2, whose runs it shares", () => {
    const { spec } = planOf("beyond/warm-up.yaml");
    expect(
      spec.variants.map(({ setting: { train } }) => [train.optimizer.sgd.lr, train.schedule.warmupEpochs]),
    ).toEqual([
      [0.01, 0],
      [0.1, 0],
      [0.1, 10],
    ]);
    // Two of three cases: for each of five seeds dense, twelve tickets and twelve reinitialised.
    expect(sharedWith("warm-up", "2")).toBe(2 * 5 * 25);
    expect(trainings(planOf("beyond/warm-up.yaml")).size).toBe(3 * 5 * 25);
  });

  it("shares with the paper's figures what both have", () => {
    expect(sharedWith("learning-rates", "4")).toBe(2 * 5);
    // Dense, and five masks for each start that Figure 6c has too.
    expect(sharedWith("lr-rewinding", "6c")).toBe(5 * (1 + 2 * 5));
    expect(sharedWith("scratch", "6c")).toBe(5 * (1 + 3 * 5));
    expect(sharedWith("random-masks", "6c")).toBe(5 * (1 + 3 * 5));
  });

  it("has learning-rate rewinding from the last rate alone to the whole schedule", () => {
    const { arms, spec } = planOf("beyond/lr-rewinding.yaml");
    const { epochs, schedule } = spec.variants[0]?.setting.train ?? { epochs: 0, schedule: { milestones: [] } };
    expect([
      ...new Set(arms.flatMap(({ start, retrainEpochs }) => (start === "lr-rewind" ? [retrainEpochs] : []))),
    ]).toEqual([epochs - (schedule.milestones.at(-1) ?? 0), epochs - (schedule.milestones[0] ?? 0), 140]);
  });

  it("measures connectivity in the cases of the warm-up experiment, dense and under the masks", () => {
    const settings = (name: string) =>
      planOf(`beyond/${name}.yaml`).spec.variants.map(({ setting }) =>
        JSON.stringify([setting.train, setting.data, setting.model]),
      );
    expect(settings("connectivity")).toEqual(settings("warm-up"));
    expect(loadSpec(join(papers, "beyond/connectivity.yaml")).variants[0]?.setting.connectivity).toMatchObject({
      masks: true,
    });
  });
});
