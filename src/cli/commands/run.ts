import { Command, Option } from "commander";
import {
  type ResultsOptions,
  type RunOptions,
  withJson,
  withResults,
  withRunOptions,
  withSpecOptions,
} from "../options.ts";

/** `sweepstake run SPEC`: runs what is not done yet, then writes the report. */
export function runCommand(): Command {
  const command = new Command("run")
    .description("Run an experiment to its end and write the report; what is done already is reused.")
    .argument("<spec>", "the experiment, a YAML file")
    .addOption(
      new Option("--log <format>", "write every training's curves beside the report as they finish").choices([
        "tensorboard",
      ]),
    )
    .addHelpText("after", example);
  return withJson(withRunOptions(withResults(withSpecOptions(command)))).action(runAction);
}

const example = `
Stop it at any time with Ctrl-C: the running epoch is checkpointed, and the same command goes on from there.

Examples:
  $ sweepstake run examples/demo.yaml
  $ sweepstake run examples/demo.yaml --log tensorboard
  $ sweepstake run examples/demo.yaml --set seeds=5 --workers 1 --threads 2`;

interface Options extends RunOptions, ResultsOptions {
  readonly json: boolean;
  readonly log?: "tensorboard";
}

async function runAction(file: string, options: Options): Promise<void> {
  const { loadSpec } = await import("../../spec/load.ts");
  const { importFor } = await import("../import-data.ts");
  const { runSpec } = await import("../run-spec.ts");
  await importFor(file, options.set);
  process.exitCode = await runSpec(loadSpec(file, options.set), options);
}
