import type { StateDict } from "../core/array.ts";
import { InternalError } from "../core/errors.ts";
import type { Mask } from "../masks/mask.ts";
import type { Module } from "../nn/module.ts";
import { type AdmmEpoch, type AdmmSchedule, AdmmState } from "../pruners/admm.ts";
import { keep, noGrad } from "../tensor/scope.ts";
import { type Device, Tensor } from "../tensor/tensor.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { Penalty, TrainJob } from "./job.ts";
import type { EpochMetrics } from "./recipe.ts";
import { train } from "./trainer.ts";

/** An ADMM pruning: a training from θT with ADMM's penalty (see `AdmmState`), whose result is a mask. */
export interface AdmmJob
  extends Omit<TrainJob, "mask" | "penalty" | "keepEpochs" | "onWeights" | "fromCheckpoint" | "saveCheckpoint"> {
  /** Names of the layers to prune. */
  readonly layers: readonly string[];
  /** Fraction removed per layer, in [0, 1). */
  readonly sparsity: number;
  readonly schedule: AdmmSchedule;
  readonly fromCheckpoint?: AdmmCheckpoint;
  /** After every epoch, and when interrupted. */
  readonly saveCheckpoint?: (checkpoint: AdmmCheckpoint) => void;
}

/** Everything an ADMM pruning needs to go on to the same bits. */
export interface AdmmCheckpoint {
  readonly training: Checkpoint;
  /** Z and U as of the last finished epoch. */
  readonly state: StateDict;
  /** Of the epochs finished. */
  readonly epochs: readonly AdmmEpoch[];
}

/** How it ended; `metrics` and `epochs` are of all epochs finished, before a resume too. */
export type AdmmOutcome = { readonly metrics: readonly EpochMetrics[]; readonly epochs: readonly AdmmEpoch[] } & (
  | { readonly status: "done"; readonly mask: Mask }
  | { readonly status: "interrupted" }
  | { readonly status: "diverged"; readonly divergedAt: { readonly epoch: number; readonly step: number } }
);

/**
 * Prunes by ADMM; a pure function as `train` is.
 * @throws InputError when the weights do not fit the model
 */
export async function pruneByAdmm(job: AdmmJob): Promise<AdmmOutcome> {
  const { layers, sparsity, schedule, fromCheckpoint, saveCheckpoint, weights, device, ...rest } = job;
  const state = new AdmmState({
    weights,
    layers,
    sparsity,
    schedule,
    dtype: job.recipe.precision === "float64" ? "float64" : "float32",
    ...(fromCheckpoint === undefined ? {} : { saved: fromCheckpoint.state }),
  });
  const epochs = [...(fromCheckpoint?.epochs ?? [])];
  let last = fromCheckpoint?.training.weights ?? weights;
  const penalty = new AdmmPenalty(state, device);
  const endEpoch = (epoch: number, current: StateDict): boolean => {
    const residuals = state.endEpoch(epoch, current);
    if (residuals === undefined) return false;
    epochs.push(residuals);
    last = current;
    penalty.refresh();
    return true;
  };
  try {
    const outcome = await train({
      ...rest,
      weights,
      device,
      penalty: { addGradients: (model, epoch) => penalty.addGradients(model, epoch), endEpoch },
      keepEpochs: [],
      ...(fromCheckpoint === undefined ? {} : { fromCheckpoint: fromCheckpoint.training }),
      saveCheckpoint: (training) => saveCheckpoint?.({ training, state: state.toStateDict(), epochs: [...epochs] }),
    });
    return outcome.status === "done" ? { ...outcome, epochs, mask: state.mask(last) } : { ...outcome, epochs };
  } finally {
    penalty.dispose();
  }
}

/** rho/2 · Σ ||W - Z + U||², with Z - U on the device. Its tensors belong to no scope; `dispose()` frees them. */
export class AdmmPenalty implements Pick<Penalty, "addGradients"> {
  readonly #state: AdmmState;
  readonly #device: Device;
  readonly #targets = new Map<string, Tensor>();

  constructor(state: AdmmState, device: Device) {
    this.#state = state;
    this.#device = device;
    this.refresh();
  }

  /** Copies Z - U to the device again, after it has changed. */
  refresh(): void {
    this.dispose();
    for (const name of this.#state.layers)
      this.#targets.set(name, keep(Tensor.fromHost(this.#state.target(name), { device: this.#device })));
  }

  /** Adds rho·(W - Z + U) to the gradients of the pruned layers. */
  addGradients(model: Module, epoch: number): void {
    const rho = this.#state.rho(epoch);
    const parameters = model.namedParameters();
    noGrad(() => {
      for (const [name, target] of this.#targets) {
        const weight = parameters.get(name)?.tensor;
        const gradient = weight?.grad;
        if (weight === undefined || gradient === undefined) throw new InternalError(`ADMM: ${name} has no gradient`);
        gradient.copyFrom(gradient.add(weight.sub(target).mul(rho)));
      }
    });
  }

  dispose(): void {
    for (const target of this.#targets.values()) target.dispose();
    this.#targets.clear();
  }
}
