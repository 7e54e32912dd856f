import { Command, InvalidArgumentError } from "commander";
import { DEFAULT_PROTECT, withJson, withWeightFiles } from "../options.ts";

interface CompareOptions {
  readonly mask?: string;
  readonly mode?: "sparse-sparse" | "sparse-dense";
  readonly p?: readonly number[];
  readonly protect?: readonly string[];
  readonly layers?: readonly string[];
  readonly key?: string;
  readonly maskKey?: string;
  readonly json: boolean;
}

/** `sweepstake compare A B`: R_p of two weight files, with its null, per layer and in total. */
export function compareCommand(): Command {
  const command = new Command("compare")
    .description("Measure the weight correlation R_p of two weight files, always beside its null.")
    .argument(
      "<a>",
      "weights, a .pt, .pth or .safetensors file (the sparse ones for sparse-dense); FILE#KEY for a dictionary of it",
    )
    .argument("<b>", "weights of the same model")
    .option("--mask <file>", "a mask, a file of zeros and ones or of weight_mask; makes the comparison sparse")
    .option("--mode <mode>", "sparse-sparse (both under the mask, the default) or sparse-dense", parseMode)
    .option("--p <shares>", "top shares to compare, separated by commas (default 0.1,0.2,0.3,0.4,0.5)", parseShares)
    .option("--key <name>", "which dictionary of both files holds the weights; . for the outermost")
    .addHelpText("after", example);
  return withJson(withWeightFiles(command)).action(compareAction);
}

const example = `
Compared are all convolution and linear weights that are in both files, without the protected ones; what only one file has is listed.

Examples:
  $ sweepstake compare before.pt after.safetensors
  $ sweepstake compare run.pt#initial run.pt#trained
  $ sweepstake compare ticket.safetensors tuned.safetensors --mask mask.safetensors --p 0.2 --json`;

async function compareAction(a: string, b: string, options: CompareOptions): Promise<void> {
  const { visible } = await import("../../core/visible.ts");
  const { compareFiles, comparisonText } = await import("../compare-files.ts");
  const result = compareFiles(a, b, { ...options, protect: options.protect ?? DEFAULT_PROTECT });
  process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : comparisonText(result));
  for (const note of result.notes) process.stderr.write(`${visible(note)}\n`);
}

function parseMode(text: string): "sparse-sparse" | "sparse-dense" {
  if (text === "sparse-sparse" || text === "sparse-dense") return text;
  throw new InvalidArgumentError("expected sparse-sparse or sparse-dense.");
}

function parseShares(text: string): number[] {
  const shares = text.split(",").map(Number);
  const isOnce = new Set(shares).size === shares.length;
  if (isOnce && shares.every((share) => share > 0 && share < 1)) return shares;
  throw new InvalidArgumentError("expected fractions in (0, 1), each once, e.g. 0.1,0.2.");
}
