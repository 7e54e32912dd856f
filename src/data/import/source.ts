import { z } from "zod";
import type { Picture } from "./picture.ts";

/** Where a user's images are and what becomes of them on import; enters an experiment only by what it results in. */
export interface SourceSpec {
  /** What the place is; `arrays` are those of a program, whose place only names them. */
  readonly kind: SourceKind | "arrays";
  /** Absolute path, or a pattern of paths. */
  readonly place: string;
  /** Shorter side in pixels after scaling, and side of the square cut from the middle; absent: all images have one size already. */
  readonly side?: number;
  /** 1 grey, 3 colour; absent: grey if all images are. */
  readonly channels?: 1 | 3;
  /** The part to test on: a share of each class, split off by `seed`, or the name of a folder or pattern. Absent: the usual names. */
  readonly test?: number | string;
  /** Of the split by share. */
  readonly seed?: number;
  /** Parquet's columns of images and labels; absent: those that can be it. */
  readonly image?: string;
  readonly label?: string;
}

export const sourceKinds = ["folder", "npz", "npy", "parquet", "webdataset"] as const;
export type SourceKind = (typeof sourceKinds)[number];

/** The fields of a spec's `data` that describe a source beside its place. */
export const sourceFields = {
  side: z.int().min(1).max(4096).optional(),
  channels: z.union([z.literal(1), z.literal(3)], { error: "expected 1 (grey) or 3 (colour)" }).optional(),
  test: z
    .union([z.number().gt(0).lt(1), z.string().min(1)], {
      error: "expected a share between 0 and 1, or the name of the part to test on",
    })
    .optional(),
  seed: z.int().min(0).optional(),
  image: z.string().min(1).optional(),
  label: z.string().min(1).optional(),
};

/** One image of a source. */
export interface SourceImage {
  readonly part: "train" | "test";
  readonly label: number;
  /** For messages: a path, or a place inside an archive. */
  readonly name: string;
  /** Changes whenever the bytes could have: size and time of the file, and the place in it. */
  readonly state: string;
}

/** A source that has been looked through. */
export interface Collection {
  /** By label. */
  readonly classNames: readonly string[];
  /** Training images first. */
  readonly images: readonly SourceImage[];
  /** Images `from` to `to - 1`: the bytes of their files, or pictures where no file of its own was. One that cannot be read is its error. */
  read(from: number, to: number): Promise<readonly (Uint8Array | Picture | Error)[]>;
}

/** A fault of a source: which file, and what is wrong in words that are the same for all of its kind. */
export interface SourceFault {
  readonly name: string;
  readonly fault: string;
  readonly detail?: string;
}
