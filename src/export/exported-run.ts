import type { HostArray, StateDict } from "../core/array.ts";
import { canonicalJson, type Json } from "../core/canonical-json.ts";
import { InputError, InternalError } from "../core/errors.ts";
import { VERSION } from "../core/version.ts";
import { describeData } from "../data/check.ts";
import { Mask } from "../masks/mask.ts";
import { buildModel } from "../models/index.ts";
import { weightsAt } from "../plan/stage-table.ts";
import type { TrainStage } from "../plan/types.ts";
import { outputFile } from "../store/layout.ts";
import type { Store } from "../store/store.ts";
import type { ObjectRecord } from "../store/types.ts";
import { finalAccuracy, type StoredStage, storedRun } from "./stored-run.ts";

/** A training's network as it leaves the store: weights under their mask, and where they come from. */
export interface ExportedRun {
  readonly key: string;
  readonly stage: StoredStage<TrainStage>;
  /** Epochs that the weights were trained for. */
  readonly epoch: number;
  /** By parameter name; pruned weights are 0. */
  readonly weights: StateDict;
  readonly mask?: Mask;
  /** Provenance as texts, for the metadata of a file. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a training's weights and mask.
 * @param epoch whose weights; those after the last epoch when left out
 * @throws InputError for an object that is no training, and for weights that were not kept
 * @throws CorruptObjectError when an object is damaged
 */
export function exportedRun(store: Store, record: ObjectRecord, epoch?: number): ExportedRun {
  const run = storedRun(store, record);
  const { stage } = run;
  const wanted = epoch ?? stage.parameters.recipe.epochs;
  const output = weightsAt(wanted);
  if (!Object.hasOwn(record.files, outputFile(output))) throw notKept(record, wanted);
  const ref = stage.inputs.mask;
  const mask = ref === undefined ? undefined : Mask.fromStateDict(store.readState(ref.key, ref.output));
  const weights = inModelOrder(store.readState(record.key, output), stage);
  const accuracy =
    wanted === stage.parameters.recipe.epochs
      ? finalAccuracy(run)
      : percentOf(run.curve.find((metrics) => metrics.epoch === wanted)?.testAccuracy);
  return {
    key: record.key,
    stage,
    epoch: wanted,
    weights: mask === undefined ? weights : mask.apply(weights),
    ...(mask === undefined ? {} : { mask }),
    metadata: {
      producer: `sweepstake ${VERSION}`,
      run: record.key,
      stage: canonicalJson(stage as unknown as Json),
      epoch: String(wanted),
      start: run.start,
      ...(ref === undefined ? {} : { mask: ref.key }),
      sparsity: String(mask?.sparsity ?? 0),
      ...(accuracy === undefined ? {} : { testAccuracyPercent: String(accuracy) }),
      provenance: canonicalJson(record.provenance as unknown as Json),
    },
  };
}

/**
 * The arrays in the order of the model, as PyTorch's state dict has them; safetensors files have another. That of a TorchScript network is in
 * its file alone, which may be gone, so there they stay as they are.
 */
function inModelOrder(weights: StateDict, { parameters }: StoredStage<TrainStage>): StateDict {
  if (parameters.model.name === "torchscript") return weights;
  const names = buildModel(parameters.model, describeData(parameters.data)).names();
  return new Map(
    names.map((name): [string, HostArray] => {
      const array = weights.get(name);
      if (array === undefined) throw new InternalError(`the stored weights of ${parameters.model.name} lack ${name}`);
      return [name, array];
    }),
  );
}

function percentOf(share: number | undefined): number | undefined {
  return share === undefined ? undefined : 100 * share;
}

function notKept({ key, status, files }: ObjectRecord, epoch: number): InputError {
  const kept = Object.keys(files).flatMap((file) => /^weights@(\d+)\./.exec(file)?.[1] ?? []);
  const where = `run ${key}`;
  if (status === "diverged" && kept.length === 0)
    return new InputError({ where, message: "it diverged, and has no weights to export" });
  return new InputError({
    where,
    message: `expected weights after epoch ${epoch}, which were not kept${status === "diverged" ? " (it diverged)" : ""}`,
    hint:
      kept.length === 0
        ? "its results were taken in from an export, which has no weights: run its spec with another --out, without --results"
        : `it kept those after epoch ${kept.join(", ")}: --epoch N`,
  });
}
