import { createHash } from "node:crypto";
import type { DataDescription, Split } from "./types.ts";

/** What is hashed before the images and labels of a part. */
export function fingerprintHead(part: string, count: number, shape: readonly number[], classes: number): string {
  return `${part} ${[count, ...shape].join("x")} ${classes}\n`;
}

/** SHA-256 of the shapes, images and labels of parts, in hexadecimal. */
export function fingerprint(
  info: Pick<DataDescription, "classes" | "shape">,
  splits: Readonly<Record<string, Split>>,
): string {
  const hash = createHash("sha256");
  for (const [name, { images, labels, count }] of Object.entries(splits)) {
    hash.update(fingerprintHead(name, count, info.shape, info.classes));
    hash.update(images);
    hash.update(labels);
  }
  return hash.digest("hex");
}
