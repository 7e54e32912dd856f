import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { collect } from "../src/analysis/collect.ts";
import { resultsCsv } from "../src/analysis/export.ts";
import { planWithResults } from "../src/cli/plan-with-results.ts";
import { RESULTS_ENDING, readResults } from "../src/export/results/results-file.ts";
import { loadSpec } from "../src/spec/load.ts";
import { Store } from "../src/store/store.ts";

// The exports in docs/results/data are the evidence of the pages beside them: they must be read by every version, and give the tables that are shown.

const root = join(import.meta.dirname, "../docs/results");
const folder = mkdtempSync(join(tmpdir(), "sweepstake-shipped-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
vi.spyOn(process.stderr, "write").mockReturnValue(true);

const exported = readdirSync(join(root, "data")).map((file) => file.slice(0, -RESULTS_ENDING.length));

/** Seeds of the table that is shown, where they are fewer than the spec's. */
const shown: Readonly<Record<string, string>> = { "rates-resnet20-cifar10": "seeds=[0]" };

describe.each(exported)("the export %s", (name) => {
  const path = join(root, "data", `${name}${RESULTS_ENDING}`);
  const spec = join(root, `${name}.yaml`);

  it("has results of its spec alone, computed on one kind of machine", () => {
    const { results } = readResults(path);
    const store = Store.open(join(folder, name));
    const plan = planWithResults(loadSpec(spec), store, [path]);
    expect(results.filter(({ record }) => !plan.stages.has(record.key))).toEqual([]);
    expect([...store.keys()]).toHaveLength(results.length);
    expect(new Set(results.map(({ record }) => record.provenance.hardware)).size).toBe(1);
  });

  it("gives the table that is shown, number for number", () => {
    const store = Store.open(join(folder, name));
    const set = shown[name];
    const plan = planWithResults(loadSpec(spec, set === undefined ? [] : [set]), store, [path]);
    expect(resultsCsv(collect(plan, store))).toBe(readFileSync(join(root, name, "results.csv"), "utf8"));
  });
});
