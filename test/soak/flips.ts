import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stream } from "../../src/core/rng.ts";
import { spokenProblems } from "./experiment.ts";
import type { Part } from "./part.ts";

/** Of this many flips, one is followed by a whole run. */
const RUN_EVERY = 4;

/** A bit of a file of the finished store flips, file by file: it is found, and the next run computes the same bytes. */
export const flips: Part = {
  name: "flipped bits",
  async attempt(bench, seed, n, tally) {
    const draws = stream(seed, "flip", n);
    const out = bench.fresh("flip");
    cpSync(bench.reference, out, { recursive: true });
    const store = join(out, "store");
    const files = readdirSync(store, { recursive: true, encoding: "utf8" }).sort();
    const filled = files
      .map((name) => join(store, name))
      .filter((path) => statSync(path).isFile() && statSync(path).size > 0);
    const path = filled[n % filled.length] ?? "";
    const bytes = readFileSync(path);
    const at = draws.below(bytes.length);
    const bit = draws.below(8);
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << bit), at);
    writeFileSync(path, bytes);
    const verified = await bench.host.run(["store", "verify", "--out", out]);
    // The mark says nothing that the objects do not say, too.
    const isRedundant = path.endsWith("format.json");
    const problems = [
      ...spokenProblems(verified),
      ...(verified.code === (isRedundant ? 0 : 1) ? [] : [`store verify ends with ${verified.code}`]),
    ];
    if (n % RUN_EVERY === 0) {
      await bench.host.run(["store", "verify", "--repair", "--out", out]);
      problems.push(...(await bench.finish(out)));
    }
    const outcome = isRedundant ? "redundant" : n % RUN_EVERY === 0 ? "found and computed anew" : "found";
    tally.countTry(outcome, `${n}: bit ${bit} of byte ${at} of ${path.slice(store.length + 1)}`, problems);
  },
};
