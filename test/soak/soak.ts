// The soak: everything that may go wrong, at random, for minutes; ends with a table of figures, and exit code 1 when a promise was broken.
// Try number n of a part is a function of the seed; how many there are, the time decides.
// usage: npm run soak -- [--minutes N] [--seed N] [--only PART]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { faults } from "./faults.ts";
import { flips } from "./flips.ts";
import { fullDisk } from "./full-disk.ts";
import { kills } from "./kills.ts";
import { runMutants } from "./mutants/run.ts";
import { Bench, type Part } from "./part.ts";
import { stops } from "./stops.ts";
import { Tally, table } from "./tally.ts";

/** Parts with their shares of the time of one core; the mutated files have the other core. */
const shares: Readonly<Record<string, readonly [Part, number]>> = {
  kills: [kills, 0.25],
  stops: [stops, 0.2],
  faults: [faults, 0.3],
  disk: [fullDisk, 0.1],
  flips: [flips, 0.15],
};
const MUTANTS = "mutants";
const MOST_MUTANTS = 1_000_000;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
  },
});
const { only } = values;
const seed = Number(values.seed);
const ms = Number(values.minutes) * 60_000;
const names = [...Object.keys(shares), MUTANTS];
if (only !== undefined && !names.includes(only)) usage(`--only: expected one of ${names.join(", ")}, got ${only}`);
if (!Number.isSafeInteger(seed) || seed < 0) usage(`--seed: expected a whole number from 0 on, got ${values.seed}`);
if (!(ms > 0)) usage(`--minutes: expected a number above 0, got ${values.minutes}`);

const folder = mkdtempSync(join(tmpdir(), "sweepstake-soak-"));
process.on("SIGINT", () => process.exit(130));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const start = performance.now();
const tallies = (await Promise.all([runParts(), only === undefined || only === MUTANTS ? mutants() : []])).flat();
console.log(`\nseed ${seed}, ${((performance.now() - start) / 60_000).toFixed(1)} minutes\n\n${table(tallies)}`);
for (const { part, violations } of tallies)
  for (const violation of violations) console.log(`\nVIOLATION ${part}, ${violation}`);
process.exitCode = tallies.some(({ violations }) => violations.length > 0) ? 1 : 0;

async function runParts(): Promise<readonly Tally[]> {
  const parts = Object.entries(shares).filter(([name]) => only === undefined || only === name);
  if (parts.length === 0) return [];
  const bench = new Bench(folder);
  await bench.prepare();
  const whole = parts.reduce((sum, [, [, share]]) => sum + share, 0);
  const done: Tally[] = [];
  let until = performance.now();
  for (const [, [part, share]] of parts) {
    until += (share / whole) * ms;
    const tally = new Tally(part.name);
    for (let n = 0; n === 0 || performance.now() < until; n++) await part.attempt(bench, seed, n, tally);
    say(tally);
    done.push(tally);
  }
  await bench.close();
  return done;
}

async function mutants(): Promise<readonly Tally[]> {
  const tally = new Tally("mutated files");
  await runMutants(join(folder, MUTANTS), seed, MOST_MUTANTS, performance.now() + ms, tally);
  say(tally);
  return [tally];
}

function say({ part, tries, text, violations }: Tally): void {
  console.log(`${part}: ${tries} tries: ${text}; ${violations.length} violations`);
}

function usage(message: string): never {
  console.error(message);
  process.exit(2);
}
