import { availableParallelism, cpus, loadavg } from "node:os";

/** One line on what the numbers were measured on. */
export function machine(): string {
  const load = loadavg().map((l) => l.toFixed(1));
  return `${cpus()[0]?.model.trim() ?? "?"}, ${availableParallelism()} cores; Node ${process.version}; load ${load.join(" ")}`;
}
