import { Command, InvalidArgumentError } from "commander";
import { type SpecOptions, shareBelowOne, withJson, withSpecOptions } from "../options.ts";

interface BestOptions extends SpecOptions {
  readonly sparsity: number;
  readonly within?: number;
  readonly json: boolean;
}

/** `sweepstake best SPEC --sparsity S`: the network of the highest accuracy at a sparsity. */
export function bestCommand(): Command {
  const command = new Command("best")
    .description("Find the best finished network of an experiment at a sparsity, with seed, mask and provenance.")
    .argument("<spec>", "the experiment, a YAML file")
    .requiredOption("--sparsity <share>", "share removed of every unprotected layer, in [0, 1)", shareBelowOne)
    .option(
      "--within <points>",
      "only networks at most so many percentage points of accuracy below the dense one of their setting and seed",
      points,
    )
    .addHelpText("after", example);
  return withJson(withSpecOptions(command)).action(bestAction);
}

const example = `
Networks are ranked by their accuracy after the last epoch: on the validation images where the spec has data.validation,
else on the test images, which makes the winner's test accuracy optimistic.

Examples:
  $ sweepstake best examples/demo.yaml --sparsity 0.8
  $ sweepstake best examples/demo.yaml --sparsity 0.8 --within 0.5`;

async function bestAction(file: string, options: BestOptions): Promise<void> {
  const { loadSpec } = await import("../../spec/load.ts");
  const { collect } = await import("../../analysis/collect.ts");
  const { planFor } = await import("../plan-for.ts");
  const { Store } = await import("../../store/store.ts");
  const { storeFolder } = await import("../options.ts");
  const { bestText, showBest } = await import("../show-best.ts");
  const store = Store.open(storeFolder(options));
  const plan = planFor(loadSpec(file, options.set), store);
  const best = showBest(collect(plan, store), options);
  process.stdout.write(options.json ? `${JSON.stringify(best, null, 2)}\n` : bestText(plan.spec.name, best));
}

function points(text: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (value >= 0 && value <= 100) return value;
  throw new InvalidArgumentError("expected percentage points, 0 to 100.");
}
