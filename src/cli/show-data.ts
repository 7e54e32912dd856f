import { join, resolve } from "node:path";
import { visible } from "../core/visible.ts";
import type { ImportResult } from "../data/import/convert.ts";
import { importedDataSet } from "../data/import/imported.ts";
import { duplicatesText } from "./import-data.ts";

/** Classes whose counts are shown line by line. */
const MOST_CLASSES = 50;

/** Sizes, counts per class and duplicates of an import, as text. */
export function showText({ folder, record }: Pick<ImportResult, "folder" | "record">): string {
  const { source, shape, classNames, train, test, content, duplicates } = record;
  const counts = classCounts(folder);
  const rows = classNames.slice(0, MOST_CLASSES).map((name, label) => {
    return `  ${String(label).padStart(4)}  ${String(counts.train[label]).padStart(7)}  ${String(counts.test[label]).padStart(7)}  ${visible(name)}`;
  });
  const rest = classNames.length > MOST_CLASSES ? [`  and ${classNames.length - MOST_CLASSES} more classes`] : [];
  return [
    `${visible(source.place)} (${source.kind})`,
    `images of ${shape.join("×")} (channels, height, width): ${train} to train on, ${test} to test on`,
    `content ${content}`,
    `files in ${visible(resolve(folder))}, record ${visible(join(resolve(folder), "set.json"))}`,
    `${classNames.length} classes:`,
    "  label    train     test  name",
    ...rows,
    ...rest,
    duplicates === 0 ? "no test image is in the training part" : duplicatesText({ record }),
    "",
  ].join("\n");
}

/** Images of each class in both parts. */
export function classCounts(folder: string): Readonly<Record<"train" | "test", readonly number[]>> {
  const set = importedDataSet(folder);
  const { train, test } = set.read(folder);
  const count = (labels: Uint8Array | Uint16Array) => {
    const counts = new Array<number>(set.classes).fill(0);
    for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
    return counts;
  };
  return { train: count(train.labels), test: count(test.labels) };
}
