import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { describeData } from "../data/check.ts";
import { parseSpec } from "../spec/parse.ts";
import { summarise } from "./estimate.ts";
import { makePlan } from "./plan.ts";
import type { Connection, Plan, Stage } from "./types.ts";

function planOf(connectivity: object | undefined, fields: object = {}): Plan {
  const train = { epochs: 20, optimizer: { sgd: { lr: 0.1 } } };
  const measure = connectivity === undefined ? {} : { connectivity };
  return makePlan(
    parseSpec(stringify({ name: "a", data: "cifar10", model: "resnet20", train, measure, ...fields }), "a.yaml"),
  );
}

function trainOf(plan: Plan, key: string | undefined): Stage & { kind: "train" } {
  const stage = plan.stages.get(key ?? "");
  if (stage?.kind !== "train") throw new Error("no training");
  return stage;
}

function connectOf(plan: Plan, { connect }: Connection): Stage & { kind: "connect" } {
  const stage = plan.stages.get(connect);
  if (stage?.kind !== "connect") throw new Error("no connect stage");
  return stage;
}

const masks = { prune: [{ "one-shot": { sparsities: [0.5, 0.8] } }], retrain: ["ticket"] };

describe("connectivity of dense networks", () => {
  const plan = planOf({ epochs: [0, 2, 10] });
  const dense = trainOf(plan, plan.arms[0]?.train);

  it("is between the dense run and a second copy from θ_k with the second series of orders", () => {
    expect(plan.connections.map(({ epoch, cell, copies: [first] }) => [epoch, cell, first])).toEqual(
      [0, 2, 10].map((k) => [k, undefined, dense.key]),
    );
    for (const connection of plan.connections) {
      const k = connection.epoch;
      const { parameters, inputs } = trainOf(plan, connection.copies[1]);
      const { model, data, recipe, seed } = dense.parameters;
      expect(parameters).toEqual({ model, data, recipe, seed, ...(k === 0 ? {} : { from: k }), order: 1 });
      expect(inputs.weights).toEqual(k === 0 ? dense.inputs.weights : { key: dense.key, output: `weights@${k}` });
      const [a, b] = connection.copies.map((key) => ({ key, output: "weights@20" }));
      const connect = connectOf(plan, connection);
      expect(connect.inputs).toEqual({ a, b });
      expect(connect.parameters).toEqual({ model, data, precision: "float32", points: 11 });
    }
    expect(dense.outputs).toEqual(["metrics", "weights@10", "weights@2", "weights@20"]);
  });

  it("needs a training for each epoch, and on its own two", () => {
    expect([plan.trainings, plan.trainingsUnshared]).toEqual([4, 6]);
  });

  it("is absent by default, and adds nothing to the other stages", () => {
    const plain = planOf(undefined);
    expect(plain.connections).toEqual([]);
    for (const key of plain.stages.keys()) expect(plan.stages.has(key)).toBe(true);
    expect([...plain.stages.values()].some(({ kind }) => kind === "connect")).toBe(false);
  });

  it("is estimated: its copies by their epochs, and the test images once per point", () => {
    const { train, test } = describeData({ name: "cifar10" });
    const seconds = summarise(plan, () => false, { throughput: () => 100 }).estimatedSeconds;
    const epochs = 20 + 20 + 18 + 10;
    expect(seconds).toBeCloseTo((epochs * (train + test / 3) + (3 * 11 * test) / 3) / 100, 6);
  });
});

describe("connectivity under masks", () => {
  const plan = planOf({ epochs: [0, 5], points: 7, masks: true }, masks);

  it("is between two copies of θ_k ⊙ m, of which the first from θ0 is the winning ticket", () => {
    const sparse = plan.connections.filter(({ cell }) => cell !== undefined);
    expect(sparse.map(({ epoch, cell }) => [cell?.sparsity, epoch])).toEqual([
      [0.5, 0],
      [0.5, 5],
      [0.8, 0],
      [0.8, 5],
    ]);
    for (const connection of sparse) {
      const { cell, epoch } = connection;
      const [first, second] = connection.copies.map((key) => trainOf(plan, key));
      const ticket = plan.arms.find((arm) => arm.start === "ticket" && arm.cell?.sparsity === cell?.sparsity)?.train;
      expect(first?.key === ticket).toBe(epoch === 0);
      expect(first?.inputs).toEqual(second?.inputs);
      expect(first?.inputs.mask).toEqual(cell?.mask);
      expect(first?.parameters.from).toBe(epoch === 0 ? undefined : epoch);
      expect(second?.parameters).toEqual({ ...first?.parameters, order: 1 });
      expect(connectOf(plan, connection).parameters.points).toBe(7);
    }
  });

  it("shares everything: dense, its two copies, and per mask the ticket, its copy, and two copies from epoch 5", () => {
    expect(plan.trainings).toBe(1 + 2 + 2 * 4);
    expect(plan.trainingsUnshared).toBe(2 * 2 + 2 * (1 + 4));
  });

  it("is left out unless it is asked for", () => {
    expect(planOf({ epochs: [0, 5] }, masks).connections.every(({ cell }) => cell === undefined)).toBe(true);
  });
});
