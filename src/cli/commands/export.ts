import { Command, Option } from "commander";
import { type ExportOptions, formats } from "../export-run.ts";
import { wholeFromZero, withJson } from "../options.ts";

/** `sweepstake export RUN --to FORMAT -o FILE`: a network of the store as a file for other programs. */
export function exportCommand(): Command {
  const command = new Command("export")
    .description(
      "Write a run's network, pruned weights at 0, as a file for other programs; it is read back and compared.",
    )
    .argument("<run>", "the first digits of its key, as sweepstake list shows them")
    .addOption(new Option("--to <format>", "what to write").choices(formats).makeOptionMandatory())
    .requiredOption("-o, --output <file>", "where to: .safetensors, .pt or .pth, .onnx")
    .option(
      "--epoch <n>",
      "the weights after so many epochs, if they were kept; the last ones by default",
      wholeFromZero,
    )
    .option("--out <folder>", "where the store and the reports are kept", "sweepstake-out")
    .option("--force", "replace files that are there already", false)
    .addHelpText("after", example);
  return withJson(command).action(exportAction);
}

const example = `
Formats:
  safetensors  weights by PyTorch's names; provenance in the file's metadata
  torch        a state dict for load_state_dict(torch.load(FILE)); provenance in FILE.json
  torch-prune  likewise in the form of torch.nn.utils.prune: NAME_orig and NAME_mask
  onnx         opset 17, any number of images, inference; batch-norm as nodes; provenance in the file's metadata
  compact      an ONNX file without the channels that no logit depends on; says how much smaller it is

Examples:
  $ sweepstake export 3fa91c0b2d --to safetensors -o ticket.safetensors
  $ sweepstake export 3fa91c0b2d --to onnx -o ticket.onnx`;

async function exportAction(digits: string, options: ExportOptions & { readonly json: boolean }): Promise<void> {
  const { exportRun } = await import("../export-run.ts");
  const result = await exportRun(digits, options);
  if (options.json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  for (const note of result.notes) process.stderr.write(`${note}\n`);
  for (const file of result.written) process.stderr.write(`written: ${file}\n`);
}
