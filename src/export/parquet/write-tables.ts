import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CsvRow } from "../../analysis/csv.ts";
import { resultTables } from "../../analysis/export.ts";
import type { Results } from "../../analysis/types.ts";
import { canonicalJson } from "../../core/canonical-json.ts";
import { VERSION } from "../../core/version.ts";
import { writeVerified } from "../write-verified.ts";
import { type ColumnType, decodeParquet, encodeParquet } from "./parquet.ts";

/** Columns by type, so that a file's schema does not depend on what an experiment happens to have; all others are texts. */
const integers = ["seed", "rewindEpoch", "retrainEpochs", "bestEpoch", "epochs", "epoch"];
const reals = [
  ...["sparsity", "achievedSparsity", "finalAccuracy", "bestAccuracy"],
  ...["p", "rp", "nullMean", "z", "pValue"],
  ...["share", "error", "loss", "barrier"],
  ...["lr", "trainLoss", "trainAccuracy", "testLoss", "testAccuracy", "validationLoss", "validationAccuracy"],
];

/**
 * Writes `results.parquet`, `correlations.parquet`, `connectivity.parquet` and `curves.parquet`, those that have rows, with the spec in the
 * metadata. Each is read back and compared.
 * @returns the files written
 */
export async function writeResultTables(results: Results, folder: string): Promise<readonly string[]> {
  const metadata = {
    "sweepstake.name": results.spec.name,
    "sweepstake.spec": canonicalJson(results.spec.resolved),
    "sweepstake.version": VERSION,
  };
  const files: string[] = [];
  for (const [name, rows] of resultTables(results)) {
    if (rows.length === 0) continue;
    const path = join(folder, `${name}.parquet`);
    const bytes = encodeParquet(columnsOf(rows), rows, metadata);
    await writeVerified(path, bytes, async (written) => {
      const found = await decodeParquet(readFileSync(written));
      if (Object.entries(metadata).some(([key, value]) => found.metadata[key] !== value)) return "metadata are others";
      return firstDifference(rows, found.rows);
    });
    files.push(path);
  }
  return files;
}

/** The columns in the order in which the rows first name them, as in CSV. */
export function columnsOf(rows: readonly CsvRow[]): ReadonlyMap<string, ColumnType> {
  const names = new Set(rows.flatMap((row) => Object.keys(row)));
  return new Map([...names].map((name) => [name, typeOf(name)]));
}

function typeOf(name: string): ColumnType {
  if (integers.includes(name)) return "INT64";
  return reals.includes(name) ? "DOUBLE" : "STRING";
}

function firstDifference(expected: readonly CsvRow[], found: readonly CsvRow[]): string | undefined {
  if (expected.length !== found.length) return `${found.length} rows for ${expected.length}`;
  for (const [i, row] of expected.entries()) {
    const name = Object.keys(row).find((column) => !Object.is(row[column], found[i]?.[column]));
    if (name !== undefined) return `${name} of row ${i + 1}`;
  }
  return undefined;
}
