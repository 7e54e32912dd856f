import { Command } from "commander";
import { type ResultsOptions, type SpecOptions, withJson, withResults } from "../options.ts";

/** `sweepstake show RUN`: what the store has of one run. */
export function showCommand(): Command {
  const command = new Command("show")
    .description("Show one run: recipe, provenance, the curve's last values, mask, files.")
    .argument("<run>", "the first digits of its key, as sweepstake list shows them; masks and others can be shown too")
    .option("--out <folder>", "where the store and the reports are kept", "sweepstake-out")
    .addHelpText("after", example);
  return withJson(withResults(command)).action(showAction);
}

const example = `
With --json the whole curve is printed.

Examples:
  $ sweepstake show 3fa91c0b2d
  $ sweepstake show 3fa91c0b2d --json`;

async function showAction(
  digits: string,
  options: Pick<SpecOptions, "out"> & ResultsOptions & { readonly json: boolean },
) {
  const { Store } = await import("../../store/store.ts");
  const { findObject } = await import("../../export/find-object.ts");
  const { storeFolder } = await import("../options.ts");
  const { takeInAll } = await import("../plan-with-results.ts");
  const { showObject, shownText } = await import("../show-object.ts");
  const store = Store.open(storeFolder(options));
  takeInAll(store, options.results);
  const shown = showObject(store, findObject(store, digits));
  process.stdout.write(options.json ? `${JSON.stringify(shown, null, 2)}\n` : shownText(shown));
}
