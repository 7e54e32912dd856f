import { Command } from "commander";
import { type SpecOptions, storeFolder, withJson, withSpecOptions, withWorkers } from "../options.ts";

/** `sweepstake plan SPEC`: what would be trained, what is shared, what it costs. Writes nothing. */
export function planCommand(): Command {
  const command = new Command("plan")
    .description("Show what a spec trains, what is shared or done already, and an estimate of time and disk.")
    .argument("<spec>", "the experiment, a YAML file")
    .addHelpText("after", example);
  return withJson(withWorkers(withSpecOptions(command))).action(planAction);
}

const example = `
Examples:
  $ sweepstake plan examples/demo.yaml
  $ sweepstake plan examples/demo.yaml --set seeds=5 --json`;

interface PlanOptions extends SpecOptions {
  readonly workers: number;
  readonly json: boolean;
}

async function planAction(file: string, options: PlanOptions): Promise<void> {
  const { loadSpec } = await import("../../spec/load.ts");
  const { planFor } = await import("../plan-for.ts");
  const { Store } = await import("../../store/store.ts");
  const { summariseFor } = await import("../plan-summary.ts");
  const { networksText, plannedNetworks } = await import("../plan-networks.ts");
  const { planText } = await import("../plan-text.ts");
  const { checkLastBatches, planWarnings } = await import("../plan-warnings.ts");
  const store = Store.open(storeFolder(options));
  const plan = planFor(loadSpec(file, options.set), store);
  checkLastBatches(plan);
  const summary = summariseFor(plan, store, options.workers);
  const text = options.json
    ? `${JSON.stringify({ ...summary, networks: plannedNetworks(plan) }, null, 2)}\n`
    : planText(plan, summary) + networksText(plannedNetworks(plan, true));
  process.stdout.write(text);
  for (const warning of planWarnings(plan)) process.stderr.write(`note: ${warning}\n`);
}
