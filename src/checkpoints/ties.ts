import { elementCount, sameShape } from "../core/array.ts";
import type { PickleTensor } from "./pickle-values.ts";
import { quoted } from "./refuse.ts";

/** Which names of a file are one and the same array, and which share memory in another way. */
export interface Ties {
  /** The first name of the same array, for every further one. */
  readonly same: ReadonlyMap<string, string>;
  /** Pairs that overlap without being the same: transposed or partial views. */
  readonly overlapping: readonly (readonly [string, string])[];
}

export const noTies: Ties = { same: new Map(), overlapping: [] };

/** Ties of tensors by the storage that they view. Empty tensors and scalars share nothing that matters. */
export function tiesOf(tensors: ReadonlyMap<string, PickleTensor>): Ties {
  const same = new Map<string, string>();
  const overlapping: [string, string][] = [];
  const seen = new Map<string, [string, PickleTensor][]>();
  for (const [name, tensor] of tensors) {
    if (elementCount(tensor.shape) < 2) continue;
    const { key } = tensor.storage;
    const others = seen.get(key) ?? [];
    const first = others.find(([, other]) => isSame(other, tensor));
    const partly = others.find(([, other]) => !isSame(other, tensor) && overlaps(other, tensor));
    if (first !== undefined) same.set(name, first[0]);
    else {
      if (partly !== undefined) overlapping.push([partly[0], name]);
      seen.set(key, [...others, [name, tensor]]);
    }
  }
  return { same, overlapping };
}

/** Names of a tied file as sentences for the user. */
export function tieNotes({ same, overlapping }: Ties): readonly string[] {
  return [
    ...[...same].map(
      ([name, first]) => `${quoted(name)} is ${quoted(first)} (tied): one array, one mask, counted once`,
    ),
    ...overlapping.map(([a, b]) => `${quoted(b)} shares memory with ${quoted(a)} in another layout`),
  ];
}

function isSame(a: PickleTensor, b: PickleTensor): boolean {
  return a.offset === b.offset && sameShape(a.shape, b.shape) && sameShape(a.strides, b.strides);
}

/** Whether the ranges of elements that two views of one storage span meet. */
function overlaps(a: PickleTensor, b: PickleTensor): boolean {
  const end = ({ offset, shape, strides }: PickleTensor) =>
    shape.reduce((sum, length, i) => sum + (length - 1) * (strides[i] ?? 0), offset);
  return a.offset <= end(b) && b.offset <= end(a);
}
