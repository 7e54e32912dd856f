import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { givenWeightsSentences } from "../analysis/given-weights.ts";
import { checkpointEncoder } from "../checkpoints/write-checkpoint.ts";
import type { StateDict } from "../core/array.ts";
import { InputError } from "../core/errors.ts";
import { decodeSafetensors } from "../core/safetensors.ts";
import { makePlan } from "../plan/plan.ts";
import type { Plan } from "../plan/types.ts";
import { execute } from "../run/execute.ts";
import { InlineSlot } from "../run/inline.ts";
import { parseSpec } from "../spec/parse.ts";
import { Store } from "../store/store.ts";
import { diagnosisSpec } from "./diagnosis-spec.ts";

const folder = mkdtempSync(join(tmpdir(), "sweepstake-given-"));
afterAll(() => rmSync(folder, { recursive: true }));
const root = join(folder, "store");
const store = Store.open(root);

const spec = (more: string, width = 0.5) =>
  parseSpec(
    `
name: given
data: { name: fashion-mnist, subset: 96, testSubset: 64 }
model: { name: lenet5, width: ${width} }
train: { epochs: 2, batchSize: 32, optimizer: { sgd: { lr: 0.05 } } }
${more}`,
    join(folder, "spec.yaml"),
  );

async function run(plan: Plan): Promise<void> {
  const { failed } = await execute({ plan, store, slots: [new InlineSlot(store, "cpu", 1)], onEvent: () => undefined });
  if (failed.size > 0) throw new Error([...failed.values()].join("\n"));
}

const denseOf = ({ arms }: Plan) => arms.find(({ start }) => start === "dense")?.train ?? "";
const weights = (key: string, output: string) => store.readState(key, output);
const issues = (more: string, width?: number): string => {
  try {
    spec(more, width);
    return "";
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.message;
  }
};

const drawn = makePlan(spec("seeds: [7]"));
const init = [...drawn.stages.values()].find(({ kind }) => kind === "init")?.key ?? "";
const dense = denseOf(drawn);

/** Files as others write them: θ0 by our names, θT of DataParallel in a checkpoint of a training. */
beforeAll(async () => {
  await run(drawn);
  const write = (name: string, state: StateDict) => writeFileSync(join(folder, name), checkpointEncoder(name)(state));
  write("initial.safetensors", weights(init, "weights@0"));
  write("initial.pt", weights(init, "weights@0"));
  write("trained.pt", new Map([...weights(dense, "weights@2")].map(([name, array]) => [`module.${name}`, array])));
});

describe("what is said of weights of files", () => {
  it("names what was not tested for want of θ0, and that dense is one network", () => {
    const said = (more: string) => givenWeightsSentences(spec(more)).join("\n");
    expect(said("weights: { trained: trained.pt }\nprune: [{ one-shot: { sparsities: [0.5] } }]")).toMatch(
      /Dense is the network of .*trained\.pt.*\nNot tested, for want of the θ0.*the winning property/,
    );
    expect(said("weights: { initial: initial.pt, trained: trained.pt }")).toMatch(
      /about this θ0.*\nDense is the network/,
    );
    expect(said("")).toBe("");
    expect(() => diagnosisSpec(spec("weights: { trained: trained.pt }"), undefined, "a.yaml")).toThrow(
      "expected a spec without weights of a file",
    );
  });
});

