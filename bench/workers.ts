// Total speed of W workers with t threads each, to justify the executor's default of one thread per worker and a worker per core.
// usage: npm run bench:workers -- [--model NAME] [--precision P] [--steps N]
import { availableParallelism, cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { batchOf, measure, median } from "./measured.ts";

const { values } = parseArgs({
  options: {
    model: { type: "string", default: "resnet20" },
    precision: { type: "string", default: "float32" },
    steps: { type: "string", default: "15" },
  },
});
const cores = availableParallelism();
const ours = fileURLToPath(new URL("ours.js", import.meta.url));
console.log(
  `${values.model} ${values.precision}; ${cpus()[0]?.model ?? "?"}, ${cores} cores; load ${loadavg()[0]?.toFixed(1) ?? "?"}`,
);
console.log("workers × threads   images/s   ms per step   faults/step   peak MB of one");
for (let threads = 1; threads <= cores; threads *= 2) {
  for (let workers = 1; workers * threads <= cores; workers *= 2) {
    const args = [ours, values.model, values.precision, String(threads), values.steps];
    const all = await Promise.all(Array.from({ length: workers }, () => measure(process.execPath, args)));
    const times = all.map(({ ms }) => median(ms));
    const rate = times.reduce((sum, time) => sum + (1000 * batchOf(values.model)) / time, 0);
    console.log(
      `${workers} × ${threads}`.padEnd(19) +
        rate.toFixed(0).padStart(9) +
        median(times).toFixed(1).padStart(14) +
        median(all.map(({ faults }) => faults))
          .toFixed(0)
          .padStart(14) +
        Math.max(...all.map(({ peakMb }) => peakMb))
          .toFixed(0)
          .padStart(17),
    );
  }
}
