import { canonicalJson, type Json, sha256 } from "../core/canonical-json.ts";
import { STORE_FORMAT } from "./layout.ts";
import type { FileEntry, ObjectRecord } from "./types.ts";

const TAIL = /^,"sha256":"([0-9a-f]{64})"\}\n$/;
const TAIL_LENGTH = `,"sha256":"${"0".repeat(64)}"}\n`.length;

/** The bytes of record.json: canonical JSON whose last field, `sha256`, is the SHA-256 of all the text before that field. */
export function encodeRecord(record: ObjectRecord): string {
  const body = canonicalJson(record as unknown as Json).slice(0, -1);
  return `${body},"sha256":"${sha256(body)}"}\n`;
}

/** The record of a key, or, as a string, what is wrong with the text. */
export function decodeRecord(text: string, key: string): ObjectRecord | string {
  const body = text.slice(0, -TAIL_LENGTH);
  const checksum = TAIL.exec(text.slice(-TAIL_LENGTH))?.[1];
  if (checksum === undefined) return `it has ${text.length} characters and no checksum at its end`;
  if (sha256(body) !== checksum) return "its checksum does not fit its content";
  const value = parsed(`${body}}`);
  if (!isRecord(value)) return `it has not the fields of a record of format ${STORE_FORMAT}`;
  return value.key === key ? value : `it belongs to the object ${value.key}`;
}

/**
 * The format of a record that is whole but of another version, as far as that can be told without knowing that version: JSON that
 * states another format, with a checksum that fits if it has one. Undefined for everything else: that is damage.
 */
export function formatOfOther(text: string): number | undefined {
  const checksum = TAIL.exec(text.slice(-TAIL_LENGTH))?.[1];
  if (checksum !== undefined && sha256(text.slice(0, -TAIL_LENGTH)) !== checksum) return undefined;
  const value = parsed(text);
  const format = isObject(value) ? value.format : undefined;
  return typeof format === "number" && format !== STORE_FORMAT ? format : undefined;
}

/** Undefined for what is no JSON: the checksum of a text says nothing about who wrote it. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The checksum vouches for what a store wrote; this only makes sure that the fields are there. */
function isRecord(value: unknown): value is ObjectRecord {
  if (!isObject(value)) return false;
  const { format, key, kind, status, files, provenance } = value;
  return (
    format === STORE_FORMAT &&
    typeof key === "string" &&
    typeof kind === "string" &&
    (status === "done" || status === "diverged") &&
    isObject(files) &&
    Object.values(files).every(isFileEntry) &&
    isObject(provenance)
  );
}

/** Whether it says what a file of an object must be. */
export function isFileEntry(value: unknown): value is FileEntry {
  return isObject(value) && typeof value.sha256 === "string" && typeof value.sizeBytes === "number";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
