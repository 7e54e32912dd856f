import { availableParallelism, cpus, loadavg } from "node:os";
import { median } from "./measured.ts";

/** One line on what the numbers were measured on. */
export function machine(): string {
  const load = loadavg().map((l) => l.toFixed(1));
  return `${cpus()[0]?.model.trim() ?? "?"}, ${availableParallelism()} cores; Node ${process.version}; load ${load.join(" ")}`;
}

/** Seconds on the wall, and of this process on the cores; the two differ where other work runs on the machine. */
export interface Elapsed {
  readonly wall: number;
  readonly cpu: number;
}

/** Starts a stopwatch; call it to read it. */
export function stopwatch(): () => Elapsed {
  const start = performance.now();
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return { wall: (performance.now() - start) / 1000, cpu: (user + system) / 1e6 };
  };
}

/** `first 1.20 s (CPU 1.10), median of 3 0.90 s (CPU 0.85)`. */
export function secondsText(times: readonly Elapsed[]): string {
  const text = (wall: number, cpu: number) => `${wall.toFixed(2)} s (CPU ${cpu.toFixed(2)})`;
  const middle = text(median(times.map(({ wall }) => wall)), median(times.map(({ cpu }) => cpu)));
  return `first ${text(times[0]?.wall ?? Number.NaN, times[0]?.cpu ?? Number.NaN)}, median of ${times.length} ${middle}`;
}
