import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Json } from "../core/canonical-json.ts";
import { InternalError } from "../core/errors.ts";
import { makePlan } from "../plan/plan.ts";
import { parseSpec } from "../spec/parse.ts";
import { Store } from "../store/store.ts";
import type { Provenance } from "../store/types.ts";
import { collect } from "./collect.ts";

const plan = makePlan(
  parseSpec(
    `{ name: a, data: fashion-mnist, model: lenet5, train: { epochs: 2, optimizer: { sgd: { lr: 0.1 } } },
       prune: [{ one-shot: { sparsities: [0.5] } }, { admm: { sparsities: [0.5, 0.8] } }], retrain: [ticket, fine-tune], seeds: [4] }`,
    "a.yaml",
  ),
);
const [first = "", second = ""] = [...plan.stages.values()].flatMap(({ kind, key }) => (kind === "admm" ? [key] : []));
const provenance: Provenance = {
  sweepstake: "0.1.0",
  node: "v20",
  libtorch: "1.13.1",
  device: "cpu",
  threads: 1,
  precision: "float32",
  hardware: "test",
  startedAt: "2025-01-01T00:00:00.000Z",
  finishedAt: "2025-01-01T00:00:01.000Z",
  durationMs: 1000,
  resumes: 0,
};
const lines = [
  { epoch: 1, rho: 0.1, residuals: { a: 0.5, b: 0.25 } },
  { epoch: 2, rho: 1, residuals: { a: 0.04, b: 0.03 } },
];

let folder: string;
let store: Store;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sweepstake-collect-"));
  store = Store.open(folder, () => undefined);
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(key: string, residuals: readonly object[], status: "done" | "diverged", summary: Json = {}): void {
  const lease = store.claim(key);
  if (lease === undefined) throw new Error("claimed");
  lease.write("residuals.jsonl", residuals.map((line) => `${JSON.stringify(line)}\n`).join(""));
  lease.commit({ stage: {}, kind: "admm", status, summary, provenance });
  lease.release();
}

test("every ADMM mask is listed once, whatever starts from it, with its residuals", () => {
  put(first, lines, "done");
  const { admm, admmRuns } = collect(plan, store);
  expect(admm.map(({ seed, cell, status, epochs }) => [seed, cell.pruning, cell.sparsity, status, epochs])).toEqual([
    [4, "admm", 0.5, "done", lines],
    [4, "admm", 0.8, "missing", []],
  ]);
  expect(admmRuns).toBe(2);
});

test("a diverged one keeps the epochs before, and what needs it is skipped by name", () => {
  put(second, lines.slice(0, 1), "diverged", { divergedAt: { epoch: 2, step: 7 } });
  const { admm, arms } = collect(plan, store);
  expect(admm[1]).toMatchObject({
    status: "diverged",
    reason: "the loss was no longer finite in epoch 2, step 7",
    epochs: lines.slice(0, 1),
  });
  const skipped = arms.filter(({ status }) => status === "skipped");
  expect(skipped.map(({ start, cell }) => [start, cell?.sparsity])).toEqual([
    ["ticket", 0.8],
    ["fine-tune", 0.8],
  ]);
  expect(skipped[0]?.reason).toContain("mask, admm 80 %, which diverged");
});

test("a damaged file of residuals makes the mask missing", () => {
  put(first, lines, "done");
  const [file = ""] = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith("residuals.jsonl"),
  );
  writeFileSync(join(folder, file), "{}\n");
  expect(collect(plan, store).admm[0]).toMatchObject({ status: "missing", epochs: [] });
});

test("lines that are no residuals are an error of ours", () => {
  put(first, [{ epoch: 1 }], "done");
  expect(() => collect(plan, store)).toThrow(InternalError);
});
