import { makePlan } from "../src/plan/plan.ts";
import type { Plan } from "../src/plan/types.ts";
import { parseSpec } from "../src/spec/parse.ts";

/** The paper's grid for ResNet-20, for plan.ts and store.ts: 147 stages per learning rate and seed. */
const spec = `
name: big
data: cifar10
model: resnet20
train:
  epochs: 150
  optimizer: { sgd: { lr: 0.1 } }
  schedule: { milestones: [80, 120] }
  augment: { crop: 4, flip: true }
sweep: { train.optimizer.sgd.lr: [0.01, 0.1] }
seeds: SEEDS
prune:
  - iterative: { rate: 0.15, rounds: 12 }
  - one-shot: { sparsities: [0.3, 0.5, 0.7, 0.8] }
retrain: [ticket, reinit, { rewind: { epoch: 10 } }, fine-tune]
`;

/** A plan of about so many stages. */
export function planOf(stages: number): Plan {
  return makePlan(parseSpec(spec.replace("SEEDS", String(Math.ceil(stages / 294))), "big.yaml"));
}
