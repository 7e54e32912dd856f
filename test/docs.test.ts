import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { makePlan } from "../src/plan/plan.ts";
import { loadSpec } from "../src/spec/load.ts";

const root = resolve(import.meta.dirname, "..");
const pages = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
  .map((name) => join(root, name))
  .concat(
    readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".md"))
      .map((name) => join(root, "docs", name)),
  );

describe("documents", () => {
  it.each(pages)("every relative link of %s leads to a file", (page) => {
    const links = [...readFileSync(page, "utf8").matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(
      (match) => match[1] ?? "",
    );
    expect(links.filter((link) => !existsSync(join(dirname(page), link)))).toEqual([]);
  });

  it("the commands that the README shows exist", () => {
    const readme = readFileSync(join(root, "README.md"), "utf8");
    const shown = [...readme.matchAll(/npx sweepstake ([a-z-]+)/g)].map((match) => match[1] ?? "");
    const known = readdirSync(join(root, "src/cli/commands")).map((name) => name.replace(/\.ts$/, ""));
    expect(shown.length).toBeGreaterThan(4);
    expect(shown.filter((name) => !known.includes(name))).toEqual([]);
  });
});

describe("example specs", () => {
  const specs = readdirSync(join(root, "examples")).filter((name) => name.endsWith(".yaml"));

  it("exist", () => {
    expect(specs).toContain("demo.yaml");
  });

  it.each(specs)("%s is valid and plans", (name) => {
    const plan = makePlan(loadSpec(join(root, "examples", name)));
    expect(plan.trainings).toBeGreaterThan(0);
    expect(plan.trainingsUnshared).toBeGreaterThan(plan.trainings);
  });

  it("the demo has two learning rates, three seeds, both prunings at three sparsities and all four starts", () => {
    const { spec, arms } = makePlan(loadSpec(join(root, "examples/demo.yaml")));
    expect(spec.variants).toHaveLength(2);
    expect(spec.seeds.length).toBeGreaterThanOrEqual(3);
    const cells = new Set(arms.flatMap(({ cell }) => (cell === undefined ? [] : [`${cell.pruning} ${cell.sparsity}`])));
    expect(cells.size).toBe(6);
    expect(new Set(arms.map(({ start }) => start))).toEqual(
      new Set(["dense", "ticket", "reinit", "rewind", "fine-tune"]),
    );
  });
});
