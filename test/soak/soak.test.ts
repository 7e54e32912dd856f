import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../cli-runner.ts";
import { faults } from "./faults.ts";
import { flips } from "./flips.ts";
import { fullDisk } from "./full-disk.ts";
import { kills } from "./kills.ts";
import { Bench } from "./part.ts";
import { stops } from "./stops.ts";
import { Tally } from "./tally.ts";

const bench = new Bench(temporaryFolder());
beforeAll(() => bench.prepare(), 60_000);
afterAll(() => bench.close());

describe("the short form of the soak", () => {
  it.each([
    [kills, 1],
    [stops, 1],
    [faults, 6],
    [fullDisk, 2],
    [flips, 6],
  ])(
    "$name",
    async (part, tries) => {
      const tally = new Tally(part.name);
      for (let n = 0; n < tries; n++) await part.attempt(bench, 1, n, tally);
      expect(tally.violations).toEqual([]);
      expect(tally.tries).toBe(tries);
    },
    120_000,
  );
});
