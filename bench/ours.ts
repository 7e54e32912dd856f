// One process of ours for step.ts and workers.ts: trains on made-up images through the real trainer and prints one line of JSON.
// usage: ours.js MODEL PRECISION THREADS STEPS
import { buildModel } from "../src/models/index.ts";
import { initialWeights } from "../src/nn/init.ts";
import { engineInfo, setThreads } from "../src/tensor/engine.ts";
import type { TrainRecipe } from "../src/train/recipe.ts";
import { toyData, toyRecipe } from "../src/train/toy.fixture.ts";
import { train } from "../src/train/trainer.ts";
import { batchOf, inputOf, type Measured, warmSteps } from "./measured.ts";

const [name = "resnet20", precision = "float32", threads = "1", steps = "10"] = process.argv.slice(2);
const input = inputOf(name);
const batchSize = batchOf(name);
setThreads(Number(threads));
const model = buildModel({ name }, input);
const ms: number[] = [];
let step = 0;
let last = performance.now();
let faultsBefore = 0;
let faults = 0;
await train({
  model,
  weights: initialWeights(model, 0, 0),
  data: toyData({ ...input, train: (Number(steps) + warmSteps) * batchSize, test: 1 }),
  recipe: toyRecipe({
    epochs: 1,
    batchSize,
    lr: 0.01,
    precision: precision as TrainRecipe["precision"],
    augment: input.shape[0] === 3 ? { crop: 4, flip: true } : { crop: 0, flip: false },
  }),
  seed: 0,
  device: "cpu",
  keepEpochs: [],
  onProgress: () => {
    const now = performance.now();
    if (++step > warmSteps) ms.push(now - last);
    faults = process.resourceUsage().minorPageFault;
    if (step <= warmSteps) faultsBefore = faults;
    last = performance.now();
  },
});
const result: Measured = {
  ms,
  faults: (faults - faultsBefore) / ms.length,
  peakMb: process.resourceUsage().maxRSS / 1024,
  torch: engineInfo().libtorch,
};
console.log(JSON.stringify(result));