describe("weights of files", () => {
  it("as θ0 train to the same bits as drawn ones, for every seed; the file's form does not matter", async () => {
    const plan = makePlan(spec("weights: { initial: initial.safetensors }\nseeds: [7, 8]"));
    expect([...makePlan(spec("weights: { initial: initial.pt }\nseeds: [7, 8]")).stages.keys()]).toEqual([
      ...plan.stages.keys(),
    ]);
    await run(plan);
    const [first, second] = plan.arms.map(({ train }) => weights(train, "weights@2"));
    expect(first).toEqual(weights(dense, "weights@2"));
    expect(second).not.toEqual(first);
    expect([...plan.stages.values()].filter(({ kind }) => kind === "load")).toHaveLength(1);
  });

  it("as θT are measured, pruned and fine-tuned without a dense training", async () => {
    const plan = makePlan(
      spec("weights: { trained: trained.pt }\nseeds: [7]\nprune: [{ one-shot: { sparsities: [0.5] } }]"),
    );
    expect(plan.arms.map(({ start }) => start)).toEqual(["dense", "reinit", "fine-tune"]);
    expect(plan.comparisons.map(({ measure }) => measure)).toEqual(["reinit", "fine-tune to pre-trained"]);
    expect(plan.trainings).toBe(2);
    await run(plan);
    const [metrics] = store.readMetrics(denseOf(plan));
    const [, last] = store.readMetrics(dense) as { testAccuracy: number; testLoss: number }[];
    expect(metrics).toMatchObject({ epoch: 0, testAccuracy: last?.testAccuracy, testLoss: last?.testLoss });
    // The mask is that of the training itself.
    const own = makePlan(spec("seeds: [7]\nprune: [{ one-shot: { sparsities: [0.5] } }]\nretrain: [fine-tune]"));
    await run(own);
    const mask = (of: Plan) => weights(of.arms.find(({ cell }) => cell !== undefined)?.cell?.mask.key ?? "", "mask");
    expect(mask(plan)).toEqual(mask(own));
    const fineTuned = (of: Plan) =>
      weights(of.arms.find(({ start }) => start === "fine-tune")?.train ?? "", "weights@2");
    expect(fineTuned(plan)).toEqual(fineTuned(own));
  });

  it("as both allow tickets and their R_p", () => {
    const { comparisons, arms, trainings } = makePlan(
      spec(
        "weights: { initial: initial.pt, trained: trained.pt }\nseeds: [7]\nprune: [{ iterative: { rate: 0.2, rounds: 2 } }]",
      ),
    );
    expect(arms.map(({ start }) => start)).toEqual([
      "dense",
      "ticket",
      "reinit",
      "fine-tune",
      "ticket",
      "reinit",
      "fine-tune",
    ]);
    expect(comparisons.map(({ measure }) => measure)).toContain("pre-training");
    expect(trainings).toBe(6);
  });

  it("that do not allow what is asked for are refused by name", () => {
    const one = "prune: [{ one-shot: { sparsities: [0.5] } }]\n";
    expect(issues(`weights: { trained: trained.pt }\n${one}retrain: [ticket]`)).toContain(
      "retrain[0]: expected starts that need no θ0",
    );
    expect(issues("weights: { trained: trained.pt }\nprune: [{ iterative: { rate: 0.2, rounds: 2 } }]")).toContain(
      "got iterative, whose rounds train θ0",
    );
    expect(
      issues(`weights: { initial: initial.pt, trained: trained.pt }\n${one}retrain: [{ rewind: { epoch: 1 } }]`),
    ).toContain("got rewind");
    expect(issues("weights: { trained: trained.pt }\nmeasure: { connectivity: { epochs: [0] } }")).toContain(
      "expected no connectivity",
    );
    expect(issues("weights: { initial: trained.pt }", 1)).toMatch(
      /weights\.initial: .*trained\.pt: expected the weights of this model.*of another shape: conv1\.weight/,
    );
    expect(issues("weights: { initial: nothing.pt }")).toContain("weights.initial: ");
    expect(issues("weights: {}")).toContain("expected initial, trained or both");
    expect(issues("weights: { inital: a.pt }")).toContain('unknown field "inital"');
  });

  it("that have changed since the plan are refused", async () => {
    const bytes = readFileSync(join(folder, "initial.safetensors"));
    writeFileSync(join(folder, "changed.safetensors"), bytes);
    const plan = makePlan(spec("weights: { initial: changed.safetensors }\nseeds: [9]"));
    const other = decodeSafetensors(bytes, "").tensors;
    const array = other.get("conv1.weight");
    if (array?.dtype !== "float32") throw new Error("no weights");
    array.data[0] = 1;
    writeFileSync(join(folder, "changed.safetensors"), checkpointEncoder("a.safetensors")(other));
    rmSync(join(root, "objects"), { recursive: true });
    await expect(run(plan)).rejects.toThrow("the file has changed");
  });
});
