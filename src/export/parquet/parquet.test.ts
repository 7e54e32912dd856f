import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { toCsv } from "../../analysis/csv.ts";
import { connectivityCsv, resultsCsv } from "../../analysis/export.ts";
import { fixtureResults } from "../../analysis/fixture.ts";
import { pythonWith, runPython } from "../python.fixture.ts";
import { decodeParquet, encodeParquet } from "./parquet.ts";
import { writeResultTables } from "./write-tables.ts";

const folder = mkdtempSync(join(tmpdir(), "sweepstake-parquet-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const results = fixtureResults({ status: ({ seed }) => (seed === 1 ? "missing" : "done") });

it("holds every value that has a bit to lose, and nulls", async () => {
  const columns = new Map([
    ["a", "DOUBLE"],
    ["b", "INT64"],
    ["c", "STRING"],
    ["none", "DOUBLE"],
  ] as const);
  const rows = [
    { a: 0.1 + 0.2, b: 2 ** 53 - 1, c: 'θ0\'⊙m, "x"', none: undefined },
    { a: 5e-324, b: 0, c: "", none: undefined },
    { a: undefined, b: undefined, c: undefined, none: undefined },
    { a: -0, b: -7, c: "n", none: undefined },
  ];
  const found = await decodeParquet(encodeParquet(columns, rows, { spec: "{}" }));
  expect(found.rows).toStrictEqual(rows);
  expect(found.metadata).toMatchObject({ spec: "{}" });
});

it("refuses a value that is not of its column's type", () => {
  expect(() => encodeParquet(new Map([["a", "INT64"]]), [{ a: 1.5 }], {})).toThrow(
    /column a .* INT64, and has the value 1.5/,
  );
});

it("gives the same tables as the CSV files, with the spec", async () => {
  const files = await writeResultTables(results, folder);
  expect(files.map((file) => file.slice(folder.length + 1))).toEqual([
    "results.parquet",
    "correlations.parquet",
    "curves.parquet",
  ]);
  expect(readdirSync(folder).length).toBe(3);
  const read = await decodeParquet(readFileSync(join(folder, "results.parquet")));
  expect(toCsv(read.rows)).toBe(resultsCsv(results));
  expect(JSON.parse(read.metadata["sweepstake.spec"] ?? "")).toEqual(results.spec.resolved);
  const curves = await decodeParquet(readFileSync(join(folder, "curves.parquet")));
  const [arm] = results.arms;
  expect(curves.rows[0]).toMatchObject({ key: arm?.train, epoch: 1, testLoss: arm?.curve[0]?.testLoss });
  expect(curves.rows.length).toBe(results.arms.reduce((sum, { curve }) => sum + curve.length, 0));
});

it("has the connectivity too, with its kinds of columns", async () => {
  const connection = { variant: "v0", seed: 0, epoch: 2, copies: ["a", "b"], connect: "c", status: "done" } as const;
  const path = [
    { share: 0, error: 10, loss: null },
    { share: 1, error: 11.25, loss: 0.5 },
  ];
  const connected = { ...results, connections: [{ ...connection, path, barrier: 0.625 }] };
  await writeResultTables(connected, join(folder, "connected"));
  const { rows } = await decodeParquet(readFileSync(join(folder, "connected", "connectivity.parquet")));
  expect(toCsv(rows)).toBe(connectivityCsv(connected));
  expect(rows[1]).toMatchObject({ epoch: 2, share: 1, error: 11.25, loss: 0.5, barrier: 0.625 });
});

const python = pythonWith("pandas, pyarrow");
it.skipIf(python === undefined)("is read by pandas (needs a Python with pandas and pyarrow)", async () => {
  await writeResultTables(results, folder);
  const program = `
import json, sys, pandas, pyarrow.parquet as pq
table = pandas.read_parquet(sys.argv[1])
spec = json.loads(pq.read_schema(sys.argv[1]).metadata[b"sweepstake.spec"])
print(json.dumps([len(table), float(table.finalAccuracy.sum()), int(table.seed.sum()), int(table.finalAccuracy.isna().sum()), spec["name"]]))`;
  const sum = (values: readonly (number | undefined)[]) =>
    values.reduce<number>((total, value) => total + (value ?? 0), 0);
  const [count, accuracy, seeds, missing, name] = JSON.parse(
    runPython(python ?? "", program, join(folder, "results.parquet")),
  ) as [number, number, number, number, string];
  expect([count, seeds, name]).toEqual([results.arms.length, sum(results.arms.map(({ seed }) => seed)), "fixture"]);
  expect(missing).toBe(results.arms.filter(({ status }) => status === "missing").length);
  // Sums of rounded values in another order.
  expect(accuracy).toBeCloseTo(sum(results.arms.map(({ finalAccuracy }) => finalAccuracy)), 3);
});
