// Time of a training step: this project against PyTorch, in alternating processes on the same cores with the same libtorch.
// usage: npm run bench:step -- [--threads N] [--steps N] [--rounds N] [--python PATH] [--profile] MODEL...
// With --profile it prints where the time of this project's step goes instead.
import { execFileSync } from "node:child_process";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildModel } from "../src/models/index.ts";
import { batchOf, inputOf, type Measured, measure, median } from "./measured.ts";
import { printProfile } from "./profile.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    threads: { type: "string", default: "1" },
    steps: { type: "string", default: "10" },
    rounds: { type: "string", default: "3" },
    python: { type: "string", default: "/usr/bin/python3" },
    profile: { type: "boolean", default: false },
  },
});
const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const peer = join(process.cwd(), "bench", "peer.py");

interface Contender {
  readonly title: string;
  readonly precision: "float32" | "bfloat16";
  readonly command: string;
  readonly args: readonly string[];
}

const contenders: readonly Contender[] = [
  ...(["stock", "channels-last", "bfloat16"] as const).map((variant) => ({
    title: `PyTorch ${variant}`,
    precision: variant === "bfloat16" ? ("bfloat16" as const) : ("float32" as const),
    command: values.python,
    args: [peer, "MODEL", variant],
  })),
  ...(["float32", "bfloat16"] as const).map((precision) => ({
    title: `sweepstake ${precision}`,
    precision,
    command: process.execPath,
    args: [here("ours.js"), "MODEL", precision],
  })),
];

function limitOf(precision: "float32" | "bfloat16" | "memory"): number {
  return Number(execFileSync(process.execPath, [here("limit.js"), precision, values.threads], { encoding: "utf8" }));
}

const load = () =>
  `load ${loadavg()
    .map((l) => l.toFixed(1))
    .join(" ")}`;
console.log(
  `${cpus()[0]?.model ?? "?"}, ${cpus().length} cores; Node ${process.version}; ${values.threads} thread(s); ${load()}`,
);
const limit = { float32: limitOf("float32"), bfloat16: limitOf("bfloat16"), memory: limitOf("memory") };
console.log(
  `limit: float32 ${limit.float32.toFixed(0)}, bfloat16 ${limit.bfloat16.toFixed(0)} GFLOP/s in a well-suited convolution, ` +
    `memory ${limit.memory.toFixed(0)} GB/s`,
);

for (const model of positionals.length > 0 ? positionals : ["resnet20"]) {
  if (values.profile) {
    for (const precision of ["float32", "bfloat16"] as const)
      printProfile(model, precision, values.threads, values.steps, {
        arithmetic: limit[precision],
        memory: limit.memory,
      });
    continue;
  }
  const runs = new Map<Contender, Measured[]>(contenders.map((contender) => [contender, []]));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [{ command, args }, measured] of runs) {
      const concrete = args.map((arg) => (arg === "MODEL" ? model : arg));
      measured.push(await measure(command, [...concrete, values.threads, values.steps]));
    }
  }
  const input = inputOf(model);
  // Forward, gradient of the input, gradient of the weights: each two operations per multiply-accumulate.
  const flops = 6 * buildModel({ name: model }, input).cost(input.shape).macs * batchOf(model);
  const timeOf = (measured: readonly Measured[]) => median(measured.flatMap(({ ms }) => ms));
  const stock = timeOf([...runs.values()][0] ?? []);
  console.log(`\n${model}, batch ${batchOf(model)}, ${(flops / 1e9).toFixed(1)} GFLOP per step; ${load()}`);
  console.log("                          median ms   min ms   × stock   of limit   faults/step   peak MB   libtorch");
  for (const [{ title, precision }, measured] of runs) {
    const time = timeOf(measured);
    const best = Math.min(...measured.flatMap(({ ms }) => ms));
    const share = flops / time / 1e6 / limit[precision];
    const faults = median(measured.map((m) => m.faults));
    const peak = Math.max(...measured.map((m) => m.peakMb));
    console.log(
      title.padEnd(24) +
        time.toFixed(1).padStart(11) +
        best.toFixed(1).padStart(9) +
        (stock / time).toFixed(2).padStart(10) +
        `${(100 * share).toFixed(0)} %`.padStart(11) +
        faults.toFixed(0).padStart(14) +
        peak.toFixed(0).padStart(10) +
        `   ${measured[0]?.torch ?? ""}`,
    );
  }
}
