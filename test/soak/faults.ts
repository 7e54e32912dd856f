import { stream } from "../../src/core/rng.ts";
import { contentOf, spokenProblems, storeProblems } from "./experiment.ts";
import { pick } from "./mutants/mutate.ts";
import type { Part } from "./part.ts";
import { type Operation, type Order, operations } from "./shim.ts";

/** Errors that a system call can have, by the call; of other calls those of any. */
const errors: Partial<Record<Operation, readonly string[]>> = {
  write: ["EIO", "ENOSPC", "EDQUOT", "EFBIG"],
  fsync: ["EIO", "ENOSPC", "EDQUOT"],
  create: ["EIO", "ENOSPC", "EDQUOT", "EMFILE", "ENFILE", "EACCES", "EROFS"],
  open: ["EIO", "EMFILE", "ENFILE", "EACCES"],
  mkdir: ["EIO", "ENOSPC", "EDQUOT", "EACCES", "EROFS"],
  rename: ["EIO", "ENOSPC", "EDQUOT", "EACCES", "EROFS"],
};
const ofAny = ["EIO", "EACCES", "EROFS", "EBUSY"];

/** About as many calls of each kind does an undisturbed run make. */
const most: Readonly<Record<Operation, number>> = {
  write: 40,
  fsync: 90,
  rename: 50,
  create: 45,
  open: 110,
  mkdir: 60,
  unlink: 8,
  rmdir: 16,
  utime: 6,
  read: 40,
  scandir: 16,
};

/** One system call of a run fails, or all of a kind from one on; then nothing does. */
export const faults: Part = {
  name: "failing system calls",
  async attempt(bench, seed, n, tally) {
    const draws = stream(seed, "fault", n);
    const operation = pick(operations, draws);
    const out = bench.fresh("fault");
    const order: Order = {
      action: operation === "write" && draws.below(3) === 0 ? "half" : "fail",
      folder: out,
      operation,
      at: 1 + draws.below(most[operation]),
      from: draws.below(3) === 0,
      error: pick(errors[operation] ?? ofAny, draws),
    };
    bench.control.set(order);
    const disturbed = await bench.host.run(bench.runArgs(out));
    const { fired, path } = bench.control.state;
    bench.control.clear();
    const name = `${n}: ${order.error ?? ""} of ${operation} ${order.at ?? 0}${order.from === true ? " and all later" : ""} (${path})`;
    const isDone = Object.keys(contentOf(out)).length === Object.keys(bench.content).length;
    const problems = [
      ...spokenProblems(disturbed),
      ...(disturbed.code === 0 && !isDone ? ["exit code 0, but not all stages are done"] : []),
      ...storeProblems(out),
      ...(await bench.finish(out)),
    ];
    const outcome =
      fired === 0 ? "did not come to the call" : disturbed.code === 0 ? "done all the same" : "ended with a message";
    tally.countTry(outcome, name, problems);
  },
};
