import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { cli, smallSpec, temporaryFolder, writeSpec } from "./cli-runner.ts";

const folder = temporaryFolder();
const out = join(folder, "out");
const text = smallSpec
  .replace("seeds: 1", "seeds: 2\nsweep: { train.optimizer.sgd.lr: [0.005, 0.1] }")
  .replace("sparsities: [0.5, 0.8]", "sparsities: [0.5]")
  .replace("epochs: 3", "epochs: 2")
  .replace("[2]", "[1]");
const spec = writeSpec(folder, text);

interface ClaimsJson {
  readonly settings: readonly {
    readonly insufficient: number;
    readonly desirable: number;
    readonly seeds: readonly number[];
  }[];
  readonly claims: readonly {
    readonly id: number;
    readonly outcome: string;
    readonly parts: readonly { readonly effect?: { readonly n: number; readonly mean: number } }[];
  }[];
}

async function judged(...args: string[]): Promise<ClaimsJson> {
  const { code, stdout, stderr } = await cli(["claims", ...args, "--json", "--out", out]);
  expect([code, stderr]).toEqual([0, expect.stringContaining("claims.html")]);
  return JSON.parse(stdout) as ClaimsJson;
}

describe("sweepstake claims", () => {
  beforeAll(async () => {
    const { code } = await cli(["run", spec, "--out", out]);
    expect(code).toBe(0);
  }, 240_000);

  it("judges a real run from the store and trains nothing", async () => {
    const before = readdirSync(join(out, "store"), { recursive: true }).length;
    const { settings, claims } = await judged(spec);
    expect(settings).toMatchObject([{ insufficient: 0.005, desirable: 0.1, seeds: [0, 1] }]);
    expect(claims.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const outcomes = new Map(claims.map(({ id, outcome }) => [id, outcome]));
    // There are no ADMM masks, so what is about them cannot have been run.
    expect([outcomes.get(7), outcomes.get(8)]).toEqual(["not run", "not run"]);
    for (const id of [1, 2, 3, 4, 9]) expect(outcomes.get(id)).toMatch(/^(confirmed|refuted|undecided)$/);
    expect(readdirSync(join(out, "store"), { recursive: true }).length).toBe(before);
  });

  it("has the difference of the dense accuracies that the report has", async () => {
    const { claims } = await judged(spec);
    const effect = claims.find(({ id }) => id === 2)?.parts[0]?.effect;
    const results = await cli(["report", spec, "--json", "--out", out]);
    const { runs } = JSON.parse(results.stdout) as {
      runs: { start: string; label: string; finalAccuracy: number }[];
    };
    const mean = (label: string) => {
      const found = runs.filter((run) => run.start === "dense" && run.label === label);
      return found.reduce((sum, { finalAccuracy }) => sum + finalAccuracy / found.length, 0);
    };
    expect(effect?.n).toBe(2);
    expect(effect?.mean).toBeCloseTo(mean("lr 0.1") - mean("lr 0.005"), 4);
  });

  it("writes the four files, the same whenever it is asked", async () => {
    await judged(spec);
    const read = () =>
      ["claims.html", "claims.md", "claims.csv", "claims.json"].map((name) =>
        readFileSync(join(out, "reports/claims", name), "utf8"),
      );
    const first = read();
    const { stdout } = await cli(["claims", spec, "--out", out]);
    expect(read()).toEqual(first);
    expect(stdout).toContain("the specs' own (small)");
    expect(stdout.match(/^Claim \d( †)?: /gm)).toHaveLength(9);
  });

  it("judges what two specs share once, and other recipes apart", async () => {
    const other = writeSpec(folder, text.replace("name: small", "name: other"), "other.yaml");
    expect((await judged(spec, other)).claims).toEqual((await judged(spec)).claims);
    const longer = writeSpec(folder, text.replace("epochs: 2", "epochs: 4"), "longer.yaml");
    const { settings, claims } = await judged(spec, longer);
    expect(settings).toHaveLength(2);
    expect(claims.filter(({ outcome }) => outcome === "not run").length).toBeGreaterThanOrEqual(9);
  });

  it("with one seed leaves everything open, without a p-value", async () => {
    const { claims } = await judged(spec, "--set", "seeds=1");
    for (const { outcome } of claims) expect(outcome).toMatch(/^(undecided|not run)$/);
    expect(JSON.stringify(claims)).not.toMatch(/"p(Holds|Fails|Confirmed|Refuted)":[^n]/);
  });

  it("without specs judges the paper's own experiments at a scale, also when none is run", async () => {
    const { code, stdout, stderr } = await cli(["claims", "--scale", "small", "--out", join(folder, "empty")]);
    expect([code, stderr]).toEqual([0, expect.stringContaining("claims.html")]);
    expect(stdout).toContain("Scale: small scale: 12 of 150 epochs, 3 of 5 seeds");
    // Six settings: each of the three models on both data sets.
    expect(stdout.match(/^Not run, .*: claims 1, 2, 3, 4, 5, 6, 7, 8 and 9$/gm)).toHaveLength(6);
    expect(stdout).toContain("lr 0.01 taken as insufficient, lr 0.1 as desirable; 3 seeds");
  });

  it("refuses a scale for specs, which have their own", async () => {
    const { code, stderr } = await cli(["claims", spec, "--scale", "small", "--out", out]);
    expect(code).toBe(2);
    expect(stderr).toContain("--scale: expected no spec files with it");
  });

  it("refuses a spec that is not there", async () => {
    const { code, stdout, stderr } = await cli(["claims", spec, "/nowhere/x.yaml", "--out", out]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("/nowhere/x.yaml");
  });
});
