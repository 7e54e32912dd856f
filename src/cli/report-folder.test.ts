import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makePlan } from "../plan/plan.ts";
import { parseSpec } from "../spec/parse.ts";
import { reportFolder } from "./report-folder.ts";

let out = "";
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), "sweepstake-report-"));
});
afterEach(() => rmSync(out, { recursive: true }));

const plan = (changes: Readonly<Record<string, string>> = {}, content = "a".repeat(64)) => {
  const fields = { seeds: "2", verdict: "{}", question: "why?", device: "cpu", ...changes };
  const text = `
name: same
question: ${fields.question}
device: ${fields.device}
data: fashion-mnist
model: lenet5
train: { epochs: 2, optimizer: { sgd: { lr: 0.1 } } }
seeds: ${fields.seeds}
verdict: ${fields.verdict}
`;
  return makePlan(parseSpec(text, "same.yaml"), () => content);
};

test("is the name's for the first experiment, again and again, whatever changes no result", () => {
  const first = reportFolder(plan(), out);
  expect(first).toEqual({ folder: join(out, "reports", "same"), isTaken: false });
  for (const same of [plan(), plan({ question: "how?" }), plan({ device: "cuda:0" })])
    expect(reportFolder(same, out)).toEqual(first);
});

test.each([
  ["other seeds", plan({ seeds: "3" })],
  ["fewer seeds", plan({ seeds: "1" })],
  ["other margins", plan({ verdict: "{ alpha: 0.01 }" })],
  ["other data", plan({}, "b".repeat(64))],
])("of an experiment with %s of the same name is another one, and stays it", (_, other) => {
  const first = reportFolder(plan(), out);
  const second = reportFolder(other, out);
  expect(second.isTaken).toBe(true);
  expect(second.folder).toMatch(/reports\/same-[0-9a-f]{8}$/);
  expect(reportFolder(other, out)).toEqual(second);
  expect(reportFolder(plan(), out)).toEqual(first);
});

test("is not taken from a folder without a mark, or with a damaged one", () => {
  const folder = join(out, "reports", "same");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "report.html"), "mine");
  expect(reportFolder(plan(), out).isTaken).toBe(true);
  writeFileSync(join(folder, "experiment.json"), "{");
  expect(reportFolder(plan(), out).isTaken).toBe(true);
  expect(readFileSync(join(folder, "experiment.json"), "utf8")).toBe("{");
  expect(existsSync(join(folder, "report.html"))).toBe(true);
});
