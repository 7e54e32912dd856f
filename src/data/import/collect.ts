import { InputError } from "../../core/errors.ts";
import { collectNpy, collectNpz } from "./array-set.ts";
import { collectFolder } from "./folder.ts";
import { MOST_CLASSES } from "./labels.ts";
import { collectParquet } from "./parquet.ts";
import type { Collection, SourceKind, SourceSpec } from "./source.ts";
import { collectWebDataset } from "./webdataset.ts";

/** How each kind of source is looked through. A new kind: a file like `folder.ts`, a name in `sourceKinds`, and a line here. */
const collectors: Readonly<Record<SourceKind, (source: SourceSpec) => Collection | Promise<Collection>>> = {
  folder: collectFolder,
  npz: collectNpz,
  npy: collectNpy,
  parquet: collectParquet,
  webdataset: collectWebDataset,
};

/** All images of a source with their classes; no image is decoded. @throws InputError with all that is wrong */
export async function collect(source: SourceSpec): Promise<Collection> {
  if (source.kind === "arrays")
    throw new InputError({
      where: source.place,
      message: "expected a source that can be read again, got arrays of a program",
    });
  return checked(source, await collectors[source.kind](source));
}

/** @throws InputError for too many classes and empty parts */
export function checked(source: SourceSpec, collection: Collection): Collection {
  const { classNames, images } = collection;
  if (classNames.length > MOST_CLASSES)
    throw new InputError({
      where: source.place,
      message: `expected at most ${MOST_CLASSES} classes, got ${classNames.length}`,
    });
  for (const part of ["train", "test"] as const)
    if (!images.some((image) => image.part === part))
      throw new InputError({ where: source.place, message: `expected images to ${part} on, got none` });
  return collection;
}
