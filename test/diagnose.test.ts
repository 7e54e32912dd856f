import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cli, smallSpec, temporaryFolder, writeSpec } from "./cli-runner.ts";

const folder = temporaryFolder();
const out = join(folder, "out");
const spec = writeSpec(
  folder,
  smallSpec.replace("seeds: 1", "seeds: 2").replace("epochs: 3", "epochs: 2").replace("[2]", "[1]"),
);

interface DiagnosisJson {
  readonly lr: number;
  readonly outcome: string;
  readonly rates: readonly {
    readonly lr: number;
    readonly accuracy?: { readonly n: number };
    readonly diverged: number[];
  }[];
}

describe("sweepstake diagnose", () => {
  it("trains dense networks at rates around the spec's own, and judges it", async () => {
    const { code, stdout, stderr } = await cli(["diagnose", spec, "--lr", "0.005,0.2,1e30", "--json", "--out", out]);
    expect(code).toBe(0);
    const found = JSON.parse(stdout) as DiagnosisJson;
    expect(found.lr).toBe(0.05);
    expect(found.rates.map(({ lr, diverged }) => [lr, diverged.length])).toEqual([
      [0.005, 0],
      [0.05, 0],
      [0.2, 0],
      [1e30, 2],
    ]);
    expect(found.rates[1]?.accuracy?.n).toBe(2);
    expect(["sufficient", "insufficient", "too high", "undecided"]).toContain(found.outcome);
    // Eight dense trainings and nothing else: no masks.
    expect(stderr).toContain("trainings  8\n");
    expect(stderr).not.toMatch(/ticket|reinit/);
    for (const name of [
      "diagnosis.html",
      "diagnosis.csv",
      "diagnosis.json",
      "report.html",
      "figures/learning-rates.svg",
      "figures/learning-rates.pdf",
    ])
      expect([name, existsSync(join(out, "reports/small-diagnosis", name))]).toEqual([name, true]);
    expect(readFileSync(join(out, "reports/small-diagnosis/diagnosis.json"), "utf8")).toBe(stdout);
  }, 120_000);

  it("uses what the store holds, in both directions", async () => {
    const again = await cli(["diagnose", spec, "--lr", "0.005,0.2", "--out", out]);
    expect(again.code).toBe(0);
    expect(again.stderr).toContain("to do      0 of them");
    expect(again.stdout).toMatch(/^Is lr 0\.05 sufficient\? lenet5 on fashion-mnist/);
    // The spec's own dense runs are those of the diagnosis: two of its trainings are there (rewinding would need one more epoch of each).
    const args = ["plan", spec, "--json", "--set", "retrain=[ticket]", "--out", out];
    const plan = JSON.parse((await cli(args)).stdout) as Record<string, number>;
    expect((plan.trainings ?? 0) - (plan.trainingsToDo ?? 0)).toBe(2);
  }, 60_000);

  it.each([
    { args: ["--lr", "0.1,-1"], text: "expected learning rates above 0" },
    { args: ["--lr", "0.1,0.1"], text: "each once" },
    { args: ["--set", "sweep={ train.epochs: [2, 3] }"], text: "got one that varies train.epochs too" },
    { args: ["--set", "train.epcohs=3"], text: 'did you mean "epochs"' },
  ])("refuses $args", async ({ args, text }) => {
    const { code, stdout, stderr } = await cli(["diagnose", spec, ...args, "--out", join(folder, "none")]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(text);
    expect(existsSync(join(folder, "none"))).toBe(false);
  });
});
