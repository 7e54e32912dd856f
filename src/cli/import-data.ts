import { statSync } from "node:fs";
import { InputError } from "../core/errors.ts";
import { visible } from "../core/visible.ts";
import { type ImportProgress, type ImportResult, importSource } from "../data/import/convert.ts";
import { sourceKindOf } from "../data/import/kind-of.ts";
import type { SourceSpec } from "../data/import/source.ts";
import { sourceAt } from "../spec/data-source.ts";
import { dataSources } from "../spec/sources.ts";

/** Imports the sources of a spec that are not yet, or have changed; says so on standard error. */
export async function importFor(file: string, overrides: readonly string[]): Promise<void> {
  for (const source of dataSources(file, overrides)) await importOne(source);
}

/** Imports a source and says on standard error how far it is. */
export async function importOne(source: SourceSpec): Promise<ImportResult> {
  const started = Date.now();
  const result = await importSource(source, progressLines(process.stderr));
  if (result.isNew) {
    const { train, test, duplicates } = result.record;
    const seconds = Math.max(0.001, (Date.now() - started) / 1000);
    process.stderr.write(
      `imported ${visible(source.place)}: ${train + test} images in ${seconds.toFixed(1)} s (${Math.round((train + test) / seconds)} a second)\n`,
    );
    if (duplicates > 0) process.stderr.write(`note: ${duplicatesText(result)}\n`);
  }
  return result;
}

/** What is said of test images that are in the training part too. */
export function duplicatesText({ record: { duplicates, duplicateNames } }: Pick<ImportResult, "record">): string {
  const names = duplicateNames.slice(0, 10).map(([test, train]) => `\n    ${visible(test)} = ${visible(train)}`);
  const rest = duplicates > names.length ? `\n    and ${duplicates - names.length} more` : "";
  return `${duplicates} test images are also in the training part, pixel by pixel:${names.join("")}${rest}`;
}

/** The sources that an argument names: those of a spec, or a place with the options beside it. */
export function sourcesOf(
  place: string,
  options: Omit<SourceSpec, "kind" | "place">,
  overrides: readonly string[],
): readonly SourceSpec[] {
  if (/\.ya?ml$/.test(place) && statSync(place, { throwIfNoEntry: false })?.isFile() === true) {
    const found = dataSources(place, overrides);
    if (found.length > 0) return found;
    throw new InputError({ where: place, message: "expected a spec whose data name images to import, got none" });
  }
  return [sourceAt(sourceKindOf(place), place, options)];
}

/** A line every two seconds. */
function progressLines(stream: NodeJS.WritableStream): (progress: ImportProgress) => void {
  let last = Date.now();
  return ({ doing, done, total }) => {
    if (Date.now() - last < 2000) return;
    last = Date.now();
    stream.write(`${doing === "looking" ? "looking at headers" : "decoding"}: ${done} of ${total} images\n`);
  };
}
