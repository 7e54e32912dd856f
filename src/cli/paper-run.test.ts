import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, it, vi } from "vitest";
import { findFigure } from "../paper/catalog.ts";
import { runFigures } from "./paper-run.ts";

const out = mkdtempSync(join(tmpdir(), "sweepstake-paper-"));
afterAll(() => rmSync(out, { recursive: true }));

let printed: string;
beforeEach(() => {
  printed = "";
  vi.spyOn(process.stdout, "write").mockReturnValue(true);
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

/** One dense training of seconds, for each learning rate. */
const set = [
  "model={ name: lenet5, width: 0.25 }",
  "data={ name: fashion-mnist, subset: 128, testSubset: 64 }",
  "train.epochs=3",
  "train.schedule.milestones=[2]",
  "seeds=1",
  "prune=[]",
  "retrain=[]",
];
const options = {
  out,
  scale: "small",
  executor: "inline",
  workers: 1,
  threads: 1,
  json: false,
  results: [] as const,
} as const;

it("runs figures one after the other into reports of their own; the second finds what the first trained", async () => {
  expect(await runFigures(["2", "4"].map(findFigure), { ...options, set })).toBe(0);
  for (const id of ["2", "4"])
    expect(existsSync(join(out, "reports", `liu2021-${id}-small`, "report.html"))).toBe(true);
  expect(printed).toMatch(/liu2021-2-small: .*\n.*trainings {2}2\n.*to do {6}2 of them/);
  expect(printed).toMatch(/liu2021-4-small: .*\n.*trainings {2}2\n.*to do {6}0 of them/);
  expect(printed.indexOf("liu2021-2-small")).toBeLessThan(printed.indexOf("liu2021-4-small"));
}, 60_000);

it("reads all of them before the first one runs", async () => {
  // Figure 2 has one model, which may be set; A1 has several.
  const run = runFigures(["2", "A1"].map(findFigure), { ...options, out: join(out, "none"), set });
  await expect(run).rejects.toThrow("--set model={ name: lenet5, width: 0.25 }: expected a field that is not swept");
  expect(printed).toBe("");
  expect(existsSync(join(out, "none"))).toBe(false);
});
