import { Command } from "commander";
import { type SpecOptions, withJson, withSpecOptions } from "../options.ts";

/** `sweepstake claims SPEC…`: the paper's claims, judged from what the store holds. */
export function claimsCommand(): Command {
  const command = new Command("claims")
    .description(
      "Judge the paper's claims 1 to 9 from what is done so far: confirmed, refuted or undecided; trains nothing.",
    )
    .argument("<specs...>", "experiments, YAML files; those of one model, data set and recipe are judged together")
    .addHelpText("after", example);
  return withJson(withSpecOptions(command)).action(claimsAction);
}

const example = `
Every hypothesis, margin and correction is fixed beforehand: docs/claims.md.

Examples:
  $ sweepstake claims examples/demo.yaml
  $ sweepstake claims cifar10.yaml cifar100.yaml --json > claims.json`;

async function claimsAction(
  files: readonly string[],
  options: SpecOptions & { readonly json: boolean },
): Promise<void> {
  const { collect } = await import("../../analysis/collect.ts");
  const { loadSpec } = await import("../../spec/load.ts");
  const { makePlan } = await import("../../plan/plan.ts");
  const { Store } = await import("../../store/store.ts");
  const { storeFolder } = await import("../options.ts");
  const { showClaims } = await import("../show-claims.ts");
  const plans = files.map((file) => makePlan(loadSpec(file, options.set)));
  const store = Store.open(storeFolder(options));
  showClaims(
    plans.map((plan) => collect(plan, store)),
    `that of ${plans.map(({ spec }) => spec.name).join(", ")}`,
    options,
  );
}
