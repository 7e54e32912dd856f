import { z } from "zod";
import { InputError } from "../../core/errors.ts";
import { sourceError } from "./faults.ts";
import { labelFault, numberedClasses } from "./labels.ts";
import { openParquet, type ParquetColumn, type ParquetFile, readColumn } from "./parquet-file.ts";
import { patternFiles } from "./pattern.ts";
import type { Collection, SourceImage, SourceSpec } from "./source.ts";
import { shareOf, splitOff } from "./split.ts";
import type { StoredFile } from "./stored-file.ts";

interface RowImage extends SourceImage {
  readonly file: ParquetFile;
  readonly row: number;
}

interface Columns {
  readonly image: string;
  readonly label: string;
  readonly classNames: readonly string[] | undefined;
}

/**
 * `{ parquet: "train-*.parquet" }`, as the Hugging Face hub stores images: a column of structs with the bytes of PNG or JPEG files, and one
 * of labels, whose names are in the file's metadata.
 * @throws InputError with all that is wrong
 */
export async function collectParquet(source: SourceSpec): Promise<Collection> {
  const { train, test } = patternFiles(source);
  const trainFiles = await openAll(train);
  const testFiles = test === undefined ? undefined : await openAll(test);
  const first = trainFiles[0];
  if (first === undefined) throw new InputError({ where: source.place, message: "expected a file, got none" });
  const columns = columnsIn(first, source);
  for (const file of [...trainFiles, ...(testFiles ?? [])]) checkColumns(file, columns);
  const inTrain = await rowsOf(trainFiles, columns, "train");
  const all =
    testFiles === undefined
      ? splitOff(inTrain, shareOf(source, "files to test on"), source.seed)
      : [...inTrain, ...(await rowsOf(testFiles, columns, "test"))];
  const faults = all.flatMap(({ name, label }) => labelFault(name, label, columns.classNames));
  if (faults.length > 0) throw sourceError(source.place, faults);
  return {
    classNames: numberedClasses(source.place, all, columns.classNames),
    images: all,
    read: (from, to) => readImages(all.slice(from, to), columns.image),
  };
}

async function openAll(files: readonly StoredFile[]): Promise<readonly ParquetFile[]> {
  const opened: ParquetFile[] = [];
  for (const file of files) opened.push(await openParquet(file));
  return opened;
}

async function rowsOf(files: readonly ParquetFile[], { label }: Columns, part: "train" | "test"): Promise<RowImage[]> {
  const images: RowImage[] = [];
  for (const file of files)
    for (const [row, value] of (await readColumn(file, label, 0, file.rows)).entries())
      images.push({
        part,
        // What is no number becomes one that is no label.
        label: typeof value === "bigint" || typeof value === "number" ? Number(value) : Number.NaN,
        name: `${file.stored.path}: row ${row}`,
        state: `${file.stored.state} ${row} ${label}`,
        file,
        row,
      });
  return images;
}

/** Runs of rows of one file are read at once. */
async function readImages(images: readonly RowImage[], column: string): Promise<(Uint8Array | Error)[]> {
  const found: (Uint8Array | Error)[] = [];
  for (let at = 0; at < images.length; ) {
    const start = images[at];
    if (start === undefined) break;
    let end = at + 1;
    while (images[end]?.file === start.file && images[end]?.row === start.row + end - at) end++;
    const values = await groupRows(start.file, column, start.row, start.row + end - at);
    found.push(...values.map(imageBytes));
    at = end;
  }
  return found;
}

/** The last group of rows that was read: chunks of images ask for a group's rows one after another, and pages are decoded whole. */
let lastGroup: { readonly id: string; readonly from: number; readonly values: readonly unknown[] } | undefined;

async function groupRows(file: ParquetFile, column: string, from: number, to: number): Promise<readonly unknown[]> {
  const values: unknown[] = [];
  let start = 0;
  for (const { num_rows } of file.metadata.row_groups) {
    const end = start + Number(num_rows);
    if (start < to && end > from) {
      const id = `${file.stored.path} ${file.stored.state} ${column} ${start}`;
      if (lastGroup?.id !== id) lastGroup = { id, from: start, values: await readColumn(file, column, start, end) };
      values.push(...lastGroup.values.slice(Math.max(0, from - start), to - start));
    }
    start = end;
  }
  return values;
}

function imageBytes(value: unknown): Uint8Array | Error {
  if (value instanceof Uint8Array) return value;
  if (typeof value === "object" && value !== null && "bytes" in value && value.bytes instanceof Uint8Array)
    return value.bytes;
  return new Error("the row has no bytes of an image");
}

function columnsIn(file: ParquetFile, { image, label }: SourceSpec): Columns {
  const features = featuresIn(file);
  const isImage = (column: ParquetColumn) => column.fields.includes("bytes") || column.type === "BYTE_ARRAY";
  const isLabel = ({ type }: ParquetColumn) => type === "INT64" || type === "INT32";
  const ofType = (type: string) => (column: ParquetColumn) => features.get(column.name)?._type === type;
  const chosenImage = choose(file, "image", image, isImage, ofType("Image"));
  const chosenLabel = choose(file, "label", label, isLabel, ofType("ClassLabel"));
  return { image: chosenImage, label: chosenLabel, classNames: features.get(chosenLabel)?.names };
}

/** The column that was named, else the one that the metadata say, else the one that can be it. */
function choose(
  { stored, columns }: ParquetFile,
  what: "image" | "label",
  named: string | undefined,
  canBe: (column: ParquetColumn) => boolean,
  isSaid: (column: ParquetColumn) => boolean,
): string {
  const possible = columns.filter(canBe);
  const said = possible.filter(isSaid);
  const found =
    named === undefined ? (said.length > 0 ? said : possible) : possible.filter(({ name }) => name === named);
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return only.name;
  const all = columns
    .map(({ name, type, fields }) => `${name} (${type ?? (fields.join(", ") || "nested")})`)
    .join(", ");
  throw new InputError({
    where: stored.path,
    message: `expected ${named === undefined ? "one column" : `a column ${named}`} of ${what === "image" ? "images (bytes, or a struct with bytes)" : "labels (whole numbers)"}, got ${only === undefined ? `none; it has ${all}` : found.map(({ name }) => name).join(" and ")}`,
    hint: `data.${what} names the column`,
  });
}

function checkColumns({ stored, columns }: ParquetFile, { image, label }: Columns): void {
  for (const name of [image, label])
    if (!columns.some((column) => column.name === name))
      throw new InputError({
        where: stored.path,
        message: `expected the column ${name} of the first file, got ${columns.map((column) => column.name).join(", ")}`,
      });
}

const featuresSchema = z.object({
  info: z.object({
    features: z.record(z.string(), z.object({ _type: z.string().optional(), names: z.array(z.string()).optional() })),
  }),
});

type Features = z.output<typeof featuresSchema>["info"]["features"];

/** What the `datasets` library writes of each column; nothing where another program wrote the file. */
function featuresIn({ metadata }: ParquetFile): ReadonlyMap<string, Features[string]> {
  const text = metadata.key_value_metadata?.find(({ key }) => key === "huggingface")?.value;
  try {
    const found = featuresSchema.safeParse(JSON.parse(text ?? ""));
    return new Map(found.success ? Object.entries(found.data.info.features) : []);
  } catch {
    return new Map();
  }
}
