import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  type SchemaElement,
} from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { InputError } from "../../core/errors.ts";
import { readRange, reason, type StoredFile } from "./stored-file.ts";

/** A Parquet file whose directory has been read. */
export interface ParquetFile {
  readonly stored: StoredFile;
  readonly metadata: FileMetaData;
  /** Number of rows. */
  readonly rows: number;
  /** Columns at the outermost level, with what they have inside. */
  readonly columns: readonly ParquetColumn[];
}

export interface ParquetColumn {
  readonly name: string;
  /** Physical type of a plain column, e.g. `INT64`, or `STRING`. */
  readonly type: string | undefined;
  /** Names of a struct's fields. */
  readonly fields: readonly string[];
}

/** Reads the end of a Parquet file. @throws InputError for what is none, or damaged */
export async function openParquet(stored: StoredFile): Promise<ParquetFile> {
  try {
    const metadata = await parquetMetadataAsync(bufferOf(stored));
    const groups = metadata.row_groups.reduce((sum, { num_rows }) => sum + Number(num_rows), 0);
    const rows = Number(metadata.num_rows);
    if (rows !== groups || rows < 0) throw new Error(`${rows} rows, but ${groups} in its groups`);
    return { stored, metadata, rows, columns: columnsOf(metadata) };
  } catch (cause) {
    throw unreadable(stored, cause);
  }
}

/** Values of one column in rows `from` to `to - 1`; byte arrays stay bytes. @throws InputError for damage */
export async function readColumn(
  { stored, metadata }: ParquetFile,
  column: string,
  from: number,
  to: number,
): Promise<readonly unknown[]> {
  try {
    const rows = await parquetReadObjects({
      file: bufferOf(stored),
      metadata,
      columns: [column],
      rowStart: from,
      rowEnd: to,
      compressors,
      // The default turns the bytes of images into texts.
      utf8: false,
    });
    if (rows.length !== to - from) throw new Error(`expected ${to - from} rows, got ${rows.length}`);
    return rows.map((row): unknown => row[column]);
  } catch (cause) {
    throw unreadable(stored, cause);
  }
}

function bufferOf(stored: StoredFile): AsyncBuffer {
  return {
    byteLength: stored.size,
    slice: (start, end = stored.size) => {
      const bytes = readRange(stored, start, Math.min(end, stored.size) - start);
      return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    },
  };
}

/** The schema is the tree in the order of a walk, each with its number of children. */
function columnsOf({ schema }: FileMetaData): ParquetColumn[] {
  const columns: ParquetColumn[] = [];
  const skip = (at: number): number => {
    let next = at + 1;
    for (let child = schema[at]?.num_children ?? 0; child > 0; child--) next = skip(next);
    return next;
  };
  for (let at = 1; at < schema.length; at = skip(at)) {
    const element = schema[at];
    const end = skip(at);
    const fields: string[] = [];
    for (let child = at + 1; child < end; child = skip(child)) fields.push(schema[child]?.name ?? "");
    if (element !== undefined) columns.push({ name: element.name, type: typeOf(element), fields });
  }
  return columns;
}

function typeOf({ type, converted_type, logical_type }: SchemaElement): string | undefined {
  return converted_type === "UTF8" || logical_type?.type === "STRING" ? "STRING" : type;
}

function unreadable({ path }: StoredFile, cause: unknown): InputError {
  if (cause instanceof InputError) return cause;
  return new InputError({
    where: path,
    message: `cannot be read as a Parquet file (${reason(cause)})`,
    hint: "the file is damaged, cut off or of another kind: fetch it again",
  });
}
