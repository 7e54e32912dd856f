import { readdirSync, statSync } from "node:fs";
import { InputError } from "../../core/errors.ts";
import type { SourceKind } from "./source.ts";

const ENDINGS: readonly (readonly [string, SourceKind])[] = [
  [".npz", "npz"],
  [".parquet", "parquet"],
  [".tar", "webdataset"],
];

/** Which kind of source lies at a place given by hand. @throws InputError when it is none */
export function sourceKindOf(place: string): SourceKind {
  if (statSync(place, { throwIfNoEntry: false })?.isDirectory() === true)
    return readdirSync(place).some((name) => name.endsWith(".npy")) ? "npy" : "folder";
  const found = ENDINGS.find(([ending]) => place.endsWith(ending));
  if (found !== undefined) return found[1];
  throw new InputError({
    where: place,
    message: "expected a folder of images, a file or pattern of .npz, .parquet or .tar, or a spec, got none of them",
  });
}
