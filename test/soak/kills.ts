import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Stream } from "../../src/core/rng.ts";
import { stream } from "../../src/core/rng.ts";
import { RunningCommand } from "./commands.ts";
import { spokenProblems, storeProblems } from "./experiment.ts";
import { pick } from "./mutants/mutate.ts";
import type { Bench, Part } from "./part.ts";

const victims = ["all", "all", "the main process", "the workers"] as const;

/** A run with two workers is killed up to three times, at random instants or random system calls; then one is not. */
export const kills: Part = {
  name: "kills",
  async attempt(bench, seed, n, tally) {
    const draws = stream(seed, "kill", n);
    const out = bench.fresh("kill");
    const problems: string[] = [];
    let killed = 0;
    for (let left = 1 + draws.below(3); left > 0; left--) {
      if (await killedRun(bench, out, draws, problems)) killed++;
      problems.push(...storeProblems(out));
    }
    problems.push(...(await bench.finish(out)));
    tally.countTry(`stores, finished after ${killed} kills`, `${n}`, problems);
  },
};

/** Starts a run and kills all or a part of it. @returns whether it still ran then */
async function killedRun(bench: Bench, out: string, draws: Stream, problems: string[]): Promise<boolean> {
  const isByCall = draws.below(2) === 0;
  const at = 1 + draws.below(500);
  const delay = draws.uniform() * 1.5 * bench.referenceMs;
  const victim = pick(victims, draws);
  if (isByCall) bench.control.set({ action: "kill", folder: out, at });
  else bench.control.clear();
  const run = new RunningCommand(bench.runArgs(out, ["--workers", "2"]), bench.control.env());
  if (!isByCall) {
    await Promise.race([sleep(delay), run.finished]);
    if (run.child.exitCode !== null) return false;
    if (victim === "all") run.signal("SIGKILL");
    else for (const pid of victim === "the workers" ? workersOf(run) : [run.child.pid ?? 0]) killOne(pid);
  }
  const finished = await run.finished;
  // A run that lost its workers starts others, and one that was killed says nothing.
  if (finished.code !== "SIGKILL") problems.push(...spokenProblems(finished));
  return isByCall ? bench.control.state.fired > 0 : true;
}

function workersOf({ child: { pid = 0 } }: RunningCommand): readonly number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
    return text === "" ? [] : text.split(" ").map(Number);
  } catch {
    return [];
  }
}

function killOne(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
