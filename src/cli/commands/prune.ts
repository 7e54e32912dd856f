import { Command, Option } from "commander";
import { DEFAULT_PROTECT, shareBelowOne, withJson, withWeightFiles } from "../options.ts";
import type { PruneOptions } from "../prune-file.ts";

/** `sweepstake prune CHECKPOINT`: masks and pruned weights of a file of PyTorch or safetensors. */
export function pruneCommand(): Command {
  const command = new Command("prune")
    .description("Prune the weights of a checkpoint, and write weights and mask.")
    .argument("<checkpoint>", "a .pt, .pth or .safetensors file")
    .requiredOption("--sparsity <share>", "share removed, in [0, 1)", shareBelowOne)
    .option("--pruner <name>", "what a weight is worth: magnitude, lamp or random", "magnitude")
    .option("--allocation <name>", "how many stay in each layer: uniform (the same share), global or erk", "uniform")
    .option("--previous <mask>", "a mask whose pruned weights stay pruned")
    .option("-o, --output <file>", "write the pruned weights: .pt, .pth (torch.load) or .safetensors")
    .option("--mask-out <file>", "write the mask, a .safetensors file")
    .addOption(
      new Option("--form <form>", "plain: pruned weights are 0; torch-prune: weight_orig and weight_mask")
        .choices(["plain", "torch-prune"])
        .default("plain"),
    )
    .option(
      "--key <name>",
      "which dictionary of a .pt file holds the weights, e.g. ema.state_dict; . for the outermost",
    )
    .option("--force", "replace files that are there already", false)
    .addHelpText("after", example);
  return withJson(withWeightFiles(command)).action(pruneAction);
}

const example = `
Layers are the weights of convolutions and linear layers. Biases, norms, embeddings and everything else that a name or its neighbours say
to be none stays dense and is listed; --layers takes it. The sparsity is that of each layer, with --allocation global or erk that of all
together; weights that are 0 already are pruned first.
Only weights are written; the optimizer and other contents of a checkpoint are not.

Examples:
  $ sweepstake prune resnet.pt --sparsity 0.8 -o pruned.pt --mask-out mask.safetensors
  $ sweepstake prune resnet.pt --sparsity 0.9 --allocation global --mask-out global.safetensors
  $ sweepstake prune pruned.pt --sparsity 0.9 --previous mask.safetensors -o again.pt --form torch-prune`;

type Options = Omit<PruneOptions, "protect"> & { readonly protect?: readonly string[]; readonly json: boolean };

async function pruneAction(file: string, options: Options): Promise<void> {
  const { pruneFile, pruneText } = await import("../prune-file.ts");
  const { visible } = await import("../../core/visible.ts");
  const { splitKey } = await import("../../checkpoints/file-key.ts");
  const { file: path, key = options.key } = splitKey(file);
  const result = pruneFile(path, {
    ...options,
    ...(key === undefined ? {} : { key }),
    protect: options.protect ?? DEFAULT_PROTECT,
  });
  process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : pruneText(result));
  for (const note of result.notes) process.stderr.write(`${visible(`${file}: ${note}`)}\n`);
  for (const path of result.written) process.stderr.write(`written: ${path}\n`);
  if (result.written.length === 0) process.stderr.write("nothing written: add -o FILE or --mask-out FILE\n");
}
