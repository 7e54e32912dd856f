// Time to plan many stages and to sum the plan up, as `sweepstake plan` does it: in a fresh process, and once it is warm.
// usage: npm run bench:plan -- [--stages N] [--rounds N]
import { parseArgs } from "node:util";
import { summarise } from "../src/plan/estimate.ts";
import { planOf } from "./big-plan.ts";
import { type Elapsed, machine, secondsText, stopwatch } from "./machine.ts";

const { values } = parseArgs({
  options: { stages: { type: "string", default: "10000" }, rounds: { type: "string", default: "5" } },
});
console.log(machine());
const times: Elapsed[] = [];
for (let round = 0; round < Number(values.rounds); round++) {
  const watch = stopwatch();
  const { stages, trainings } = summarise(planOf(Number(values.stages)), () => false);
  times.push(watch());
  if (round === 0) console.log(`${stages} stages, ${trainings} trainings`);
}
console.log(`${secondsText(times)}; goal: 2 s for 10,000`);
