import { Command } from "commander";
import { type SpecOptions, withJson } from "../options.ts";

/** `sweepstake list`: the experiments of a folder and the finished runs of the store. */
export function listCommand(): Command {
  const command = new Command("list")
    .description("List the experiments of a folder and the finished runs of the store.")
    .argument("[folder]", "folder with the YAML files of experiments", ".")
    .option("--out <folder>", "where the store and the reports are kept", "sweepstake-out")
    .addHelpText("after", example);
  return withJson(command).action(listAction);
}

const example = `
Examples:
  $ sweepstake list
  $ sweepstake list examples --json`;

async function listAction(folder: string, options: Pick<SpecOptions, "out"> & { readonly json: boolean }) {
  const { Store } = await import("../../store/store.ts");
  const { storeFolder } = await import("../options.ts");
  const { listAll, listingText } = await import("../list-runs.ts");
  const listing = listAll(folder, Store.open(storeFolder(options)));
  for (const message of listing.damaged) process.stderr.write(`damaged: ${message}\n`);
  process.stdout.write(options.json ? `${JSON.stringify(listing, null, 2)}\n` : listingText(listing));
}
