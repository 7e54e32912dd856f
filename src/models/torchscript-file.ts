import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { ZipArchive } from "../checkpoints/zip-read.ts";
import { InputError } from "../core/errors.ts";

/** A file's content, and its SHA-256 in hexadecimal. */
export interface ReadFile {
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

/**
 * Reads a TorchScript file.
 * @param sha256 that it must have
 * @throws InputError when it cannot be read, is of another kind, or has changed
 */
export function readTorchScript(path: string, sha256?: string): ReadFile {
  const bytes = read(path);
  checkKind(path, bytes);
  const found = createHash("sha256").update(bytes).digest("hex");
  if (sha256 !== undefined && found !== sha256) {
    throw new InputError({
      where: "model",
      message: `expected ${path} to have the SHA-256 ${sha256}, got ${found}: the file has changed`,
      hint: "results belong to a file's content: restore it, or plan anew with the changed file",
    });
  }
  return { bytes, sha256: found };
}

function read(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `expected a TorchScript file at ${path}, which cannot be read: ${reason}`;
    throw new InputError({ where: "model", message, hint: "a relative path starts from the spec's folder" });
  }
}

/** What torch.save and torch.jit.save write are ZIP files; names in them are not compressed, so their text is found in the bytes. */
function checkKind(path: string, bytes: Uint8Array): void {
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isZip = content.subarray(0, 2).toString("latin1") === "PK";
  if (isZip && content.includes("/constants.pkl") && content.includes("/code/")) {
    checkWhole(path, bytes);
    return;
  }
  const isCheckpoint = (isZip && content.includes("/data.pkl")) || content[0] === 0x80;
  const got = isCheckpoint ? "weights without a network (a state dict or checkpoint)" : "another kind of file";
  const message = `expected ${path} to be a network saved as TorchScript, got ${got}`;
  throw new InputError({ where: "model", message, hint: 'in Python: torch.jit.script(model).save("net.pt")' });
}

/** libtorch does not compare all checksums, and a damaged archive can end the process; so they are compared before it sees the file. */
function checkWhole(path: string, bytes: Uint8Array): void {
  const archive = new ZipArchive(bytes, path);
  for (const name of archive.names) archive.read(name);
}
