import type { DType } from "../core/array.ts";

/**
 * What a pickle may hold, as inert data. Nothing of this is ever called: a class that we know becomes one of these values,
 * one that we do not know is refused. Whole numbers beyond 2^53 are bigints; Python's 1 and 1.0 are not told apart.
 */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickleTuple
  | PickleList
  | PickleDict
  | PickleSet
  | PickleGlobal
  | PickleStorage
  | PickleTensor
  | PickleInert
  | PickleForeign;

export class PickleTuple {
  readonly items: readonly PickleValue[];

  constructor(items: readonly PickleValue[]) {
    this.items = items;
  }
}

export class PickleList {
  readonly items: PickleValue[] = [];
}

/** dict, OrderedDict and Counter alike; a later value of a key replaces an earlier one, as in Python. */
export class PickleDict {
  readonly entries = new Map<PickleValue, PickleValue>();
  /** Whether attributes may be set on it, as PyTorch sets `_metadata` on a state dict. */
  readonly isOrderedDict: boolean;

  constructor(isOrderedDict: boolean) {
    this.isOrderedDict = isOrderedDict;
  }
}

/** A set; its members do not matter to us. */
export class PickleSet {
  readonly kind = "set";
}

/** A class or function of the allow-list, by its full name. */
export class PickleGlobal {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** Bytes, torch.Size, torch.device or torch.dtype: allowed, and of no use to us. */
export class PickleInert {
  /** What it is in Python. */
  readonly type: string;

  constructor(type: string) {
    this.type = type;
  }
}

/** An object of a class that we do not know, or a call of it: its name and nothing else. It is an error only where a tensor is asked for. */
export class PickleForeign {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** Elements that tensors share, by key; the bytes lie elsewhere in the file. */
export class PickleStorage {
  readonly key: string;
  readonly dtype: DType;
  /** Elements. */
  readonly size: number;

  constructor(key: string, dtype: DType, size: number) {
    this.key = key;
    this.dtype = dtype;
    this.size = size;
  }
}

/** A strided view of a storage; offset and strides count elements. Its bounds are checked where its elements are read. */
export class PickleTensor {
  readonly storage: PickleStorage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];

  constructor(storage: PickleStorage, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}
