import { InputError } from "../../core/errors.ts";
import { sourceError } from "./faults.ts";
import type { SourceFault, SourceImage } from "./source.ts";

/** Most classes that a label of two bytes tells apart. */
export const MOST_CLASSES = 65_535;

/** What is wrong with a label; nothing for a right one. @param names of classes, where they are known */
export function labelFault(name: string, label: number, names: readonly string[] | undefined): SourceFault[] {
  const end = names?.length ?? MOST_CLASSES;
  if (Number.isInteger(label) && label >= 0 && label < end) return [];
  return [{ name, fault: `label out of range, which is 0 to ${end - 1}`, detail: String(label) }];
}

/**
 * Names of the classes of images whose labels are numbers: those known, or the numbers from 0 to the largest of the training part.
 * @param place of the source, for errors
 * @throws InputError naming test images of classes that the training part lacks, and classes that no training image has
 */
export function numberedClasses(
  place: string,
  images: readonly SourceImage[],
  names: readonly string[] | undefined,
): readonly string[] {
  const counts = new Map<number, number>();
  for (const { part, label } of images) if (part === "train") counts.set(label, (counts.get(label) ?? 0) + 1);
  let largest = -1;
  for (const label of counts.keys()) largest = Math.max(largest, label);
  const classNames = names ?? Array.from({ length: largest + 1 }, (_, label) => String(label));
  const faults = [
    ...classNames.flatMap((name, label): SourceFault[] =>
      counts.has(label)
        ? []
        : [{ name: name === String(label) ? name : `${label} ${name}`, fault: "class without training images" }],
    ),
    ...images.flatMap(({ name, label }): SourceFault[] =>
      label < classNames.length
        ? []
        : [{ name, fault: "label of a class without training images", detail: String(label) }],
    ),
  ];
  if (faults.length > 0) throw sourceError(place, faults);
  if (classNames.length < 2)
    throw new InputError({
      where: place,
      message: `expected labels of at least two classes, got ${classNames.length}`,
    });
  return classNames;
}
