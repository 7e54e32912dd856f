import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { stream } from "../../src/core/rng.ts";
import { spokenProblems, storeProblems } from "./experiment.ts";
import type { Part } from "./part.ts";

/** A disk that fills up, real where mounting is allowed, else by the shim; then there is room. */
export const fullDisk: Part = {
  name: "full disks",
  async attempt(bench, seed, n, tally) {
    const draws = stream(seed, "disk", n);
    // Most of it between a page and what the experiment needs.
    const room = Math.round(4096 * 2 ** (draws.uniform() * 9));
    const out = bench.fresh("disk");
    const disk = dirname(out);
    const isMounted = isMountedAt(disk, room);
    if (!isMounted) {
      mkdirSync(out, { recursive: true });
      bench.control.set({ action: "full", folder: out, room });
    }
    try {
      const disturbed = await bench.host.run(bench.runArgs(out));
      bench.control.clear();
      const problems = [...spokenProblems(disturbed), ...storeProblems(out)];
      if (disturbed.code !== 0 && !disturbed.output.includes("the disk is full"))
        problems.push("the message does not say that the disk is full");
      if (isMounted) mount("-o", "remount,size=100m", disk);
      problems.push(...(await bench.finish(out)));
      const kind = isMounted ? "a real disk" : "the shim's disk";
      tally.countTry(`${disturbed.code === 0 ? "fitted on" : "filled"} ${kind}`, `${n}: ${room} bytes`, problems);
    } finally {
      if (isMounted) execFileSync("umount", [disk]);
    }
  },
};

function mount(...args: readonly string[]): void {
  execFileSync("mount", args, { stdio: "ignore" });
}

function isMountedAt(folder: string, size: number): boolean {
  try {
    mount("-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder);
    return true;
  } catch {
    return false;
  }
}
