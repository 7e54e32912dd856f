import { Command, Option } from "commander";
import { type ResultsOptions, type SpecOptions, withJson, withResults, withSpecOptions } from "../options.ts";

/** `sweepstake report SPEC`: the report of what the store holds, also of an unfinished run. */
export function reportCommand(): Command {
  const command = new Command("report")
    .description("Write the report of an experiment from what is done so far; trains nothing.")
    .argument("<spec>", "the experiment, a YAML file")
    .addOption(
      new Option("--to <format>", "write the tables in this format too, with the spec in each file's metadata").choices(
        ["parquet"],
      ),
    )
    .addHelpText("after", example);
  return withJson(withResults(withSpecOptions(command))).action(reportAction);
}

const example = `
Examples:
  $ sweepstake report examples/demo.yaml
  $ sweepstake report examples/demo.yaml --json > results.json
  $ sweepstake report examples/demo.yaml --to parquet`;

interface ReportOptions extends SpecOptions, ResultsOptions {
  readonly json: boolean;
  readonly to?: "parquet";
}

async function reportAction(file: string, options: ReportOptions): Promise<void> {
  const { loadSpec } = await import("../../spec/load.ts");
  const { planWithResults } = await import("../plan-with-results.ts");
  const { Store } = await import("../../store/store.ts");
  const { storeFolder } = await import("../options.ts");
  const { showResults } = await import("../show-results.ts");
  const store = Store.open(storeFolder(options));
  await showResults(planWithResults(loadSpec(file, options.set), store, options.results), store, options);
}
