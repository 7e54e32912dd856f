import { gunzipSync, gzipSync } from "node:zlib";
import { codeOf } from "../../core/atomic-write.ts";
import { canonicalJson, type Json, sha256 } from "../../core/canonical-json.ts";
import { InputError } from "../../core/errors.ts";
import { readBounded } from "../../core/read-bounded.ts";
import { VERSION } from "../../core/version.ts";
import { RECORD_FILE, STAGE_FILE, STORE_FORMAT } from "../../store/layout.ts";
import { decodeRecord, encodeRecord, formatOfOther } from "../../store/record.ts";
import type { ObjectRecord } from "../../store/types.ts";

/** Ending of the files. */
export const RESULTS_ENDING = ".results.gz";
/** Version of everything below; a file of another one is refused. */
const FORMAT = 1;
/** Beyond it a file is none of ours: a training's results are some kilobytes. */
const MAX_BYTES = 2 ** 30;

/** A finished stage without weights: its record, which lists no others, and its files by name. */
export interface FinishedResult {
  readonly record: ObjectRecord;
  readonly files: ReadonlyMap<string, Buffer>;
}

/** Finished results of an experiment as one file. */
export interface ResultsFile {
  /** Of the experiment that they were computed for. */
  readonly name: string;
  readonly results: readonly FinishedResult[];
}

/**
 * The bytes of an export, gzip over: a line of JSON (format, name, number of results, size and SHA-256 of what follows), then for every
 * result, by rising key, its record as a store has it and its files in the order of their names. Equal results give equal bytes.
 */
export function encodeResults({ name, results }: ResultsFile): Buffer {
  const sorted = [...results].sort((a, b) => (a.record.key < b.record.key ? -1 : 1));
  const body = Buffer.concat(
    sorted.flatMap(({ record, files }) => [
      Buffer.from(encodeRecord(record)),
      ...fileNames(record).map((file) => files.get(file) ?? Buffer.alloc(0)),
    ]),
  );
  const header = {
    type: TYPE,
    format: FORMAT,
    sweepstake: VERSION,
    name,
    results: sorted.length,
    sizeBytes: body.length,
    sha256: sha256(body),
  };
  return gzipSync(Buffer.concat([Buffer.from(`${canonicalJson(header)}\n`), body]), { level: 9 });
}

const TYPE = "sweepstake results";

/** @throws InputError when the file cannot be read, and as `decodeResults` does */
export function readResults(path: string): ResultsFile {
  let bytes: Buffer | undefined;
  try {
    bytes = readBounded(path, MAX_BYTES);
  } catch (error) {
    throw refused(path, `cannot be read (${codeOf(error)})`, "name a file that sweepstake export --to results wrote");
  }
  if (bytes === undefined) throw refused(path, `has more than ${MAX_BYTES} bytes`);
  return decodeResults(bytes, path);
}

/**
 * Reads an export; every checksum is verified, and that every result is of the stage that its key names.
 * @param where the file's name, for errors
 * @throws InputError naming the file when it is of another version, cut off, damaged, or no export
 */
export function decodeResults(packed: Buffer, where: string): ResultsFile {
  const bytes = unpacked(packed, where);
  const end = bytes.indexOf(10);
  const header = headerOf(bytes.subarray(0, Math.max(0, end)).toString("utf8"), where);
  const body = bytes.subarray(end + 1);
  if (body.length !== header.sizeBytes)
    throw damaged(where, `it holds ${body.length} bytes of results instead of ${header.sizeBytes}`);
  if (sha256(body) !== header.sha256) throw damaged(where, "its checksum does not fit its content");
  const results: FinishedResult[] = [];
  for (let at = 0; at < body.length; ) {
    const { result, next } = resultAt(body, at, where);
    results.push(result);
    at = next;
  }
  if (results.length !== header.results)
    throw damaged(where, `it holds ${results.length} results instead of ${header.results}`);
  return { name: header.name, results };
}

function unpacked(packed: Buffer, where: string): Buffer {
  try {
    return gunzipSync(packed, { maxOutputLength: MAX_BYTES });
  } catch (error) {
    const code = codeOf(error);
    if (code === "Z_BUF_ERROR") throw damaged(where, "it is cut off");
    if (code === "ERR_BUFFER_TOO_LARGE") throw refused(where, `unpacks to more than ${MAX_BYTES} bytes`);
    if (packed.length < 2 || packed[0] !== 0x1f || packed[1] !== 0x8b)
      throw refused(where, "is no export of results: it is not packed by gzip", WRITTEN_BY);
    throw damaged(where, `it cannot be unpacked (${code})`);
  }
}

