import { Command, Option } from "commander";
import { InputError } from "../../core/errors.ts";
import { type ExportOptions, formats } from "../export-run.ts";
import { type SpecOptions, wholeFromZero, withJson, withSpecOptions } from "../options.ts";

/** `sweepstake export RUN --to FORMAT -o FILE`: a network as a file for other programs, or the finished results of a spec as one file. */
export function exportCommand(): Command {
  const command = new Command("export")
    .description(
      "Write a run's network, pruned weights at 0, as a file for other programs, or all results of a spec; it is read back and compared.",
    )
    .argument("<run>", "the first digits of its key, as sweepstake list shows them; for results the spec, a YAML file")
    .addOption(
      new Option("--to <format>", "what to write").choices([...formats, "results"] as const).makeOptionMandatory(),
    )
    .requiredOption("-o, --output <file>", "where to: .safetensors, .pt or .pth, .onnx, .results.gz")
    .option(
      "--epoch <n>",
      "the weights after so many epochs, if they were kept; the last ones by default",
      wholeFromZero,
    )
    .option("--force", "replace files that are there already", false)
    .addHelpText("after", example);
  return withJson(withSpecOptions(command)).action(exportAction);
}

const example = `
Formats:
  safetensors  weights by PyTorch's names; provenance in the file's metadata
  torch        a state dict for load_state_dict(torch.load(FILE)); provenance in FILE.json
  torch-prune  likewise in the form of torch.nn.utils.prune: NAME_orig and NAME_mask
  onnx         opset 17, any number of images, inference; batch-norm as nodes; provenance in the file's metadata
  compact      an ONNX file without the channels that no logit depends on; says how much smaller it is
  results      what is finished of a spec, without weights: curves, R_p, masks, records; --results reads it again

Examples:
  $ sweepstake export 3fa91c0b2d --to safetensors -o ticket.safetensors
  $ sweepstake export 3fa91c0b2d --to onnx -o ticket.onnx
  $ sweepstake export examples/demo.yaml --to results -o demo.results.gz`;

type Options = Omit<ExportOptions, "to"> &
  SpecOptions & { readonly to: ExportOptions["to"] | "results"; readonly json: boolean };

async function exportAction(name: string, { to, ...options }: Options): Promise<void> {
  if (to === "results") {
    const { exportResults } = await import("../export-results.ts");
    const result = await exportResults(name, options);
    if (options.json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    process.stderr.write(`written: ${result.written} (${result.results} of ${result.stages} results)\n`);
    return;
  }
  if (options.set.length > 0)
    throw new InputError({
      where: "--set",
      message: `expected no --set with --to ${to}, since a run has its key`,
      hint: "leave it out, or export the results of a spec: --to results",
    });
  const { exportRun } = await import("../export-run.ts");
  const result = await exportRun(name, { ...options, to });
  if (options.json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  for (const note of result.notes) process.stderr.write(`${note}\n`);
  for (const file of result.written) process.stderr.write(`written: ${file}\n`);
}
