import { Command } from "commander";
import { type SpecOptions, storeFolder, withJson, withSpecOptions } from "../options.ts";

/** `sweepstake plan SPEC`: what would be trained, what is shared, what it costs. Writes nothing. */
export function planCommand(): Command {
  const command = new Command("plan")
    .description("Show what a spec trains, what is shared or done already, and an estimate of time and disk.")
    .argument("<spec>", "the experiment, a YAML file")
    .addHelpText("after", example);
  return withJson(withSpecOptions(command)).action(planAction);
}

const example = `
Examples:
  $ sweepstake plan examples/demo.yaml
  $ sweepstake plan examples/demo.yaml --set seeds=5 --json`;

async function planAction(file: string, options: SpecOptions & { readonly json: boolean }): Promise<void> {
  const { loadSpec } = await import("../../spec/load.ts");
  const { makePlan } = await import("../../plan/plan.ts");
  const { summarise } = await import("../../plan/estimate.ts");
  const { Store } = await import("../../store/store.ts");
  const { isDone } = await import("../../run/execute.ts");
  const { planText } = await import("../plan-text.ts");
  const plan = makePlan(loadSpec(file, options.set));
  const store = Store.open(storeFolder(options));
  const summary = summarise(plan, (stage) => isDone(store, stage));
  process.stdout.write(options.json ? `${JSON.stringify(summary, null, 2)}\n` : planText(plan, summary));
}
