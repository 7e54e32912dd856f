import { Command, Option } from "commander";
import { InputError } from "../../core/errors.ts";
import type { PaperFigure } from "../../paper/catalog.ts";
import { type ScaleName, scaleNames } from "../../paper/types.ts";
import {
  type ResultsOptions,
  type RunOptions,
  withJson,
  withResults,
  withRunOptions,
  withSpecOptions,
} from "../options.ts";

interface PaperOptions extends RunOptions, ResultsOptions {
  readonly scale: ScaleName;
  readonly plan: boolean;
  readonly status: boolean;
  readonly report: boolean;
  readonly json: boolean;
}

/** `sweepstake paper [ID…]`: the figures and tables of Liu et al. 2021, at the paper's protocol or a smaller scale. */
export function paperCommand(): Command {
  const command = new Command("paper")
    .description("Run figures and tables of Liu et al. 2021, one, several or all; without an id, list them.")
    .argument("[ids...]", "2, 4, 5ab, … A13, T1, or all; without any the list")
    .addOption(
      new Option("--scale <name>", "full is the paper's protocol; the others shrink it in the paper's regime")
        .choices(scaleNames)
        .default("full"),
    )
    .addOption(
      new Option("--plan", "print what would be trained, shared and done already, and write nothing")
        .default(false)
        .conflicts(["status", "report", "results"]),
    )
    .addOption(new Option("--status", "print how far they are; trains nothing").default(false).conflicts("report"))
    .option("--report", "write the reports from what is done so far; trains nothing", false)
    .addHelpText("after", example);
  return withJson(withRunOptions(withResults(withSpecOptions(command)))).action(paperAction);
}

const example = `
The report goes to <out>/reports/liu2021-ID-SCALE. Figures that need the same trainings share them in the store.

Examples:
  $ sweepstake paper
  $ sweepstake paper 2 --scale small --set data.path=~/data
  $ sweepstake paper 2 5ab 6a --scale small --status
  $ sweepstake paper all --scale tenth --plan`;

async function paperAction(ids: readonly string[], options: PaperOptions): Promise<void> {
  const flag = (["plan", "status", "report"] as const).find((name) => options[name]);
  if (ids.length === 0) {
    if (flag !== undefined) {
      const message = "expected a figure or table of the paper with it, got none";
      throw new InputError({
        where: `paper --${flag}`,
        message,
        hint: `for everything: sweepstake paper all --${flag}`,
      });
    }
    const { listFigures } = await import("../paper-list.ts");
    process.stdout.write(listFigures(options));
    return;
  }
  const figures = await figuresOf(ids);
  const [only, ...others] = figures;
  const isSingle = only !== undefined && others.length === 0;
  if (flag === "plan") {
    const { planAllFigures, planFigure } = await import("../paper-plan.ts");
    process.stdout.write(isSingle ? planFigure(only, options) : planAllFigures(figures, options));
    return;
  }
  if (flag === "status") {
    const { figuresStatus } = await import("../paper-show.ts");
    process.stdout.write(figuresStatus(figures, options));
    return;
  }
  if (!isSingle && options.json) {
    const message = `expected one figure, --plan or --status with --json, got ${figures.length} figures`;
    throw new InputError({
      where: `paper ${ids.join(" ")}`,
      message,
      hint: "each report's folder has its results.json",
    });
  }
  if (flag === "report") {
    const { reportOnFigures } = await import("../paper-show.ts");
    await reportOnFigures(figures, options);
    return;
  }
  const { runFigures } = await import("../paper-run.ts");
  process.exitCode = await runFigures(figures, options);
}

/** Each figure once, as they were asked for; `all` is all of them in the paper's order. */
async function figuresOf(ids: readonly string[]): Promise<readonly PaperFigure[]> {
  const { findFigure, paperFigures } = await import("../../paper/catalog.ts");
  const found = ids.flatMap((id) => (id.toLowerCase() === "all" ? paperFigures() : [findFigure(id)]));
  return [...new Map(found.map((figure) => [figure.id, figure])).values()];
}
