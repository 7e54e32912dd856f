import { expect, it } from "vitest";
import { parseSpec } from "../spec/parse.ts";
import { makePlan } from "./plan.ts";
import { inputsOf } from "./stage-table.ts";
import type { Plan } from "./types.ts";
import { uniteWork } from "./union.ts";

function planOf(prune: string, retrain: string): Plan {
  const text = `
name: grid
data: cifar10
model: resnet20
train: { epochs: 20, optimizer: { sgd: { lr: 0.1 } } }
prune: [${prune}]
retrain: [${retrain}]
`;
  return makePlan(parseSpec(text, "grid.yaml"));
}

const tickets = planOf("one-shot: { sparsities: [0.5, 0.8] }", "ticket");
const rewound = planOf("one-shot: { sparsities: [0.8] }", "ticket, { rewind: { epoch: 5 } }");
const admm = planOf("admm: { sparsities: [0.5] }", "ticket");

it("counts what plans have in common once, and what they would take unshared as their sum", () => {
  expect([tickets, rewound, admm].map((plan) => plan.trainings)).toEqual([3, 3, 2]);
  const all = uniteWork([tickets, rewound, admm]);
  // The dense run, tickets at 0.5 and 0.8, the rewound training, and the ticket under ADMM's mask.
  expect(all).toMatchObject({ trainings: 5, admmRuns: 1, trainingsUnshared: 4 + 3 + 2 });
  expect(uniteWork([tickets, tickets])).toMatchObject({ trainings: 3, stages: tickets.stages });
});

it("keeps the outputs that any of the plans needs, whichever comes first", () => {
  for (const plans of [
    [tickets, rewound],
    [rewound, tickets],
  ]) {
    const dense = uniteWork(plans).stages.get(tickets.arms[0]?.train ?? "");
    expect(dense?.outputs).toEqual(["metrics", "weights@20", "weights@5"]);
  }
});

it("has every stage after its inputs", () => {
  const seen = new Set<string>();
  for (const stage of uniteWork([rewound, admm, tickets]).stages.values()) {
    expect(inputsOf(stage).filter(({ key }) => !seen.has(key))).toEqual([]);
    seen.add(stage.key);
  }
});
