import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { replaceFile } from "../../core/atomic-write.ts";
import { canonicalJson, sha256 } from "../../core/canonical-json.ts";
import { decodePicture } from "./decode.ts";
import { fitPicture } from "./fit.ts";
import { PictureFault } from "./picture.ts";
import type { Collection, SourceFault } from "./source.ts";

/** How the images of a set are kept. */
export interface Form {
  readonly side: number | undefined;
  readonly channels: 1 | 3;
  /** Bytes of an image. */
  readonly pixels: number;
}

/** Images of a chunk: what a killed import loses at most, and what is in memory at once. */
export const CHUNK = 512;

const DIGEST = 32;

/**
 * The decoded images `from` to `to - 1` from their chunk's file, or decoded and kept in it. The file's name is a hash of what it was made
 * from, and its end one of its bytes, so that a killed import goes on with what is whole.
 * @returns the images one after another, or what is wrong with some of them
 */
export async function chunk(
  folder: string,
  collection: Collection,
  [from, to]: readonly [number, number],
  form: Form,
): Promise<Uint8Array | readonly SourceFault[]> {
  const images = collection.images.slice(from, to);
  const states = images.map(({ name, state }) => `${name} ${state}`);
  const path = join(folder, sha256(canonicalJson({ states, ...form, side: form.side ?? null, version: 1 })));
  const size = images.length * form.pixels;
  const kept = readChunk(path, size);
  if (kept !== undefined) return kept;
  const faults: SourceFault[] = [];
  const bytes = new Uint8Array(size + DIGEST);
  for (const [i, file] of (await collection.read(from, to)).entries()) {
    const name = images[i]?.name ?? "";
    try {
      if (file instanceof Error) throw new PictureFault("unreadable file", file.message);
      const fitted = fitPicture(decodePicture(file), form.side, form.channels);
      if (fitted.length !== form.pixels) throw new PictureFault("image of another size");
      bytes.set(fitted, i * form.pixels);
    } catch (error) {
      faults.push(faultOf(name, error));
    }
  }
  if (faults.length > 0) return faults;
  bytes.set(digest(bytes.subarray(0, size)), size);
  replaceFile(path, bytes);
  return bytes.subarray(0, size);
}

/** @throws what is no fault of an image */
export function faultOf(name: string, error: unknown): SourceFault {
  if (!(error instanceof PictureFault)) throw error;
  const detail = error.message
    .slice(error.fault.length)
    .trim()
    .replace(/^\((.*)\)$/s, "$1");
  return { name, fault: error.fault, detail };
}

function readChunk(path: string, size: number): Uint8Array | undefined {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch {
    return undefined;
  }
  const body = bytes.subarray(0, size);
  if (bytes.length !== size + DIGEST || !digest(body).equals(bytes.subarray(size))) return undefined;
  return body;
}

function digest(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}
