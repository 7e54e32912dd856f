import { Command, InvalidArgumentError } from "commander";
import { type RunOptions, withJson, withRunOptions, withSpecOptions } from "../options.ts";

interface DiagnoseOptions extends RunOptions {
  readonly lr?: readonly number[];
  readonly json: boolean;
}

/** `sweepstake diagnose SPEC`: is the learning rate of a spec sufficient? */
export function diagnoseCommand(): Command {
  const command = new Command("diagnose")
    .description(
      "Is my learning rate sufficient? Trains the dense network at rates around it and judges accuracy and R_p(θ0, θT).",
    )
    .argument("<spec>", "the experiment, a YAML file; its masks are left out")
    .option(
      "--lr <rates>",
      "rates to compare with, separated by commas (default 0.03, 0.1, 0.3 and 3 times its own)",
      parseRates,
    )
    .addHelpText("after", example);
  return withJson(withRunOptions(withSpecOptions(command))).action(diagnoseAction);
}

const example = `
Of a spec that sweeps the learning rate, the highest is in question. Dense runs that the store holds are not trained again.

Examples:
  $ sweepstake diagnose examples/demo.yaml
  $ sweepstake diagnose examples/demo.yaml --lr 0.003,0.01,0.03,0.3 --set seeds=5`;

async function diagnoseAction(file: string, options: DiagnoseOptions): Promise<void> {
  const { diagnosisSpec } = await import("../../claims/diagnosis-spec.ts");
  const { loadSpec } = await import("../../spec/load.ts");
  const { planFor } = await import("../plan-for.ts");
  const { Store } = await import("../../store/store.ts");
  const { storeFolder } = await import("../options.ts");
  const { runPlan } = await import("../run-spec.ts");
  const { showDiagnosis } = await import("../show-diagnosis.ts");
  const { spec, lr } = diagnosisSpec(loadSpec(file, options.set), options.lr, file);
  const store = Store.open(storeFolder(options));
  const plan = planFor(spec, store);
  const { exitCode, isStopped } = await runPlan(plan, store, options);
  if (!isStopped) await showDiagnosis(plan, store, lr, options);
  process.exitCode = exitCode;
}

function parseRates(text: string): number[] {
  const rates = text.split(",").map(Number);
  if (new Set(rates).size === rates.length && rates.every((rate) => Number.isFinite(rate) && rate > 0)) return rates;
  throw new InvalidArgumentError("expected learning rates above 0, each once, e.g. 0.001,0.01,0.1.");
}
