import { Command } from "commander";
import { type SpecOptions, withJson, withSpecOptions } from "../options.ts";

/** `sweepstake report SPEC`: the report of what the store holds, also of an unfinished run. */
export function reportCommand(): Command {
  const command = new Command("report")
    .description("Write the report of an experiment from what is done so far; trains nothing.")
    .argument("<spec>", "the experiment, a YAML file")
    .addHelpText("after", example);
  return withJson(withSpecOptions(command)).action(reportAction);
}

const example = `
Examples:
  $ sweepstake report examples/demo.yaml
  $ sweepstake report examples/demo.yaml --json > results.json`;

async function reportAction(file: string, options: SpecOptions & { readonly json: boolean }): Promise<void> {
  const { loadSpec } = await import("../../spec/load.ts");
  const { planFor } = await import("../plan-for.ts");
  const { Store } = await import("../../store/store.ts");
  const { storeFolder } = await import("../options.ts");
  const { showResults } = await import("../show-results.ts");
  const store = Store.open(storeFolder(options));
  await showResults(planFor(loadSpec(file, options.set), store), store, options);
}
