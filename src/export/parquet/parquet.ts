import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";
import type { CsvRow } from "../../analysis/csv.ts";
import { InternalError } from "../../core/errors.ts";
import { VERSION } from "../../core/version.ts";

/** How a column is stored; every column may have nulls. */
export type ColumnType = "INT64" | "DOUBLE" | "STRING";

/** The bytes of a Parquet file (SNAPPY) with these columns. @throws InternalError for a value that is not of its column's type */
export function encodeParquet(
  columns: ReadonlyMap<string, ColumnType>,
  rows: readonly CsvRow[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const columnData = [...columns].map(([name, type]) => ({
    name,
    type,
    data: rows.map((row) => cell(row[name], type, name)),
    nullable: true,
  }));
  const kvMetadata = Object.entries(metadata).map(([key, value]) => ({ key, value }));
  return new Uint8Array(parquetWriteBuffer({ columnData, kvMetadata, createdBy: `sweepstake version ${VERSION}` }));
}

/** A Parquet file read back: rows as they were written, undefined where a column is null. */
export async function decodeParquet(bytes: Uint8Array) {
  const file = Uint8Array.from(bytes).buffer;
  const metadata = parquetMetadata(file).key_value_metadata ?? [];
  const rows = await parquetReadObjects({ file });
  return {
    rows: rows.map(
      (row): CsvRow => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)])),
    ),
    metadata: Object.fromEntries(metadata.map(({ key, value }) => [key, value ?? ""])),
  };
}

function cell(value: CsvRow[string], type: ColumnType, name: string): string | number | bigint | null {
  if (value === undefined) return null;
  if (type === "STRING" && typeof value === "string") return value;
  if (type === "DOUBLE" && typeof value === "number") return value;
  if (type === "INT64" && typeof value === "number" && Number.isSafeInteger(value)) return BigInt(value);
  throw new InternalError(
    `the column ${name} of a Parquet file is ${type}, and has the value ${JSON.stringify(value)}`,
  );
}

function plain(value: unknown): string | number | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "string" || typeof value === "number") return value;
  throw new InternalError(`a Parquet file has a value of type ${typeof value}`);
}
