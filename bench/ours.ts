// One process of ours for step.ts and workers.ts: trains on made-up images through the real trainer and prints one line of JSON.
// usage: ours.js MODEL PRECISION THREADS STEPS
import { engineInfo } from "../src/tensor/engine.ts";
import { madeUpTraining } from "./made-up-training.ts";
import { type Measured, warmSteps } from "./measured.ts";

const training = madeUpTraining(process.argv.slice(2));
const ms: number[] = [];
let last = performance.now();
let faultsBefore = 0;
let faults = 0;
await training.run((step) => {
  const now = performance.now();
  if (step > warmSteps) ms.push(now - last);
  faults = process.resourceUsage().minorPageFault;
  if (step <= warmSteps) faultsBefore = faults;
  last = performance.now();
});
const result: Measured = {
  ms,
  faults: (faults - faultsBefore) / ms.length,
  peakMb: process.resourceUsage().maxRSS / 1024,
  torch: engineInfo().libtorch,
};
console.log(JSON.stringify(result));
