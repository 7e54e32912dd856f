import { readFileSync } from "node:fs";
import { toPruneForm } from "../checkpoints/prune-form.ts";
import { readCheckpoint } from "../checkpoints/read-checkpoint.ts";
import { encodeTorch } from "../checkpoints/torch-write.ts";
import type { StateDict } from "../core/array.ts";
import { InputError } from "../core/errors.ts";
import { decodeSafetensors, encodeSafetensors } from "../core/safetensors.ts";
import type { ExportedRun } from "./exported-run.ts";
import { difference } from "./same-state.ts";
import { writeVerified } from "./write-verified.ts";

/** Writes a network's weights as safetensors, with its provenance in the file's metadata. */
export async function writeSafetensors(run: ExportedRun, path: string): Promise<void> {
  const metadata = { format: "pt", ...run.metadata };
  await writeVerified(path, encodeSafetensors(run.weights, metadata), (written) => {
    const found = decodeSafetensors(readFileSync(written), written);
    const lost = Object.entries(metadata).find(([name, value]) => found.metadata[name] !== value);
    return lost === undefined ? difference(run.weights, found.tensors) : `metadata ${lost[0]} is another`;
  });
}

/** Writes a network's weights as a state dict of torch.save, which `load_state_dict(torch.load(FILE))` takes. */
export async function writeTorch({ weights }: ExportedRun, path: string): Promise<void> {
  await writeVerified(path, encodeTorch(weights), (written) => difference(weights, readBack(written, weights).tensors));
}

/**
 * Likewise in the form of torch.nn.utils.prune: `NAME_orig` and `NAME_mask` for every masked layer.
 * @throws InputError for a network without a mask
 */
export async function writeTorchPrune({ key, weights, mask }: ExportedRun, path: string): Promise<void> {
  if (mask === undefined)
    throw new InputError({
      where: `run ${key}`,
      message: "expected a network with a mask, got a dense one",
      hint: "--to torch writes it without",
    });
  await writeVerified(path, encodeTorch(toPruneForm(weights, mask)), (written) => {
    const found = readBack(written, weights);
    if (found.mask === undefined) return "the mask is missing";
    return difference(weights, found.tensors) ?? difference(mask.toStateDict(), found.mask.toStateDict());
  });
}

/** The arrays of a file of torch.save under the names that were written: a reader leaves out a prefix that all of them have. */
function readBack(path: string, written: StateDict) {
  const { stored, mask } = readCheckpoint(path);
  const [first = ""] = stored.keys();
  const [whole = ""] = written.keys();
  const prefix = whole.endsWith(first) ? whole.slice(0, whole.length - first.length) : "";
  const named = <T>(entries: Iterable<[string, T]>) =>
    new Map([...entries].map(([name, value]) => [prefix + name, value]));
  if (mask === undefined) return { tensors: named(stored) };
  return { tensors: named(stored), mask: { toStateDict: () => named(mask.toStateDict()) } };
}
