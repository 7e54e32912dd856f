/** Which images an experiment uses. Names are those of the catalogue. Counts are numbers of images. */
export interface DataSpec {
  /** Name in the catalogue, e.g. `cifar10`. */
  readonly name: string;
  /** Folder that holds the files, or its parent; `~/` is the home folder. Only this place is then looked at. */
  readonly path?: string;
  /**
   * Train on so many images only: a fixed random subset, a pure function of (name, subset), never of a seed. Not balanced
   * by class. Smaller subsets are contained in larger ones, and no subset touches the validation images.
   */
  readonly subset?: number;
  /** Test on so many images only, chosen as `subset` is. */
  readonly testSubset?: number;
  /**
   * SHA-256 of the whole set's images and labels (see `dataContent`). In a spec: what the files must hold. In a plan: what they hold,
   * and so a part of every key that depends on them.
   */
  readonly content?: string;
  /** Split so many images off the training set (0, the default: none), a pure function of (name, validation). */
  readonly validation?: number;
}

/** Random changes of the training images; each is drawn anew for every image and epoch. */
export interface Augment {
  /** Zero padding in pixels on each side, from which a window of the image's size is cut at random; 0 is no crop. */
  readonly crop: number;
  /** Mirror left to right with probability 1/2. */
  readonly flip: boolean;
}

/** Images and labels of one split in this process's memory. */
export interface Split {
  /** [count, C, H, W], row-major. */
  readonly images: Uint8Array;
  /** [count], each in [0, classes); of two bytes for more than 256 classes. */
  readonly labels: Uint8Array | Uint16Array;
  readonly count: number;
}

/** Channels, height, width. */
export type ImageShape = readonly [number, number, number];

/** What a data spec amounts to: counts after subset and split. Needs no file. */
export interface DataDescription {
  readonly classes: number;
  readonly shape: ImageShape;
  readonly train: number;
  readonly validation: number;
  readonly test: number;
}

/** What is known of a data set without its files; all formats have this in common. */
export interface DataSetFacts {
  readonly name: string;
  /** As people write it. */
  readonly title: string;
  readonly classes: number;
  /** By label, where they are known. */
  readonly classNames?: readonly string[];
  readonly shape: ImageShape;
  /** Numbers of images in the official training and test set. */
  readonly train: number;
  readonly test: number;
  /** The folder's usual name. */
  readonly folder: string;
  /** Folder where a Debian package puts the files. */
  readonly packaged?: string;
  /** `dataContent` of the official files; absent where we could not compute it. */
  readonly content?: string;
  /** How to get the files, as sentences for an error's hint. */
  readonly obtain: string;
  /** Files or folders that a user may have instead of the right ones, and what to do then. */
  readonly lookalikes?: readonly { readonly name: string; readonly advice: string }[];
}

/** A data set of the catalogue: the facts and the way to read the files. One file of this folder each. */
export interface DataSetDefinition extends DataSetFacts {
  /** Format of the files; an `idx` file may be gzipped, with `.gz` added to its name. */
  readonly layout: "idx" | "cifar" | "imported";
  /** Names of all files, inside the folder. */
  readonly files: readonly string[];
  /**
   * Reads the whole set from the folder that `locateData` found.
   * @throws InputError naming the damaged file
   */
  readonly read: (folder: string) => { readonly train: Split; readonly test: Split };
}
