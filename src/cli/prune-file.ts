import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { renderTable } from "../analysis/text-table.ts";
import { toPruneForm } from "../checkpoints/prune-form.ts";
import { type LoadedCheckpoint, readCheckpoint, readMask } from "../checkpoints/read-checkpoint.ts";
import { weightLayers } from "../checkpoints/weight-layers.ts";
import { checkpointEncoder } from "../checkpoints/write-checkpoint.ts";
import { writeFileAtomic } from "../core/atomic-write.ts";
import { InputError } from "../core/errors.ts";
import { encodeSafetensors } from "../core/safetensors.ts";
import { type LayerMask, Mask } from "../masks/mask.ts";
import { findPruner } from "../pruners/index.ts";
import { makeMask } from "../pruners/make-mask.ts";
import { unprotectedFileLayers } from "./file-layers.ts";

export interface PruneOptions {
  /** Fraction removed of every unprotected layer, in [0, 1). */
  readonly sparsity: number;
  /** A pruner's name. */
  readonly pruner: string;
  readonly protect: readonly string[];
  /** File of a mask whose pruned weights stay pruned. */
  readonly previous?: string;
  /** File for the pruned weights: .pt, .pth or .safetensors. */
  readonly output?: string;
  /** File for the mask: .safetensors. */
  readonly maskOut?: string;
  /** `plain`: pruned weights are 0; `torch-prune`: weight_orig and weight_mask. */
  readonly form: "plain" | "torch-prune";
  readonly key?: string;
  /** Whether files may be replaced. */
  readonly force: boolean;
}

export interface PrunedLayer {
  readonly layer: string;
  readonly shape: readonly number[];
  readonly size: number;
  readonly kept: number;
  /** Fraction removed. */
  readonly sparsity: number;
  readonly protected: boolean;
}

export interface PruneResult {
  readonly checkpoint: string;
  readonly format: string;
  readonly pruner: string;
  readonly sparsity: number;
  readonly form: "plain" | "torch-prune";
  /** Every convolution and linear layer, in the file's order. */
  readonly layers: readonly PrunedLayer[];
  /** Of all layers, the protected ones included. */
  readonly total: { readonly size: number; readonly kept: number; readonly sparsity: number };
  readonly written: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Prunes the weights of a file, uniformly per layer with exact counts, and writes what is asked for.
 * @throws InputError for a file that is missing, malformed or in the way, and for layers that cannot be pruned so
 */
export function pruneFile(path: string, options: PruneOptions): PruneResult {
  const pruner = findPruner(options.pruner);
  const encode = options.output === undefined ? undefined : checkpointEncoder(options.output);
  checkOutputs(options);
  const checkpoint = readCheckpoint(path, options.key === undefined ? {} : { key: options.key });
  const { tensors, stored, format, notes } = checkpoint;
  const all = weightLayers(tensors);
  const layers = unprotectedFileLayers(all, options.protect).map(({ name }) => name);
  if (layers.length === 0)
    throw new InputError({
      where: path,
      message: `has no unprotected weights (floating, two or more dimensions) among ${tensors.size} arrays`,
      hint: "protect fewer layers, or none: --protect none",
    });
  const previous = previousMask(path, checkpoint, options.previous);
  const mask = within(path, () => {
    const target = { sparsity: options.sparsity };
    // A single file has no replicates: a random mask of it is always the same.
    const request = { weights: tensors, layers, pruner, options: {}, target, seed: 0 };
    return withOthers(makeMask(previous === undefined ? request : { ...request, previous }), previous);
  });
  const pruned = within(path, () => (options.form === "plain" ? mask.apply(stored) : toPruneForm(stored, mask)));
  const written: string[] = [];
  const write = (file: string, bytes: Uint8Array) => {
    writeFileAtomic(file, bytes);
    written.push(file);
  };
  if (options.maskOut !== undefined)
    write(options.maskOut, encodeSafetensors(mask.toStateDict(), { format: "pt", pruner: pruner.name }));
  if (options.output !== undefined && encode !== undefined) write(options.output, encode(pruned));
  const rows = all.map(({ name, shape }): PrunedLayer => {
    const size = tensors.get(name)?.data.length ?? 0;
    const kept = mask.has(name) ? mask.keptCount(name) : size;
    return { layer: name, shape, size, kept, sparsity: removed(size, kept), protected: !layers.includes(name) };
  });
  const size = rows.reduce((sum, row) => sum + row.size, 0);
  const kept = rows.reduce((sum, row) => sum + row.kept, 0);
  const { sparsity, form } = options;
  const total = { size, kept, sparsity: removed(size, kept) };
  return { checkpoint: path, format, pruner: pruner.name, sparsity, form, layers: rows, total, written, notes };
}

/** Refuses before any work: files in the way, one name for two files, a mask in a format that no reader of masks expects. */
function checkOutputs({ output, maskOut, force }: PruneOptions): void {
  if (maskOut !== undefined && !maskOut.endsWith(".safetensors"))
    throw new InputError({ where: maskOut, message: "expected a name that ends in .safetensors for the mask" });
  if (output !== undefined && maskOut !== undefined && resolve(output) === resolve(maskOut))
    throw new InputError({ where: output, message: "expected two names for the weights and the mask, got one" });
  const inTheWay = [output, maskOut].flatMap((file) => (file !== undefined && existsSync(file) ? [file] : []));
  if (inTheWay.length > 0 && !force)
    throw new InputError(
      inTheWay.map((where) => ({
        where,
        message: "there is a file of this name already",
        hint: "choose another name, or replace it with --force",
      })),
    );
}

function previousMask(path: string, { mask }: LoadedCheckpoint, file: string | undefined): Mask | undefined {
  if (file === undefined) return mask;
  if (mask !== undefined)
    throw new InputError({
      where: "--previous",
      message: `${path} has a mask of its own already`,
      hint: "leave --previous out: its pruned weights stay pruned",
    });
  return readMask(file);
}

/** The made mask, and of the previous one the layers that were not pruned now: pruned weights stay pruned. */
function withOthers(made: Mask, previous: Mask | undefined): Mask {
  const layer = (mask: Mask, name: string): [string, LayerMask] => [
    name,
    { shape: mask.shape(name), keep: mask.keep(name) },
  ];
  const others = (previous?.keys ?? []).filter((name) => !made.has(name));
  return new Mask([
    ...made.keys.map((name) => layer(made, name)),
    ...others.flatMap((name) => (previous === undefined ? [] : [layer(previous, name)])),
  ]);
}

/** Errors that name a layer name its file too. */
function within<Result>(file: string, action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(error.issues.map((issue) => ({ ...issue, where: `${file}: ${issue.where}` })));
  }
}

function removed(size: number, kept: number): number {
  return size === 0 ? 0 : 1 - kept / size;
}

/** A table of every layer, and the total. */
export function pruneText({ checkpoint, pruner, sparsity, layers, total }: PruneResult): string {
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  const rows = layers.map(({ layer, size, kept, sparsity: share, protected: isProtected }) => [
    layer,
    String(size),
    String(kept),
    isProtected ? "protected" : percent(share),
  ]);
  return renderTable(
    {
      title: `${checkpoint}: ${pruner}, sparsity ${sparsity} in every unprotected layer`,
      columns: ["layer", "weights", "kept", "sparsity"],
      rows: [...rows, ["total", String(total.size), String(total.kept), percent(total.sparsity)]],
      heads: 1,
    },
    // Four columns: never broken, however long the names of layers are.
    Number.MAX_SAFE_INTEGER,
  );
}
