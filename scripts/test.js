// Runs every test and ends with one plain line, "N passed, N failed", that any log reader understands.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folder = mkdtempSync(join(tmpdir(), "sweepstake-test-"));
const results = join(folder, "results.json");
const vitest = join(import.meta.dirname, "../node_modules/vitest/vitest.mjs");
const run = spawnSync(
  process.execPath,
  [vitest, "run", "--reporter=default", "--reporter=json", `--outputFile.json=${results}`, ...process.argv.slice(2)],
  { stdio: "inherit" },
);
try {
  const { numPassedTests, numFailedTests, numPendingTests, numTotalTests } = JSON.parse(readFileSync(results, "utf8"));
  const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : "";
  // A file that fails to load has no tests to count, yet something failed.
  const failed = Math.max(numFailedTests, run.status === 0 ? 0 : 1);
  console.log(`${numPassedTests} passed, ${failed} failed${skipped}`);
  // A run that executed nothing, or whose files failed before any test, is a failure even where the counts look clean.
  process.exitCode = run.status === 0 && numTotalTests > 0 ? 0 : 1;
} catch {
  console.error("the test run ended without results");
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
