import { Command, InvalidArgumentError } from "commander";
import type { SourceSpec } from "../../data/import/source.ts";
import { positiveInteger, wholeFromZero, withJson } from "../options.ts";

interface ImportOptions {
  readonly side?: number;
  readonly channels?: 1 | 3;
  readonly test?: number | string;
  readonly seed?: number;
  readonly image?: string;
  readonly label?: string;
  readonly set: readonly string[];
  readonly json: boolean;
}

/** `sweepstake data list | check | import | show`: the user's own images. */
export function dataCommand(): Command {
  return new Command("data")
    .description("Import your own images, once, and look at what is there.")
    .addCommand(withJson(new Command("list").description("List the imported data sets.")).action(listAction))
    .addCommand(
      sourceCommand("check", "Read every image as an import does, and say whether all are right.").action(checkAction),
    )
    .addCommand(
      sourceCommand(
        "import",
        "Decode all images once, into files that trainings read; a killed import goes on.",
      ).action(importAction),
    )
    .addCommand(
      sourceCommand("show", "Show sizes, counts per class and duplicates of imported images.").action(showAction),
    )
    .addHelpText("after", example);
}

const example = `
Examples:
  $ sweepstake data list
  $ sweepstake data import photos --side 32 --test 0.2
  $ sweepstake data import medmnist.npz --test test
  $ sweepstake data import "data/train-*.parquet"
  $ sweepstake data show photos --side 32 --test 0.2`;

function sourceCommand(name: string, description: string): Command {
  const command = new Command(name)
    .description(description)
    .argument(
      "<source>",
      "a folder of images or .npy files, an .npz file, a pattern of .parquet or .tar files, or a spec",
    )
    .option("--side <pixels>", "scale the shorter side to this and cut out the middle", positiveInteger)
    .option("--channels <n>", "1 for grey, 3 for colour (default: grey if all images are)", channelCount)
    .option("--test <share>", "share of each class to test on, or the folder, part or pattern to test on", shareOrName)
    .option("--seed <n>", "of the split by share", wholeFromZero)
    .option("--image <column>", "Parquet's column of images (default: the one that can be it)")
    .option("--label <column>", "Parquet's column of labels (default: the one that can be it)")
    .option(
      "--set <path=value>",
      "change a field of the spec (repeatable)",
      (value, all: string[]) => [...all, value],
      [],
    );
  return withJson(command);
}

function channelCount(text: string): 1 | 3 {
  if (text === "1" || text === "3") return text === "1" ? 1 : 3;
  throw new InvalidArgumentError("expected 1 or 3.");
}

function shareOrName(text: string): number | string {
  const share = Number(text);
  return text.trim() !== "" && share > 0 && share < 1 ? share : text;
}

async function sources(place: string, { set, json: _, ...options }: ImportOptions): Promise<readonly SourceSpec[]> {
  const { sourcesOf } = await import("../import-data.ts");
  return sourcesOf(place, options, set);
}

async function listAction({ json }: { readonly json: boolean }): Promise<void> {
  const { importedSets, listText } = await import("../imported-sets.ts");
  const sets = importedSets();
  process.stdout.write(json ? `${JSON.stringify(sets, null, 2)}\n` : listText(sets));
}

async function importAction(place: string, options: ImportOptions): Promise<void> {
  const { importOne } = await import("../import-data.ts");
  for (const source of await sources(place, options)) {
    const { folder, record, isNew } = await importOne(source);
    const text = `${isNew ? "" : "unchanged: "}${folder}\n  content ${record.content}\n`;
    process.stdout.write(options.json ? `${JSON.stringify({ folder, isNew, ...record }, null, 2)}\n` : text);
  }
}

async function checkAction(place: string, options: ImportOptions): Promise<void> {
  const { checkSource } = await import("../../data/import/convert.ts");
  for (const source of await sources(place, options)) {
    const { classes, images, shape } = await checkSource(source);
    const text = `${images} images of ${classes} classes, all right: ${shape.join("×")}\n`;
    process.stdout.write(options.json ? `${JSON.stringify({ images, classes, shape }, null, 2)}\n` : text);
  }
}

async function showAction(place: string, options: ImportOptions): Promise<void> {
  const { importOne } = await import("../import-data.ts");
  const { classCounts, showText } = await import("../show-data.ts");
  for (const source of await sources(place, options)) {
    const result = await importOne(source);
    const json = { ...result, counts: classCounts(result.folder) };
    process.stdout.write(options.json ? `${JSON.stringify(json, null, 2)}\n` : showText(result));
  }
}
