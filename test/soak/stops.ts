import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stream } from "../../src/core/rng.ts";
import { RunningCommand } from "./commands.ts";
import { spokenProblems, storeProblems } from "./experiment.ts";
import type { Bench, Part } from "./part.ts";
import { Control } from "./shim.ts";

/** 30 s of silence are 1.5 s on the successor's clock. */
const FASTER = 20;

/** A run is suspended at a system call of its own for longer than its lease; one of another host takes over, which is slow in half of the tries. */
export const stops: Part = {
  name: "stops beyond the lease",
  async attempt(bench, seed, n, tally) {
    const draws = stream(seed, "stop", n);
    const out = bench.fresh("stop");
    const [mine, other] = ["mine", "other"].map(
      (name) => new Control(bench.library, join(bench.folder, `control-${name}`)),
    );
    if (mine === undefined || other === undefined) throw new Error("there are two");
    const at = 1 + draws.below(400);
    const isSlow = draws.below(2) === 0;
    mine.set({ action: "stop", folder: out, at });
    if (isSlow) other.set({ action: "stop", folder: out, at: 1 + draws.below(300), match: "/store/" });
    const first = new RunningCommand(bench.runArgs(out), mine.env());
    await fired(mine, first);
    const isStopped = mine.state.fired > 0;
    const second = new RunningCommand(bench.runArgs(out), other.env(FASTER, "another-host"));
    if (isSlow) await fired(other, second);
    else await second.finished;
    // Both are there now, the first one without its lease; it goes on while the second one is in the middle, or has finished.
    first.signal("SIGCONT");
    if (isSlow) await Promise.race([sleep(500 + draws.below(2_000)), first.finished]);
    second.signal("SIGCONT");
    const ends = await Promise.all([first.finished, second.finished]);
    const problems = ends.flatMap((end) => [
      ...spokenProblems(end),
      ...(end.code === 0 ? [] : [`it ended with ${end.code}: ${end.output.slice(-300)}`]),
    ]);
    problems.push(...storeProblems(out), ...(await bench.finish(out)));
    const outcome = isStopped ? `taken over by a ${isSlow ? "slow" : "quick"} successor` : "did not come to the call";
    tally.countTry(outcome, `${n}: before ${relativeTo(bench, mine.state.path)}`, problems);
  },
};

/** Waits until the action was taken, or the command is over. */
async function fired(control: Control, command: RunningCommand): Promise<void> {
  while (control.state.fired === 0 && command.child.exitCode === null && command.child.signalCode === null)
    await sleep(20);
}

function relativeTo({ folder }: Bench, path: string): string {
  return path.replace(folder, "");
}
