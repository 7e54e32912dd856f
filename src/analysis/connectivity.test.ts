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
import { connectionGroups, connectivityTable } from "./connectivity.ts";
import { connectivityCsv, resultsJson } from "./export.ts";

const plan = makePlan(
  parseSpec(
    `{ name: a, data: fashion-mnist, model: lenet5, train: { epochs: 4, optimizer: { sgd: { lr: 0.1 } } }, seeds: 2,
       prune: [{ one-shot: { sparsities: [0.5] } }], retrain: [], measure: { connectivity: { epochs: [0, 2], points: 3, masks: true } } }`,
    "a.yaml",
  ),
);
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

let folder: string;
let store: Store;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sweepstake-connectivity-"));
  store = Store.open(folder, () => undefined);
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Stores test errors in percent as the path of one connection. */
function put(at: { seed: number; epoch: number; isSparse?: boolean }, errors: readonly number[]): void {
  putJson(
    at,
    errors.map((error, i) => ({ share: i / 2, testLoss: i === 1 ? null : 1, testAccuracy: 1 - error / 100 })),
  );
}

function putJson(
  { seed, epoch, isSparse = false }: { seed: number; epoch: number; isSparse?: boolean },
  path: Json,
): void {
  const found = plan.connections.find(
    (connection) =>
      connection.seed === seed && connection.epoch === epoch && (connection.cell !== undefined) === isSparse,
  );
  const lease = store.claim(found?.connect ?? "");
  if (lease === undefined) throw new Error("claimed");
  lease.write("path.json", JSON.stringify(path));
  lease.commit({ stage: {}, kind: "connect", status: "done", summary: {}, provenance });
  lease.release();
}

test("barriers are grouped by network and epoch, with the seeds that are done", () => {
  put({ seed: 0, epoch: 0 }, [10, 40, 12]); // 29 above 11
  put({ seed: 1, epoch: 0 }, [8, 20, 8]); // 12 above 8
  put({ seed: 0, epoch: 2 }, [10, 11, 10]); // 1
  put({ seed: 0, epoch: 2, isSparse: true }, [14, 15.5, 14]); // 1.5
  put({ seed: 1, epoch: 2, isSparse: true }, [14, 16, 14]); // 2, which is not below 2
  const groups = connectionGroups(collect(plan, store));
  const seen = groups.map(({ name, epoch, barrier, ends, stable }) => [
    name,
    epoch,
    barrier?.n,
    barrier?.mean,
    ends?.mean,
    stable,
  ]);
  const near = (value: number) => expect.closeTo(value, 10) as number;
  expect(seen).toEqual([
    ["dense", 0, 2, near(20.5), near(9.5), 0],
    ["dense", 2, 1, near(1), near(10), 1],
    ["one-shot 50 %", 0, undefined, undefined, undefined, 0],
    ["one-shot 50 %", 2, 2, near(1.75), near(14), 1],
  ]);
});

test("the table says what is missing", () => {
  put({ seed: 0, epoch: 2 }, [10, 11, 10]);
  expect(connectivityTable(collect(plan, store)).rows.slice(0, 2)).toEqual([
    ["a", "dense", "0", "-", "-", "0 of 0 seeds, seed 0 missing, seed 1 missing"],
    ["a", "dense", "2", "10.00 (n 1)", "1.00 (n 1)", "1 of 1 seed, seed 1 missing"],
  ]);
});

test("the CSV has one row per point with the error, the barrier and the keys, and one where nothing was measured", () => {
  put({ seed: 1, epoch: 0 }, [8, 20, 8]);
  const results = collect(plan, store);
  const [head = "", ...rows] = connectivityCsv(results).trimEnd().split("\n");
  expect(head).toBe("variant,label,seed,epoch,pruning,sparsity,share,error,loss,barrier,status,reason,copy1,copy2,key");
  expect(rows).toHaveLength(7 + 3);
  const [, , , , first] = rows.filter((row) => row.startsWith("v0,a,1,0,,,"));
  expect(first).toBeUndefined();
  const measured = rows.filter((row) => row.startsWith("v0,a,1,0,,,")).map((row) => row.split(",").slice(6, 11));
  expect(measured).toEqual([
    ["0", "8", "1", "12", "done"],
    ["0.5", "20", "", "12", "done"],
    ["1", "8", "1", "12", "done"],
  ]);
  const json = JSON.parse(resultsJson(results)) as { connectivity: readonly { readonly seed: number }[] };
  expect(json.connectivity).toHaveLength(10);
});

test("a damaged path is missing, and one that is no path an error of ours", () => {
  put({ seed: 0, epoch: 0 }, [10, 40, 12]);
  const [file = ""] = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith("path.json"),
  );
  writeFileSync(join(folder, file), "[]");
  expect(collect(plan, store).connections[0]).toMatchObject({ status: "missing", path: [] });
  putJson({ seed: 0, epoch: 2 }, [{ share: 0 }, { share: 1 }]);
  expect(() => collect(plan, store)).toThrow(InternalError);
});
