import { allocations } from "../allocations/index.ts";
import { elementCount } from "../core/array.ts";
import { InternalError } from "../core/errors.ts";
import { describeData } from "../data/check.ts";
import { keptCount } from "../masks/counts.ts";
import { pruners } from "../pruners/index.ts";
import { describeModelOnce } from "../spec/describe.ts";
import { unprotectedLayers } from "../spec/layers.ts";
import type { AdmmSpec, MaskTarget, PruneSpec, Variant } from "../spec/types.ts";
import { admmParameters } from "./admm.ts";
import { plannedCounts, type SizedLayer } from "./planned-counts.ts";
import { pruningLabels } from "./pruning-labels.ts";
import { copiesFrom, lastEpochs, stretched } from "./retraining.ts";
import type { StageTable } from "./stage-table.ts";
import { startAndEnd } from "./start-and-end.ts";
import type {
  Arm,
  Cell,
  Comparison,
  Connection,
  InitParameters,
  Measure,
  Ref,
  Start,
  TrainParameters,
} from "./types.ts";

/** What the plan of one variant and seed consists of, beside the stages in the table. */
export interface Replicate {
  readonly arms: readonly Arm[];
  readonly comparisons: readonly Comparison[];
  readonly connections: readonly Connection[];
  /** Keys that each cell needs by itself: its mask, its arms and its connections. A connection of dense networks is one of its own. */
  readonly cells: readonly (readonly string[])[];
  readonly dense: string;
}

/** A cell while it is planned: with the numbers of weights that its mask keeps, by layer, unless only scores can tell. */
interface PlannedCell {
  readonly cell: Cell;
  readonly kept: readonly number[] | undefined;
  /** Whether layers may end with any number of weights, none included. */
  readonly isUneven: boolean;
}

/** Plans one variant with one seed: the dense run, the masks, what starts from each, and what is compared. */
export class ReplicatePlan {
  readonly #table: StageTable;
  readonly #variant: Variant;
  readonly #seed: number;
  readonly #layers: readonly SizedLayer[];
  readonly #init: Omit<InitParameters, "draw">;
  readonly #train: TrainParameters;
  /** Absent where only the trained weights are given. */
  readonly #theta0: Ref | undefined;
  readonly #thetaT: Ref;
  readonly #arms: Arm[] = [];
  readonly #comparisons: Comparison[] = [];
  readonly #connections: Connection[] = [];
  readonly #cells: (readonly string[])[] = [];

