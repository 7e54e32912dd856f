import { InputError } from "../../core/errors.ts";
import { stream } from "../../core/rng.ts";
import type { SourceImage, SourceSpec } from "./source.ts";

/**
 * Images with the same share of every class split off to test on, training images first: a pure function of (seed, label, order in the
 * class).
 * @param share in (0, 1)
 */
export function splitOff<T extends SourceImage>(images: readonly T[], share: number, seed = 0): T[] {
  const byLabel = new Map<number, T[]>();
  for (const image of images) {
    const ofClass = byLabel.get(image.label);
    if (ofClass === undefined) byLabel.set(image.label, [image]);
    else ofClass.push(image);
  }
  const labels = [...byLabel.keys()].sort((a, b) => a - b);
  const all = labels.flatMap((label) => {
    const ofClass = byLabel.get(label) ?? [];
    const order = stream(seed, "import-split", label).permutation(ofClass.length);
    const chosen = new Set(order.subarray(0, Math.round(share * ofClass.length)));
    return ofClass.map((image, i): T => (chosen.has(i) ? { ...image, part: "test" } : image));
  });
  return trainFirst(all);
}

/** Training images before those to test on, otherwise in their order. */
export function trainFirst<T extends SourceImage>(images: readonly T[]): T[] {
  return [...images.filter(({ part }) => part === "train"), ...images.filter(({ part }) => part === "test")];
}

/** Usual names of the part to test on, of folders, arrays and files. */
export const TEST_NAMES = ["test", "val", "valid", "validation"];

/** The share to test on. @param what would do as well @throws InputError when there is none */
export function shareOf({ kind, place, test }: SourceSpec, what: string): number {
  if (typeof test === "number") return test;
  throw new InputError({
    where: test === undefined ? place : "data.test",
    message: `expected ${what}, or a share to test on in data.test`,
    hint: `for example { ${kind}: …, test: 0.2, seed: 0 }`,
  });
}
