import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { type RunOptions, withJson, withRunOptions, withSpecOptions } from "../options.ts";

/** `sweepstake demo`: the shipped experiment on Fashion-MNIST. */
export function demoCommand(): Command {
  const command = new Command("demo")
    .description("Run the whole experiment on Fashion-MNIST in minutes: tickets, controls, correlation, verdict.")
    .addHelpText("after", example);
  return withJson(withRunOptions(withSpecOptions(command))).action(demoAction);
}

const example = `
Examples:
  $ sweepstake demo
  $ sweepstake demo --set seeds=5`;

async function demoAction(options: RunOptions & { readonly json: boolean }): Promise<void> {
  const { loadSpec } = await import("../../spec/load.ts");
  const { runSpec } = await import("../run-spec.ts");
  const file = fileURLToPath(new URL("../../../examples/demo.yaml", import.meta.url));
  process.exitCode = await runSpec(loadSpec(file, options.set), { ...options, results: [] });
}
