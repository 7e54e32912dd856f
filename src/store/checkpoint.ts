import { createHash } from "node:crypto";
import { canonicalJson } from "../core/canonical-json.ts";
import { InputError } from "../core/errors.ts";
import { decodeSafetensors, encodeSafetensors } from "../core/safetensors.ts";
import { isFileEntry } from "./record.ts";
import type { FileEntry } from "./types.ts";

const HASH_BYTES = 32;

/** What an unfinished stage goes on from: its own state, and the files it had written by then. */
export interface Checkpoint {
  readonly parts: Readonly<Record<string, Uint8Array>>;
  readonly files: Readonly<Record<string, FileEntry>>;
}

/** One file, so that one rename replaces all of it: SHA-256 of the rest, then safetensors with one byte array per part. */
export function encodeCheckpoint(key: string, { parts, files }: Checkpoint): Uint8Array {
  const arrays = Object.entries(parts).map(
    ([name, data]) => [name, { dtype: "uint8", shape: [data.length], data }] as const,
  );
  const entries = Object.fromEntries(Object.entries(files).map(([name, entry]) => [name, { ...entry }]));
  const body = encodeSafetensors(new Map(arrays), { key, files: canonicalJson(entries) });
  return Buffer.concat([createHash("sha256").update(body).digest(), body]);
}

/** The checkpoint of a key; undefined when a byte of it is not as it was written, or it is another key's, or none at all. */
export function decodeCheckpoint(bytes: Uint8Array, key: string): Checkpoint | undefined {
  const body = bytes.subarray(HASH_BYTES);
  if (!createHash("sha256").update(body).digest().equals(bytes.subarray(0, HASH_BYTES))) return undefined;
  try {
    const { tensors, metadata } = decodeSafetensors(body, "checkpoint");
    const files: unknown = JSON.parse(metadata.files ?? "{}");
    if (metadata.key !== key || !areEntries(files)) return undefined;
    const parts = [...tensors].flatMap(([name, { data }]) =>
      data instanceof Uint8Array ? [[name, data] as const] : [],
    );
    return { parts: Object.fromEntries(parts), files };
  } catch (error) {
    // The checksum fits, so nothing was damaged: another program wrote it.
    if (error instanceof InputError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function areEntries(value: unknown): value is Checkpoint["files"] {
  return typeof value === "object" && value !== null && Object.values(value).every(isFileEntry);
}