interface Header {
  readonly name: string;
  readonly results: number;
  readonly sizeBytes: number;
  readonly sha256: string;
}

function headerOf(line: string, where: string): Header {
  const value = jsonOf(line);
  if (typeof value !== "object" || value === null || !("type" in value) || value.type !== TYPE)
    throw refused(where, "is no export of results: its first line does not say so", WRITTEN_BY);
  const { format, sweepstake, name, results, sizeBytes, sha256: checksum } = value as Readonly<Record<string, unknown>>;
  if (format !== FORMAT)
    throw ofOtherVersion(
      where,
      `is of format ${String(format)}, by sweepstake ${String(sweepstake)}`,
      `format ${FORMAT}`,
    );
  if (
    typeof name !== "string" ||
    typeof results !== "number" ||
    typeof sizeBytes !== "number" ||
    typeof checksum !== "string"
  )
    throw damaged(where, "its first line is incomplete");
  return { name, results, sizeBytes, sha256: checksum };
}

/** The result that begins at this byte, and where the next one does. */
function resultAt(body: Buffer, at: number, where: string): { result: FinishedResult; next: number } {
  const end = body.indexOf(10, at);
  const text = end === -1 ? "" : body.subarray(at, end + 1).toString("utf8");
  const record = decodeRecord(text, keyIn(text));
  if (typeof record === "string") {
    const format = formatOfOther(text);
    if (format !== undefined) throw ofOtherVersion(where, `has records of format ${format}`, `format ${STORE_FORMAT}`);
    throw damaged(where, `the record at byte ${at} is damaged: ${record}`);
  }
  const files = new Map<string, Buffer>();
  let next = end + 1;
  for (const file of fileNames(record)) {
    const { sizeBytes, sha256: expected } = record.files[file] ?? { sizeBytes: 0, sha256: "" };
    if (!/^\w[\w@.-]*$/.test(file) || file === RECORD_FILE || isWeightsFile(file))
      throw damaged(where, `result ${record.key} lists the file "${file}", which no export has`);
    const bytes = body.subarray(next, next + sizeBytes);
    if (sha256(bytes) !== expected) throw damaged(where, `${file} of result ${record.key} is not what its record says`);
    files.set(file, bytes);
    next += sizeBytes;
  }
  checkStage(record, files.get(STAGE_FILE)?.toString("utf8"), where);
  return { result: { record, files }, next };
}

/** A key is the hash of what a stage states, so a result under another stage's key is found out. */
function checkStage({ key, kind }: ObjectRecord, text: string | undefined, where: string): void {
  const stage = jsonOf(text ?? "");
  const statedKind = typeof stage === "object" && stage !== null && "kind" in stage ? stage.kind : undefined;
  const canonical = stage === undefined ? "" : canonicalJson(stage);
  if (statedKind !== kind || sha256(canonical) !== key || text !== `${canonical}\n`)
    throw damaged(where, `result ${key} does not fit its ${STAGE_FILE}: its key is that of another stage`);
}

/** Names of a record's files in order. */
function fileNames({ files }: ObjectRecord): readonly string[] {
  return Object.keys(files).sort();
}

/** Whether a file of an object is weights, which an export leaves out. */
export function isWeightsFile(file: string): boolean {
  return file.startsWith("weights@");
}

function keyIn(text: string): string {
  const value = jsonOf(text);
  const key = typeof value === "object" && value !== null && "key" in value ? value.key : undefined;
  return typeof key === "string" && /^[0-9a-f]{64}$/.test(key) ? key : "";
}

function jsonOf(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

const WRITTEN_BY = "name a file that sweepstake export --to results wrote";

function ofOtherVersion(where: string, what: string, ours: string): InputError {
  return refused(
    where,
    `is an export of another version: it ${what}, this version reads ${ours}`,
    "export the results again with this version, or read them with that one",
  );
}

function damaged(where: string, what: string): InputError {
  return refused(where, `is damaged: ${what}`, "copy or fetch it again; nothing of it was taken in");
}

function refused(where: string, what: string, hint?: string): InputError {
  return new InputError({ where, message: `the file ${what}`, ...(hint === undefined ? {} : { hint }) });
}
