import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { cli, smallSpec, temporaryFolder, writeSpec } from "./cli-runner.ts";

const folder = temporaryFolder();
const spec = writeSpec(
  folder,
  smallSpec
    .replace("iterative: { sparsities: [0.5, 0.8] }", "one-shot: { sparsities: [0.5], pruner: random }")
    .replace(/^retrain: .*$/m, "retrain: [ticket, scratch-b, { lr-rewind: { epochs: 1 } }]")
    .replace("measure: {", "measure: { connectivity: { epochs: [0, 2], points: 5, masks: true },"),
);

interface Row {
  readonly start?: string;
  readonly key: string;
  readonly finalAccuracy?: number;
  readonly curve?: readonly { readonly epoch: number; readonly lr: number }[];
  readonly epoch?: number;
  readonly share?: number;
  readonly error?: number;
  readonly loss?: number;
  readonly copy1?: string;
}

it("measures connectivity, whose ends are the recorded errors, and trains random masks, scratch-B and the last epoch", async () => {
  const out = join(folder, "out");
  const run = await cli(["run", spec, "--executor", "inline", "--out", out]);
  expect(run.code).toBe(0);
  expect(run.stdout).toContain("Linear mode connectivity");
  // dense and its two copies; ticket and its copy, two copies from epoch 2; scratch-B, learning-rate rewinding
  expect(run.stderr).toContain("9/9");
  const results = JSON.parse((await cli(["report", spec, "--json", "--out", out])).stdout) as {
    readonly runs: readonly Row[];
    readonly connectivity: readonly Row[];
  };
  const epochs = (start: string) => results.runs.find((row) => row.start === start)?.curve?.map(({ epoch }) => epoch);
  expect(epochs("scratch-b")).toEqual([1, 2, 3, 4, 5, 6]);
  expect(epochs("lr-rewind")).toEqual([3]);
  // The milestone after epoch 2 holds in the last epoch.
  expect(results.runs.find(({ start }) => start === "lr-rewind")?.curve?.[0]?.lr).toBeCloseTo(0.005, 12);
  const dense = results.runs.find(({ start }) => start === "dense");
  const ends = results.connectivity.filter(({ share, copy1 }) => share === 1 && copy1 === dense?.key);
  expect(ends.map(({ epoch }) => epoch)).toEqual([0, 2]);
  // Copy 2 saw another order: its loss is another one.
  const others = results.connectivity.filter(({ share, copy1 }) => share === 0 && copy1 === dense?.key);
  expect(others.map(({ loss }) => loss === ends[0]?.loss)).toEqual([false, false]);
  for (const { error } of ends) expect(error).toBeCloseTo(100 - (dense?.finalAccuracy ?? Number.NaN), 5);
  const page = readFileSync(join(out, "reports", "small", "report.html"), "utf8");
  expect(page).toContain("<h2>Linear mode connectivity</h2>");
  expect(page).toContain('<figure id="connectivity-barrier">');
  const files = readdirSync(join(out, "reports", "small"), { recursive: true, encoding: "utf8" });
  expect(files).toEqual(expect.arrayContaining(["connectivity.csv", "figures/connectivity-path.svg"]));
  const status = await cli(["status", spec, "--out", out]);
  expect(status.stdout).toMatch(/connect +4 /);
  const again = await cli(["run", spec, "--out", out]);
  expect(again.stderr).toContain("to do      0 of them");
}, 120_000);
