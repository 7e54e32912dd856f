import { constants } from "node:buffer";
import { closeSync, openSync, readSync, statSync } from "node:fs";
import type { InputError } from "../core/errors.ts";
import { refuse } from "./refuse.ts";

/**
 * A whole file; also one above 2 GiB, which readFileSync refuses.
 * @param atMost bytes that it may have; those of the largest buffer by default
 * @throws InputError when there is no such file, it is none of ordinary kind, or it is too large for one buffer
 */
export function readBytes(path: string, atMost = constants.MAX_LENGTH): Buffer {
  const stat = attempt(path, () => statSync(path));
  // Opening a pipe would wait for its writer.
  if (!stat.isFile()) throw refuse(path, "expected a file, got a folder or a device", nameOne);
  if (stat.size > atMost)
    throw refuse(
      path,
      `expected at most ${atMost} bytes, got ${stat.size}`,
      "save the weights alone, without the optimizer",
    );
  const file = attempt(path, () => openSync(path, "r"));
  try {
    const bytes = Buffer.allocUnsafeSlow(stat.size);
    let done = 0;
    while (done < bytes.length) {
      const length = Math.min(bytes.length - done, 2 ** 30);
      const read = attempt(path, () => readSync(file, bytes, done, length, done));
      if (read === 0) break;
      done += read;
    }
    return bytes.subarray(0, done);
  } finally {
    closeSync(file);
  }
}

const nameOne = "name a .pt, .pth or .safetensors file";

function attempt<Result>(path: string, action: () => Result): Result {
  try {
    return action();
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): InputError {
  return refuse(path, `cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, nameOne);
}