  constructor(table: StageTable, variant: Variant, seed: number) {
    const { data, model, train, protect } = variant.setting;
    const { classes, shape } = describeData(data);
    this.#table = table;
    this.#variant = variant;
    this.#seed = seed;
    this.#layers = unprotectedLayers(describeModelOnce(model, { classes, shape }).prunable, protect).map((layer) => ({
      name: layer.name,
      shape: layer.shape,
      size: elementCount(layer.shape),
    }));
    this.#init = { model, classes, shape, seed };
    this.#train = { model, data, recipe: train, seed };
    const { theta0, thetaT } = startAndEnd(table, this.#init, this.#train, variant.setting.weights);
    this.#theta0 = theta0;
    this.#thetaT = thetaT;
  }

  /** Adds all stages to the table. */
  plan(): Replicate {
    const { prune, correlation, connectivity } = this.#variant.setting;
    this.#addArm("dense", this.#thetaT);
    if (this.#theta0 !== undefined)
      this.#compare("pre-training", "dense-dense", this.#theta0, this.#thetaT, correlation.p);
    for (const epoch of connectivity?.epochs ?? []) this.#cells.push([this.#connect(epoch)]);
    const labels = pruningLabels(prune);
    for (const [pruneIndex, setting] of prune.entries()) {
      for (const cell of this.#cellsOf(setting, { pruning: labels[pruneIndex] ?? setting.kind, pruneIndex })) {
        this.#retrain(cell);
      }
    }
    const { key } = this.#thetaT;
    const [arms, comparisons, connections] = [this.#arms, this.#comparisons, this.#connections];
    return { arms, comparisons, connections, cells: this.#cells, dense: key };
  }

  /** @throws InternalError where only the trained weights are given; the spec's checks keep that from being asked */
  #start(): Ref {
    if (this.#theta0 === undefined) throw new InternalError("plan: there are no initial weights");
    return this.#theta0;
  }

  #cellsOf(setting: PruneSpec, names: Pick<Cell, "pruning" | "pruneIndex">): PlannedCell[] {
    if (setting.kind === "one-shot") {
      return setting.sparsities.map((sparsity, step) => {
        const { mask, ...counts } = this.#mask(setting, { sparsity }, this.#thetaT, undefined);
        return { cell: { ...names, step, sparsity, mask }, ...counts };
      });
    }
    if (setting.kind === "admm") {
      return setting.sparsities.map((sparsity, step) => {
        const parameters = admmParameters(this.#train, setting, sparsity, this.#layers);
        const mask = this.#table.admm(parameters, { weights: this.#thetaT });
        return {
          cell: { ...names, step, sparsity, mask },
          kept: this.#layers.map(({ size }) => keptCount(size, sparsity)),
          isUneven: false,
        };
      });
    }
    const cells: PlannedCell[] = [];
    let weights = this.#thetaT;
    for (const [step, target] of setting.rounds.entries()) {
      const last = cells.at(-1);
      // A round prunes what θ0 under the previous mask trained to, which is the winning ticket of that mask.
      if (last !== undefined)
        weights = this.#table.train(this.#train, { weights: this.#start(), mask: last.cell.mask });
      const { mask, ...counts } = this.#mask(setting, target, weights, last);
      const sparsity = "sparsity" in target ? target.sparsity : afterRounds(target.removeFraction, step + 1);
      cells.push({ cell: { ...names, step, sparsity, mask }, ...counts });
    }
    return cells;
  }

  #mask(
    { pruner: { name, options }, allocation }: Exclude<PruneSpec, AdmmSpec>,
    target: MaskTarget,
    weights: Ref,
    last: PlannedCell | undefined,
  ): Omit<PlannedCell, "cell"> & { readonly mask: Ref } {
    const { version, needsSeed } = pruners.get(name);
    const parameters = {
      model: this.#train.model,
      pruner: { name, options, version },
      ...(allocation === undefined
        ? {}
        : { allocation: { ...allocation, version: allocations.get(allocation.name).version } }),
      target,
      ...(needsSeed === true ? { seed: this.#seed } : {}),
      layers: this.#layers.map((layer) => layer.name),
    };
    const inputs = last === undefined ? { weights } : { weights, previous: last.cell.mask };
    const kept = plannedCounts(this.#layers, allocation, target, last?.kept);
    return { mask: this.#table.mask(parameters, inputs), kept, isUneven: allocation !== undefined };
  }

  #retrain(planned: PlannedCell): void {
    const { cell } = planned;
    const { mask } = cell;
    const needed = [mask.key];
    const start = (
      name: Start,
      weights: Ref,
      epochs: Pick<Arm, "rewindEpoch" | "retrainEpochs"> = {},
      train: TrainParameters = this.#train,
    ): Ref => {
      const trained = this.#table.train(train, { weights, mask });
      this.#addArm(name, trained, cell, epochs);
      needed.push(trained.key);
      return trained;
    };
    const reinitialised = () => this.#table.init({ ...this.#init, draw: 1 });
    let theta0b: Ref | undefined;
    let fineTuned: Ref | undefined;
    for (const retrain of this.#variant.setting.retrain) {
      switch (retrain.kind) {
        case "ticket":
          start("ticket", this.#start());
          break;
        case "reinit":
          theta0b = reinitialised();
          start("reinit", theta0b);
          break;
        case "scratch-b": {
          const train = stretched(this.#train, cell.sparsity);
          start("scratch-b", reinitialised(), { retrainEpochs: train.recipe.epochs }, train);
          break;
        }
        case "rewind": {
          const weights = this.#table.train(this.#train, { weights: this.#start() }, retrain.epoch);
          start("rewind", weights, { rewindEpoch: retrain.epoch });
          break;
        }
        case "lr-rewind":
          start("lr-rewind", this.#thetaT, { retrainEpochs: retrain.epochs }, lastEpochs(this.#train, retrain.epochs));
          break;
        case "fine-tune":
          fineTuned = start("fine-tune", this.#thetaT);
          break;
      }
    }
    const { connectivity } = this.#variant.setting;
    if (connectivity?.masks === true) for (const epoch of connectivity.epochs) needed.push(this.#connect(epoch, cell));
    this.#cells.push(needed);
    if (fineTuned !== undefined) this.#compareCell(planned, fineTuned, theta0b);
  }

  /** R_p of the weights a mask selects at the start, and of θ0 and θT, against the fine-tuned weights. */
  #compareCell({ cell, kept, isUneven }: PlannedCell, fineTuned: Ref, theta0b: Ref | undefined): void {
    const { p } = this.#variant.setting.correlation;
    const at = { cell, ...(isUneven ? { partial: true as const } : {}) };
    if (this.#theta0 !== undefined) this.#compare("ticket", "sparse-sparse", this.#theta0, fineTuned, p, at);
    if (theta0b !== undefined) this.#compare("reinit", "sparse-sparse", theta0b, fineTuned, p, at);
    // The paper asks p < 1 - sparsity here: the top p of a dense layer must fit into what the mask keeps. Rounding over
    // the rounds can leave a small layer a weight short of that, so its true count is asked too. Where layers keep different
    // shares, what does not fit is left out when it is computed.
    const fitting = p.filter(
      (share) =>
        share < 1 - cell.sparsity - 1e-9 &&
        (isUneven || this.#layers.every(({ size }, i) => Math.max(1, Math.round(share * size)) <= (kept?.[i] ?? 0))),
    );
    if (fitting.length === 0) return;
    if (this.#theta0 !== undefined)
      this.#compare("fine-tune to initial", "sparse-dense", fineTuned, this.#theta0, fitting, at);
    this.#compare("fine-tune to pre-trained", "sparse-dense", fineTuned, this.#thetaT, fitting, at);
  }

  /** Connects two copies of θ_k, or of θ_k ⊙ m. @returns key of the connect stage */
  #connect(epoch: number, cell?: Cell): string {
    const { model, data, recipe } = this.#train;
    const { points = 0 } = this.#variant.setting.connectivity ?? {};
    const weights = epoch === 0 ? this.#start() : this.#table.train(this.#train, { weights: this.#start() }, epoch);
    const inputs = cell === undefined ? { weights } : { weights, mask: cell.mask };
    const [first, second] = copiesFrom(this.#train, epoch);
    // The dense run is the first copy of any of its own epochs.
    const a = cell === undefined ? this.#thetaT : this.#table.train(first, inputs);
    const b = this.#table.train(second, inputs);
    const { precision, engine } = recipe;
    const arithmetic = { precision, ...(engine === undefined ? {} : { engine }) };
    const connect = this.#table.connect({ model, data, ...arithmetic, points }, { a, b }).key;
    this.#connections.push({
      variant: this.#variant.id,
      seed: this.#seed,
      epoch,
      ...(cell === undefined ? {} : { cell }),
      copies: [a.key, b.key],
      connect,
    });
    return connect;
  }

  #compare(
    measure: Measure,
    mode: "dense-dense" | "sparse-sparse" | "sparse-dense",
    a: Ref,
    b: Ref,
    p: readonly number[],
    { cell, ...partial }: { readonly cell?: Cell; readonly partial?: true } = {},
  ): void {
    const layers = this.#layers.map(({ name }) => name);
    const inputs = cell === undefined ? { a, b } : { a, b, mask: cell.mask };
    const compare = this.#table.compare({ mode, layers, p, ...partial }, inputs).key;
    const base = { variant: this.#variant.id, seed: this.#seed, measure, compare };
    this.#comparisons.push(cell === undefined ? base : { ...base, cell });
  }

  #addArm(start: Start, trained: Ref, cell?: Cell, epochs: Pick<Arm, "rewindEpoch" | "retrainEpochs"> = {}): void {
    this.#arms.push({
      variant: this.#variant.id,
      seed: this.#seed,
      start,
      train: trained.key,
      ...(cell === undefined ? {} : { cell }),
      ...epochs,
    });
  }
}

/** Share removed after so many rounds at one rate, without the dust of floating point: 0.15, not 0.15000000000000002. */
function afterRounds(rate: number, rounds: number): number {
  return Number((1 - (1 - rate) ** rounds).toPrecision(12));
}
