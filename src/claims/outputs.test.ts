import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { claims, judgeClaims } from "./judge.ts";
import { claimsMarkdown } from "./markdown.ts";
import { claimsCsv, claimsJson } from "./rows.ts";
import { claimLine, claimsText } from "./text.ts";
import type { ClaimsResult } from "./types.ts";
import { paperAccuracy, type World, worldResults } from "./world.fixture.ts";

const judged = (world: World = {}) => judgeClaims([worldResults(world)], "tiny: 5 of 150 epochs");
function line(id: number, result: ClaimsResult): string {
  const verdict = result.verdicts.find(({ claim }) => claim.id === id);
  return verdict === undefined ? "" : claimLine(verdict);
}

test("docs/claims.md states every hypothesis, margin and rule as the code has them", () => {
  const page = readFileSync(new URL("../../docs/claims.md", import.meta.url), "utf8");
  for (const { id, words, formula, margin, rule, source } of claims) {
    const section = page.slice(page.indexOf(`### Claim ${id}\n`)).split(/\n###? /)[0] ?? "";
    for (const text of [words, formula, margin, rule, source]) expect(section).toContain(text);
  }
  expect(claims.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

describe("the sentence of a verdict has its numbers", () => {
  test("confirmed", () => {
    expect(line(2, judged())).toMatch(
      /^confirmed: dense at lr 0\.1 − at lr 0\.01: \+2\.\d\d points \(90 % CI \+\d\.\d\d to \+\d\.\d\d; 3 seeds; asked: above 0\.00; p [\d.<e -]+\)\.$/,
    );
    expect(line(8, judged())).toMatch(/^confirmed, p .*; closest call: lr 0\.1, admm \d0 %, .* − /);
  });

  test("refuted, by the statement that refutes most strongly", () => {
    const accuracy: World["accuracy"] = (start, at) =>
      start === "ticket" && at.sparsity === 0.7 ? 95 : paperAccuracy(start, at);
    expect(line(5, judged({ accuracy }))).toMatch(
      /^refuted: lr 0\.1, .* 70 %, fine-tune − ticket: −3\.\d\d points .*asked: above 0\.00; p of the opposite/,
    );
  });

  test("undecided, with what is missing and what is most open", () => {
    expect(line(5, judged({ prunings: ["iterative", "admm"] }))).toMatch(
      /^undecided \(12 of 14 hold\), runs are missing\. Most open: .* Not run: fine-tune and ticket under one-shot masks and fine-tune and reinit under one-shot masks\.$/,
    );
    expect(line(2, judged({ seeds: 1 }))).toMatch(
      /^undecided \(0 of 1 hold\), one seed cannot decide\. Most open: .* \(1 seed; asked: above 0\.00; no p-value\)\.$/,
    );
    expect(line(2, judged({ noise: 2 }))).toMatch(/^undecided \(0 of 1 hold\), about \d+ seeds would decide\./);
  });

  test("R_p never without its null", () => {
    expect(line(7, judged())).toMatch(/R_0\.2\(.*\) − null: .* points, \d+\.\d % against a null of \d+\.\d %/);
  });

  test("not run", () => {
    expect(line(2, judged({ rates: [0.1] }))).toBe("not run: dense at two learning rates.");
  });
});

test("trainings of one setting by two processors are named in every output but the table of parts", () => {
  const results = worldResults({ seeds: 2 });
  const arms = results.arms.map((arm) =>
    arm.record === undefined || arm.seed === 0
      ? arm
      : { ...arm, record: { ...arm.record, provenance: { ...arm.record.provenance, hardware: "Another CPU" } } },
  );
  const alike = judgeClaims([results], "tiny");
  const mixed = judgeClaims([{ ...results, arms }], "tiny");
  for (const write of [claimsText, claimsMarkdown, claimsJson]) {
    expect(write(mixed)).toMatch(/Mixed: the trainings of .* and \d+ by libtorch 1\.13\.1 on cpu, Another CPU\)/);
    expect(write(alike)).not.toContain("Mixed:");
  }
});

describe("the files", () => {
  const result = judged();
  const lines = claimsCsv(result).trimEnd().split("\n");
  const columns = lines[0]?.split(",") ?? [];

  test("the CSV has a row per part, with effect, interval, p-values, n and the scale", () => {
    const statements = lines.filter((row) => row.includes(",statement,"));
    // 1: 2 halves of 3 sparsities and 2 conditions; 2: 1; 3: 5 p, 2 rates; 4: 4·3; 5: 3·3·2; 6: 2·3 and 2·2; 7: 2; 8: 2·3; 9: 2·3 and 2.
    expect(statements).toHaveLength(12 + 1 + 10 + 12 + 18 + 10 + 2 + 6 + 8);
    expect(columns).toEqual(
      expect.arrayContaining([
        "scale",
        "effect",
        "low",
        "high",
        "sd",
        "n",
        "dropped",
        "pHolds",
        "pHoldsHolm",
        "pFails",
      ]),
    );
    const row = statements.find((text) => text.includes("dense at lr 0.1")) ?? "";
    // Labels with commas are quoted.
    const dense = [...row.matchAll(/(?:^|,)(?:"([^"]*)"|([^,]*))/g)].map((match) => match[1] ?? match[2]);
    const value = (column: string) => dense[columns.indexOf(column)];
    expect(value("scale")).toBe("tiny: 5 of 150 epochs");
    expect([value("claim"), value("relation"), value("bound"), value("n")]).toEqual(["2", "above", "0", "3"]);
    expect(Number(value("a")) - Number(value("b"))).toBeCloseTo(Number(value("effect")), 5);
  });

  test("the JSON has all claims with hypothesis and outcome", () => {
    const content = JSON.parse(claimsJson(result)) as { scale: string; claims: { id: number; outcome: string }[] };
    expect(content.scale).toBe("tiny: 5 of 150 epochs");
    expect(content.claims.map(({ id, outcome }) => `${id} ${outcome}`)).toEqual(
      claims.map(({ id }) => `${id} confirmed`),
    );
  });

  test("Markdown and terminal name scale, rates and every verdict, and say how Table 1 is read", () => {
    for (const text of [claimsMarkdown(result), claimsText(result)]) {
      expect(text).toContain("tiny: 5 of 150 epochs");
      expect(text).toContain("lr 0.01 taken as insufficient, lr 0.1 as desirable; 3 seeds");
    }
    expect(claimsMarkdown(result)).toContain("against p the second half");
    expect(claimsText(result).match(/^Claim \d: confirmed/gm)).toHaveLength(9);
  });

  test("several settings are told apart", () => {
    const two = judgeClaims([worldResults(), worldResults({ model: "conv2", rates: [0.1] })], "x");
    expect(claimsText(two)).toMatch(/^Claim 2, lenet5 on fashion-mnist: confirmed/m);
    expect(claimsText(two)).toMatch(/^Not run, conv2 on fashion-mnist: claim 2$/m);
    expect(claimsText(two)).toContain("lr 0.1 taken as desirable, the only one");
    expect(two.verdicts).toHaveLength(18);
  });
});
