import { Command } from "commander";
import { type ResultsOptions, type SpecOptions, withJson, withResults, withSpecOptions } from "../options.ts";

/** `sweepstake status SPEC`: how far an experiment is. */
export function statusCommand(): Command {
  const command = new Command("status")
    .description("Show how far an experiment is: done, running, diverged, failed, to do.")
    .argument("<spec>", "the experiment, a YAML file")
    .addHelpText("after", example);
  return withJson(withResults(withSpecOptions(command))).action(statusAction);
}

const example = `
Examples:
  $ sweepstake status examples/demo.yaml
  $ watch sweepstake status examples/demo.yaml`;

async function statusAction(
  file: string,
  options: SpecOptions & ResultsOptions & { readonly json: boolean },
): Promise<void> {
  const { loadSpec } = await import("../../spec/load.ts");
  const { planWithResults } = await import("../plan-with-results.ts");
  const { Store } = await import("../../store/store.ts");
  const { storeFolder } = await import("../options.ts");
  const { planStatus, statusText } = await import("../plan-status.ts");
  const store = Store.open(storeFolder(options));
  const status = planStatus(planWithResults(loadSpec(file, options.set), store, options.results), store);
  process.stdout.write(options.json ? `${JSON.stringify(status, null, 2)}\n` : statusText(status));
}
