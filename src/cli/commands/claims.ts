import { Command, Option } from "commander";
import { InputError } from "../../core/errors.ts";
import { type ScaleName, scaleNames } from "../../paper/types.ts";
import type { Plan } from "../../plan/types.ts";
import type { Store } from "../../store/store.ts";
import { type ResultsOptions, type SpecOptions, withJson, withResults, withSpecOptions } from "../options.ts";

interface ClaimsOptions extends SpecOptions, ResultsOptions {
  readonly scale?: ScaleName;
  readonly json: boolean;
}

/** `sweepstake claims [SPEC…]`: the paper's claims, judged from what the store holds. */
export function claimsCommand(): Command {
  const command = new Command("claims")
    .description(
      "Judge the paper's claims 1 to 9 from what is done so far: confirmed, refuted or undecided; trains nothing.",
    )
    .argument(
      "[specs...]",
      "experiments, YAML files; those of one recipe are judged together; without any the paper's own",
    )
    .addOption(
      new Option("--scale <name>", "of the paper's own experiments, as in `paper` (default: full)").choices(scaleNames),
    )
    .addHelpText("after", example);
  return withJson(withResults(withSpecOptions(command))).action(claimsAction);
}

const example = `
Every hypothesis, margin and correction is fixed beforehand: docs/claims.md.

Examples:
  $ sweepstake claims examples/demo.yaml
  $ sweepstake claims --scale small --json > claims.json`;

async function claimsAction(files: readonly string[], options: ClaimsOptions): Promise<void> {
  const { collect } = await import("../../analysis/collect.ts");
  const { Store } = await import("../../store/store.ts");
  const { storeFolder } = await import("../options.ts");
  const { showClaims } = await import("../show-claims.ts");
  const store = Store.open(storeFolder(options));
  const { plans, scale } =
    files.length === 0 ? await paperPlans(options, store) : await specPlans(files, options, store);
  showClaims(
    plans.map((plan) => collect(plan, store)),
    scale,
    options,
  );
}

interface Judged {
  readonly plans: readonly Plan[];
  readonly scale: string;
}

async function specPlans(
  files: readonly string[],
  { set, scale, results }: ClaimsOptions,
  store: Store,
): Promise<Judged> {
  const { loadSpec } = await import("../../spec/load.ts");
  const { plansWithResults } = await import("../plan-with-results.ts");
  if (scale !== undefined) {
    const message = "expected no spec files with it, since they have a scale of their own";
    throw new InputError({
      where: "--scale",
      message,
      hint: "leave out the files to judge the paper's own experiments",
    });
  }
  const specs = files.map((file) => loadSpec(file, set));
  const plans = plansWithResults(specs, store, results);
  return { plans, scale: `the specs' own (${plans.map(({ spec }) => spec.name).join(", ")})` };
}

async function paperPlans({ set, scale = "full", results }: ClaimsOptions, store: Store): Promise<Judged> {
  const { paperFigures } = await import("../../paper/catalog.ts");
  const { loadFigure } = await import("../../paper/load-figure.ts");
  const { plansWithResults } = await import("../plan-with-results.ts");
  const loaded = paperFigures().map((figure) => loadFigure(figure, scale, set));
  const plans = plansWithResults(
    loaded.map(({ spec }) => spec),
    store,
    results,
  );
  return { plans, scale: loaded[0]?.context.scaleNote ?? scale };
}
