// Time to plan many stages and to sum the plan up, as `sweepstake plan` does it: in a fresh process, and once it is warm.
// usage: npm run bench:plan -- [--stages N] [--rounds N]
import { parseArgs } from "node:util";
import { summarise } from "../src/plan/estimate.ts";
import { planOf } from "./big-plan.ts";
import { machine } from "./machine.ts";
import { median } from "./measured.ts";

const { values } = parseArgs({
  options: { stages: { type: "string", default: "10000" }, rounds: { type: "string", default: "5" } },
});
console.log(machine());
const seconds = Array.from({ length: Number(values.rounds) }, () => {
  const start = performance.now();
  const plan = planOf(Number(values.stages));
  const planned = performance.now();
  const { stages, trainings } = summarise(plan, () => false);
  const end = performance.now();
  return { stages, trainings, plan: (planned - start) / 1000, summary: (end - planned) / 1000 };
});
const [first] = seconds;
if (first === undefined) throw new Error("--rounds must be at least 1");
const total = ({ plan, summary }: typeof first) => plan + summary;
console.log(`${first.stages} stages, ${first.trainings} trainings`);
console.log(
  `first: ${total(first).toFixed(2)} s (plan ${first.plan.toFixed(2)}, summary ${first.summary.toFixed(2)}); ` +
    `median of ${seconds.length}: ${median(seconds.map(total)).toFixed(2)} s; goal: 2 s`,
);
