import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cli, temporaryFolder } from "./cli-runner.ts";

const folder = temporaryFolder();

/** A figure made so small that it trains in seconds. */
const minute = [
  "model={ name: lenet5, width: 0.5 }",
  "data={ name: fashion-mnist, subset: 256, testSubset: 128 }",
  "train.epochs=3",
  "train.batchSize=64",
  "train.schedule.milestones=[2]",
].flatMap((change) => ["--set", change]);

function page(out: string, name: string): string {
  return readFileSync(join(folder, out, "reports", name, "report.html"), "utf8");
}

/** A page's words, without markup. */
function words(html: string): string {
  return html
    .replaceAll(/<style>.*?<\/style>|<svg.*?<\/svg>/gs, " ")
    .replaceAll(/<[^>]*>/g, " ")
    .replaceAll(/[\s\u00a0]+/g, " ");
}

describe("sweepstake paper", () => {
  it("lists the figures with their models and trainings", async () => {
    const { code, stdout } = await cli(["paper"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^2 +Winning ticket and random reinitialisation, .* +resnet20 +cifar10 +250$/m);
    expect(stdout).toMatch(/^5ab \(5a, 5b\) .* 240$/m);
    expect(stdout).toMatch(/^T1 .* 50$/m);
    const list = JSON.parse((await cli(["paper", "--json"])).stdout) as readonly { readonly id: string }[];
    expect(list).toHaveLength(22);
    expect(list[0]).toMatchObject({ id: "2", models: ["resnet20"], data: ["cifar10"], trainings: 250 });
  }, 60_000);

  it.each([
    { args: ["8"], text: 'expected a figure or table of the paper, got "8"' },
    { args: ["2", "--scale", "tiny"], text: "Allowed choices are full, half, tenth, medium, small." },
    { args: ["2", "--plan", "--set", "train.epcohs=3"], text: 'did you mean "epochs"' },
    { args: ["4", "--scale", "small", "--set", "train.epochs=2"], text: "expected an epoch before the end" },
    { args: ["all", "--json"], text: "expected one figure, --plan or --status with --json, got 22 figures" },
    { args: ["2", "5ab", "--json"], text: "paper 2 5ab: expected one figure, --plan or --status with --json, got 2" },
    { args: ["2", "8"], text: 'expected a figure or table of the paper, got "8"' },
    { args: ["--status"], text: "for everything: sweepstake paper all --status" },
    { args: ["2", "--plan", "--report"], text: "option '--plan' cannot be used with option '--report'" },
    { args: ["2", "--status", "--report"], text: "option '--status' cannot be used with option '--report'" },
  ])("$args is refused with exit code 2", async ({ args, text }) => {
    const out = join(folder, "refused");
    const { code, stdout, stderr } = await cli(["paper", ...args, "--out", out]);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain(text);
    expect(stderr).not.toContain("    at ");
    expect(existsSync(out)).toBe(false);
  });
});

describe("sweepstake paper --plan", () => {
  it("says what a figure takes at a scale, and writes nothing", async () => {
    const out = join(folder, "planned");
    const { code, stdout } = await cli(["paper", "2", "--scale", "small", "--plan", "--out", out]);
    expect(code).toBe(0);
    expect(stdout).toContain("small scale: 12 of 150 epochs, 3 of 5 seeds");
    expect(stdout).toContain("liu2021-2-small: lr 0.01 | lr 0.1, 3 seeds");
    expect(stdout).toContain("trainings  54 "); // two rates, three seeds: dense, four tickets, four re-initialised
    expect(existsSync(out)).toBe(false);
  });

  it("adds up all figures with and without sharing", async () => {
    const args = ["paper", "all", "--plan", "--scale", "small", "--out", join(folder, "planned")];
    const plan = JSON.parse((await cli([...args, "--json"])).stdout) as {
      readonly trainings: number;
      readonly trainingsOneByOne: number;
      readonly figures: readonly { readonly id: string; readonly trainings: number; readonly trainingsAdded: number }[];
    };
    const sum = (of: "trainings" | "trainingsAdded") => plan.figures.reduce((total, figure) => total + figure[of], 0);
    expect(plan.figures).toHaveLength(22);
    expect(sum("trainingsAdded")).toBe(plan.trainings);
    expect(sum("trainings")).toBe(plan.trainingsOneByOne);
    // Figure 4 is the dense runs of figure 2, and figure 5cd the start of figure 2's and 5ab's masks.
    expect(plan.figures.slice(0, 4)).toMatchObject([
      { id: "2", trainings: 54, trainingsAdded: 54 },
      { id: "4", trainings: 6, trainingsAdded: 0 },
      { id: "5ab", trainings: 48, trainingsAdded: 24 },
      { id: "5cd", trainings: 60, trainingsAdded: 0 },
    ]);
    const { stdout } = await cli(args);
    expect(stdout).toMatch(/^5ab +48 +24 +48 +0 /m);
    expect(stdout).toContain(`trainings  ${plan.trainings} (`);
    expect(existsSync(join(folder, "planned"))).toBe(false);
  }, 60_000);
});

describe("several figures", () => {
  const small = ["--scale", "small", "--out", join(folder, "several")];

  it("are planned together, each once, with what they share", async () => {
    const { stdout } = await cli(["paper", "2", "5a", "5b", "2", "--plan", "--json", ...small]);
    const plan = JSON.parse(stdout) as { readonly figures: readonly unknown[] };
    // Figure 5ab starts from the masks that figure 2's tickets make.
    expect(plan).toMatchObject({ trainings: 78, trainingsOneByOne: 102 });
    expect(plan.figures).toMatchObject([
      { id: "2", trainingsAdded: 54 },
      { id: "5ab", trainings: 48, trainingsAdded: 24 },
    ]);
    expect(existsSync(join(folder, "several"))).toBe(false);
  });

  it("show how far they are, before and after one has run, and reports are written without training", async () => {
    const out = join(folder, "shown");
    const args = [
      ...minute,
      "--set",
      "seeds=1",
      "--set",
      "prune=[]",
      "--set",
      "retrain=[]",
      "--scale",
      "small",
      "--out",
      out,
    ];
    const before = await cli(["paper", "2", "4", "--status", ...args]);
    expect([before.code, existsSync(out)]).toEqual([0, false]);
    expect(before.stdout).toMatch(/^liu2021-2-small\n.*done.*to do\n(.*\n)*train +0 +0 +0 +0 +2\n/);
    expect(before.stdout).toContain("\nliu2021-4-small\n");

    // Without masks it is Figure 4's runs, too.
    expect((await cli(["paper", "2", ...args, "--executor", "inline"])).code).toBe(0);
    const report = join(out, "reports", "liu2021-2-small", "report.html");
    const first = readFileSync(report, "utf8");
    rmSync(join(out, "reports"), { recursive: true });
    const objects = () => readdirSync(join(out, "store", "objects"), { recursive: true }).length;
    const stored = objects();
    const again = await cli(["paper", "2", "4", "--report", ...args]);
    expect(again.code).toBe(0);
    expect(readFileSync(report, "utf8")).toBe(first);
    expect(again.stderr).toContain(join("liu2021-4-small", "report.html"));
    expect(objects()).toBe(stored);

    const one = JSON.parse((await cli(["paper", "4", "--status", "--json", ...args])).stdout) as unknown;
    expect(one).toMatchObject({ id: "4", scale: "small", stages: { train: { done: 2, "to do": 0 } } });
  }, 240_000);
});

describe("a figure of the paper, made minute", () => {
  it("runs to a report that is labelled with figure and scale, and what another figure trained is not trained again", async () => {
    const out = join(folder, "minute");
    const run = await cli(["paper", "4", "--scale", "small", ...minute, "--out", out]);
    expect(run.code).toBe(0);
    expect(run.stderr).toContain("3 of 150 epochs, 3 of 5 seeds, 256 of 60,000 training images");
    expect(run.stderr).toContain("6/6");
    expect(run.stderr).toContain(join(out, "reports", "liu2021-4-small", "report.html"));
    const text = words(page("minute", "liu2021-4-small"));
    expect(text).toContain("Figure 4 of the paper");
    expect(text).toContain("small scale: 3 of 150 epochs");
    expect(text).toContain("not part of this experiment"); // the paper's accuracies are those of ResNet-20
    const figures = readdirSync(join(out, "reports", "liu2021-4-small", "figures"));
    expect(figures).toEqual(expect.arrayContaining(["correlation-pre-training.pdf", "correlation-pre-training.csv"]));

    const args = ["paper", "2", "--scale", "small", ...minute, "--set", "seeds=1", "--out", out];
    const pruned = [...args, "--set", "prune=[{ one-shot: { sparsities: [0.5] } }]"];
    const plan = JSON.parse((await cli([...pruned, "--plan", "--json"])).stdout) as unknown;
    expect(plan).toMatchObject({ id: "2", scale: "small", trainings: 6, trainingsToDo: 4 });

    const single = await cli([...pruned, "--executor", "inline"]);
    expect(single.code).toBe(0);
    const one = words(page("minute", "liu2021-2-small"));
    expect(one).toContain("1 of 5 seeds");
    expect(one).toContain("one seed cannot decide, at least 2 are needed");
    const verdicts = page("minute", "liu2021-2-small").split("<h2>Verdicts")[1]?.split("<h2>")[0] ?? "";
    expect(verdicts.match(/class="badge undecided"/g)?.length).toBe(2);
    expect(verdicts).not.toMatch(/class="badge (holds|fails)"|\bp [<\d=]|CI/);
    expect(single.stdout).toMatch(/undecided/);
    expect(single.stdout).not.toMatch(/\b(holds|fails)\b/);
  }, 120_000);

  it("is drawn without what diverged, which its caption says", async () => {
    const out = join(folder, "diverging");
    const rates = ["--set", "sweep.train.optimizer.sgd.lr=[0.05, 1e30]", "--set", "seeds=2"];
    const masks = ["--set", "prune=[{ one-shot: { sparsities: [0.5] } }]"];
    const run = await cli(["paper", "2", "--scale", "small", ...minute, ...rates, ...masks, "--out", out]);
    expect(run.code).toBe(0);
    expect(run.stderr).toContain("lr 1e+30, seed 0, dense: diverged");
    const captions = [...page("diverging", "liu2021-2-small").matchAll(/<figcaption>(.*?)<\/figcaption>/gs)].map(
      (match) => words(match[1] ?? ""),
    );
    expect(captions[0]).toContain("Left out: lr 1e+30, dense, seeds 0 and 1 (diverged)");
    expect(captions[0]).toContain("lr 1e+30, ticket, one-shot 50 %, seeds 0 and 1 (an input diverged)");
    expect(captions[0]).toContain("small scale: 3 of 150 epochs");
    const [accuracy] = readdirSync(join(out, "reports", "liu2021-2-small", "figures")).filter((name) =>
      /^accuracy.*\.csv$/.test(name),
    );
    const rows = readFileSync(join(out, "reports", "liu2021-2-small", "figures", accuracy ?? ""), "utf8");
    expect(rows).toContain("lr 0.05");
    expect(rows).not.toContain("1e+30");
  }, 120_000);
});
