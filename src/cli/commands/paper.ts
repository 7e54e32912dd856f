import { Command, Option } from "commander";
import { InputError } from "../../core/errors.ts";
import { type ScaleName, scaleNames } from "../../paper/types.ts";
import { type RunOptions, withJson, withRunOptions, withSpecOptions } from "../options.ts";

interface PaperOptions extends RunOptions {
  readonly scale: ScaleName;
  readonly plan: boolean;
  readonly json: boolean;
}

/** `sweepstake paper [ID]`: the figures and tables of Liu et al. 2021, at the paper's protocol or a smaller scale. */
export function paperCommand(): Command {
  const command = new Command("paper")
    .description("Run a figure or table of Liu et al. 2021, or all; without an id, list them.")
    .argument("[id]", "2, 4, 5ab, … A13, T1, or all; without it the list")
    .addOption(
      new Option("--scale <name>", "full is the paper's protocol; the others shrink epochs, seeds and (tiny) images")
        .choices(scaleNames)
        .default("full"),
    )
    .option("--plan", "print what would be trained, shared and done already, and write nothing", false)
    .addHelpText("after", example);
  return withJson(withRunOptions(withSpecOptions(command))).action(paperAction);
}

const example = `
The report goes to <out>/reports/liu2021-ID-SCALE. Figures that need the same trainings share them in the store.

Examples:
  $ sweepstake paper
  $ sweepstake paper 2 --scale tiny --set data.path=~/data
  $ sweepstake paper all --scale tenth --plan`;

async function paperAction(id: string | undefined, options: PaperOptions): Promise<void> {
  if (id === undefined) {
    const { listFigures } = await import("../paper-list.ts");
    process.stdout.write(listFigures(options));
    return;
  }
  const { findFigure, paperFigures } = await import("../../paper/catalog.ts");
  const isAll = id.toLowerCase() === "all";
  const figures = isAll ? paperFigures() : [findFigure(id)];
  if (options.plan) {
    const { planAllFigures, planFigure } = await import("../paper-plan.ts");
    const [only] = figures;
    process.stdout.write(isAll || only === undefined ? planAllFigures(figures, options) : planFigure(only, options));
    return;
  }
  if (isAll && options.json) {
    const message = "expected one figure or --plan with --json, got a run of all figures";
    throw new InputError({ where: "paper all", message, hint: "each report's folder has its results.json" });
  }
  const { runFigures } = await import("../paper-run.ts");
  process.exitCode = await runFigures(figures, options);
}
