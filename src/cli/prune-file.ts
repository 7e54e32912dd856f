import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { allocations } from "../allocations/index.ts";
import { uniform } from "../allocations/uniform.ts";
import { renderTable } from "../analysis/text-table.ts";
import { toPruneForm } from "../checkpoints/prune-form.ts";
import { readCheckpoint } from "../checkpoints/read-checkpoint.ts";
import { weightLayers } from "../checkpoints/weight-layers.ts";
import { checkpointEncoder } from "../checkpoints/write-checkpoint.ts";
import { writeFileAtomic } from "../core/atomic-write.ts";
import { InputError } from "../core/errors.ts";
import { encodeSafetensors } from "../core/safetensors.ts";
import { pruners } from "../pruners/index.ts";
import { checkComparable, makeMask } from "../pruners/make-mask.ts";
import { unprotectedFileLayers } from "./file-layers.ts";
import {
  checkViews,
  isTooSparse,
  nonZeroMask,
  notFinite,
  notTaken,
  pick,
  previousMask,
  removed,
  sparseNote,
  withAliases,
  withOthers,
  zerosOf,
} from "./prune-masks.ts";

export interface PruneOptions {
  /** Fraction removed of every unprotected layer, in [0, 1). */
  readonly sparsity: number;
  /** A pruner's name. */
  readonly pruner: string;
  /** An allocation's name; uniform by default. */
  readonly allocation?: string;
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
  /** Where in the previous mask's file it is. */
  readonly maskKey?: string;
  /** Names that are layers whatever they are called. */
  readonly layers?: readonly string[];
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
  /** Weights that are 0 in the file, and after pruning. */
  readonly zeros: { readonly before: number; readonly after: number };
  readonly protected: boolean;
}

export interface PruneResult {
  readonly checkpoint: string;
  readonly format: string;
  readonly pruner: string;
  readonly allocation: string;
  readonly sparsity: number;
  readonly form: "plain" | "torch-prune";
  /** Every convolution and linear layer, in the file's order. */
  readonly layers: readonly PrunedLayer[];
  /** Of all layers, the protected ones included. */
  readonly total: Pick<PrunedLayer, "size" | "kept" | "sparsity" | "zeros">;
  readonly written: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Prunes the weights of a file, uniformly per layer with exact counts, and writes what is asked for. The sparsity is that of the layer, and
 * weights that are 0 already are pruned first: no mask keeps a zero. Where a file has more zeros than are asked for, its mask is what is not 0.
 * @throws InputError for a file that is missing, malformed or in the way, and for layers that cannot be pruned so
 */
export function pruneFile(path: string, options: PruneOptions): PruneResult {
  const pruner = pruners.get(options.pruner);
  const allocation = allocations.get(options.allocation ?? "uniform");
  checkComparable(pruner, allocation);
  const encode = options.output === undefined ? undefined : checkpointEncoder(options.output);
  checkOutputs(options);
  const checkpoint = readCheckpoint(path, options.key === undefined ? {} : { key: options.key });
  const { tensors, stored, format, ties, isOrdered } = checkpoint;
  const { layers: all, others } = within(path, () => weightLayers(tensors, options.layers, ties));
  const layers = unprotectedFileLayers(all, options.protect, isOrdered, ties).map(({ name }) => name);
  checkViews(path, layers, ties);
  if (layers.length === 0)
    throw new InputError({
      where: path,
      message: `has no unprotected layers (weights of convolutions and linear layers) among ${tensors.size} arrays`,
      hint: others.length > 0 ? notTaken(others) : "protect fewer layers, or none: --protect none",
    });
  const given = previousMask(path, checkpoint, layers, options);
  const nonZero = nonZeroMask(tensors, layers, given.mask);
  // Where the allocation decides, a layer with few weights left has as many as it can.
  const tooSparse =
    allocation !== uniform ? [] : layers.filter((name) => isTooSparse(name, nonZero, given.mask, options.sparsity));
  const mask = within(path, () => {
    const target = { sparsity: options.sparsity };
    const toPrune = layers.filter((name) => !tooSparse.includes(name));
    // A single file has no replicates: a random mask of it is always the same.
    const made = makeMask({
      weights: tensors,
      layers: toPrune,
      pruner,
      options: {},
      allocation: { method: allocation, options: {} },
      target,
      seed: 0,
      previous: nonZero,
    });
    return withAliases(withOthers(made, withOthers(pick(nonZero, tooSparse), given.mask)), ties);
  });
  const notes = [
    ...checkpoint.notes,
    ...given.notes,
    ...(others.length === 0 ? [] : [notTaken(others)]),
    ...tooSparse.map((name) => sparseNote(name, nonZero, options.sparsity)),
    ...notFinite(tensors, layers),
  ];
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
    const zeros = zerosOf(tensors, name, mask);
    return { layer: name, shape, size, kept, sparsity: removed(size, kept), zeros, protected: !layers.includes(name) };
  });
  const sum = (term: (row: PrunedLayer) => number) => rows.reduce((total, row) => total + term(row), 0);
  const [size, kept] = [sum((row) => row.size), sum((row) => row.kept)];
  const { sparsity, form } = options;
  const zeros = { before: sum((row) => row.zeros.before), after: sum((row) => row.zeros.after) };
  const total = { size, kept, sparsity: removed(size, kept), zeros };
  return {
    checkpoint: path,
    format,
    pruner: pruner.name,
    allocation: allocation.name,
    sparsity,
    form,
    layers: rows,
    total,
    written,
    notes,
  };
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

/** Errors that name a layer name its file too. */
function within<Result>(file: string, action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(error.issues.map((issue) => ({ ...issue, where: `${file}: ${issue.where}` })));
  }
}

/** A table of every layer, and the total. */
export function pruneText({ checkpoint, pruner, allocation, sparsity, layers, total }: PruneResult): string {
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  const rows = layers.map(({ layer, size, kept, sparsity: share, zeros, protected: isProtected }) => [
    layer,
    String(size),
    String(kept),
    isProtected ? "protected" : percent(share),
    String(zeros.before),
    String(zeros.after),
  ]);
  return renderTable(
    {
      title:
        allocation === "uniform"
          ? `${checkpoint}: ${pruner}, sparsity ${sparsity} in every unprotected layer`
          : `${checkpoint}: ${pruner}, ${allocation}, sparsity ${sparsity} of all unprotected layers together`,
      columns: ["layer", "weights", "kept", "sparsity", "zeros before", "zeros after"],
      rows: [
        ...rows,
        [
          "total",
          String(total.size),
          String(total.kept),
          percent(total.sparsity),
          String(total.zeros.before),
          String(total.zeros.after),
        ],
      ],
      heads: 1,
    },
    // Six columns: never broken, however long the names of layers are.
    Number.MAX_SAFE_INTEGER,
  );
}
