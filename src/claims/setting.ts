import type { AdmmResult, ArmResult, ComparisonResult, Results } from "../analysis/types.ts";
import { canonicalJson, type Json } from "../core/canonical-json.ts";
import { describeData } from "../data/check.ts";
import type { Measure, Start } from "../plan/types.ts";
import { CONVERGED_RESIDUAL, worstLayer } from "../pruners/admm.ts";
import { percent } from "../run/labels.ts";
import type { PruneSpec, Setting } from "../spec/types.ts";
import type { AdmmPruning } from "./admm.ts";

/** The starts that the claims are about. */
const starts: readonly Start[] = ["dense", "ticket", "reinit", "rewind", "fine-tune"];

export type PruningKind = "iterative" | "one-shot" | "admm";

/** A mask by the way it is made, whatever the seed and the learning rate. */
export interface MaskId {
  readonly kind: PruningKind;
  readonly sparsity: number;
  /** The whole procedure; two masks of one kind and sparsity may differ in it. */
  readonly procedure: string;
  /** Made from θT in one step: one-shot, or the first round of iterative pruning, which is the same. */
  readonly isOneStep: boolean;
  readonly label: string;
}

/** Where an accuracy was measured. */
export interface ArmPlace {
  readonly lr: number | undefined;
  readonly start: Start;
  readonly rewindEpoch?: number;
  /** None for dense. */
  readonly mask?: MaskId;
}

/** Where an R_p was measured. */
export interface CorrelationPlace {
  readonly lr: number | undefined;
  readonly measure: Measure;
  readonly p: number;
  readonly mask?: MaskId;
}

/** R_p and its null in percent. */
export interface Correlation {
  readonly rp: number;
  readonly nullMean: number;
}

/** By seed; null where it was planned but is missing, failed or diverged. */
export type BySeed<T> = ReadonlyMap<number, T | null>;

/**
 * What a claim is judged in: one model on one data set by one recipe, at the learning rates that were run. Everything else that changes
 * a result (epochs, images, precision, warm-up, protected layers) makes another setting.
 */
export class ClaimSetting {
  readonly model: string;
  readonly data: string;
  /** Epochs of every training. */
  readonly epochs: number;
  readonly #facts: readonly string[];
  readonly #content: string | undefined;
  /** Whether another setting has the same facts: then the data differ in their content. */
  #isAlike = false;
  readonly #accuracies = new Map<string, Map<number, number | null>>();
  readonly #correlations = new Map<string, Map<number, Correlation | null>>();
  readonly #rates = new Set<number>();
  readonly #masks = new Map<string, { readonly mask: MaskId; readonly rates: Set<number> }>();
  readonly #rewindEpochs = new Set<number>();
  readonly #prunings = new Map<string, Map<number, AdmmPruning>>();

  constructor({ model, data, train }: Setting) {
    this.model = model.name;
    this.data = data.name;
    this.epochs = train.epochs;
    const warmup = train.schedule.warmupEpochs > 0 ? [`warm-up ${train.schedule.warmupEpochs}`] : [];
    const images = `${describeData(data).train.toLocaleString("en-US")} images`;
    this.#facts = [`${train.epochs} epochs`, images, ...warmup];
    this.#content = data.content;
  }

  /** Facts that people need to tell settings apart: `resnet20 on cifar10 (150 epochs, 50,000 images)`. */
  get label(): string {
    const content = this.#isAlike && this.#content !== undefined ? [`content ${this.#content.slice(0, 8)}…`] : [];
    return `${this.model} on ${this.data} (${[...this.#facts, ...content].join(", ")})`;
  }

  /** Has the label tell this setting from others with the same facts. */
  distinguish(): void {
    this.#isAlike = true;
  }

  /** Learning rates, ascending. */
  get rates(): readonly number[] {
    return [...this.#rates].sort((a, b) => a - b);
  }

  /** The paper's insufficient rate: the lowest, when there are two or more. */
  get low(): number | undefined {
    return this.rates.length > 1 ? this.rates[0] : undefined;
  }

  /** The paper's desirable rate: the highest, also when it is the only one. */
  get high(): number | undefined {
    return this.rates.at(-1);
  }

  /** Seeds of everything planned. */
  get seeds(): readonly number[] {
    const all = [...this.#accuracies.values(), ...this.#correlations.values()].flatMap((found) => [...found.keys()]);
    return [...new Set(all)].sort((a, b) => a - b);
  }

  get rewindEpochs(): readonly number[] {
    return [...this.#rewindEpochs];
  }

  /** Masks of one algorithm that something was planned on at this rate, by sparsity. */
  masks(kind: PruningKind, lr: number | undefined): readonly MaskId[] {
    return [...this.#masks.values()]
      .filter(({ mask, rates }) => mask.kind === kind && lr !== undefined && rates.has(lr))
      .map(({ mask }) => mask)
      .sort((a, b) => a.sparsity - b.sparsity);
  }

  /** Final test accuracy in percent; undefined when it was never planned. */
  accuracy(place: ArmPlace): BySeed<number> | undefined {
    return this.#accuracies.get(armKey(place));
  }

  /** R_p with its null; undefined when it was never planned. */
  correlation(place: CorrelationPlace): BySeed<Correlation> | undefined {
    return this.#correlations.get(correlationKey(place));
  }

  /** How the ADMM prunings ended that made a mask, a seed each; none for other masks and where nothing is done. */
  prunings({ lr, mask }: Pick<ArmPlace, "lr" | "mask">): readonly AdmmPruning[] {
    return [...(this.#prunings.get(pruningKey(lr, mask)) ?? new Map<number, AdmmPruning>()).values()];
  }

  /** Adds what one variant of a spec has. */
  add({ arms, comparisons, admm }: Pick<Results, "arms" | "comparisons" | "admm">, setting: Setting): void {
    const { lr } = setting.train.optimizer.sgd;
    this.#rates.add(lr);
    for (const arm of arms.filter(({ start }) => starts.includes(start))) this.#addArm(lr, arm, setting.prune);
    for (const comparison of comparisons) this.#addComparison(lr, comparison, setting);
    const runs = new Map(admm.map((run) => [run.cell.mask.key, run]));
    for (const { cell, seed } of arms) {
      const run = runs.get(cell?.mask.key ?? "");
      if (run !== undefined) this.#addPruning(lr, seed, run, setting.prune);
    }
  }

  #addPruning(lr: number, seed: number, { cell, status, epochs }: AdmmResult, prune: readonly PruneSpec[]) {
    const [mask, last] = [this.#maskOf(lr, cell, prune), epochs.at(-1)];
    if (mask === undefined || last === undefined || status !== "done") return;
    const { layer, residual } = worstLayer(last);
    const key = pruningKey(lr, mask);
    const found = this.#prunings.get(key) ?? new Map<number, AdmmPruning>();
    this.#prunings.set(key, found);
    found.set(seed, { lr, mask: mask.label, seed, layer, residual, converged: residual <= CONVERGED_RESIDUAL });
  }

  #addArm(
    lr: number,
    { seed, start, rewindEpoch, cell, status, finalAccuracy }: ArmResult,
    prune: readonly PruneSpec[],
  ) {
    const mask = this.#maskOf(lr, cell, prune);
    if (cell !== undefined && mask === undefined) return;
    if (start === "rewind" && rewindEpoch !== undefined) this.#rewindEpochs.add(rewindEpoch);
    const place = {
      lr,
      start,
      ...(mask === undefined ? {} : { mask }),
      ...(rewindEpoch === undefined ? {} : { rewindEpoch }),
    };
    put(this.#accuracies, armKey(place), seed, status === "done" ? (finalAccuracy ?? null) : null);
  }

  #addComparison(
    lr: number,
    { seed, measure, cell, status, points }: ComparisonResult,
    { prune, correlation }: Setting,
  ) {
    const mask = this.#maskOf(lr, cell, prune);
    if (cell !== undefined && mask === undefined) return;
    const place = { lr, measure, ...(mask === undefined ? {} : { mask }) };
    if (status !== "done") {
      for (const p of correlation.p) put(this.#correlations, correlationKey({ ...place, p }), seed, null);
      return;
    }
    for (const { p, rp, nullMean } of points)
      put(this.#correlations, correlationKey({ ...place, p }), seed, { rp: 100 * rp, nullMean: 100 * nullMean });
  }

  /** Masks by another criterion than the magnitude, or another allocation than the uniform one, are none of the paper's. */
  #maskOf(lr: number, cell: ArmResult["cell"], prune: readonly PruneSpec[]): MaskId | undefined {
    const setting = cell === undefined ? undefined : prune[cell.pruneIndex];
    if (cell === undefined || setting === undefined) return undefined;
    if (setting.kind !== "admm" && (setting.pruner.name !== "magnitude" || setting.allocation !== undefined))
      return undefined;
    const procedure = procedureOf(setting, cell.step, cell.sparsity);
    const known = this.#masks.get(procedure);
    const label = `${setting.kind} ${percent(cell.sparsity)}`;
    const isOneStep = setting.kind === "one-shot" || (setting.kind === "iterative" && cell.step === 0);
    const mask = known?.mask ?? { kind: setting.kind, sparsity: cell.sparsity, procedure, isOneStep, label };
    if (known === undefined) this.#masks.set(procedure, { mask, rates: new Set([lr]) });
    else known.rates.add(lr);
    return mask;
  }
}

/**
 * The settings of several results: variants that differ in nothing but the learning rate and in what is pruned and measured are one.
 * What several specs share is counted once.
 */
export function claimSettings(results: readonly Results[]): readonly ClaimSetting[] {
  const settings = new Map<string, ClaimSetting>();
  for (const { spec, arms, comparisons, admm } of results)
    for (const { id, setting } of spec.variants) {
      const identity = identityOf(setting);
      const known = settings.get(identity) ?? new ClaimSetting(setting);
      settings.set(identity, known);
      const isOwn = ({ variant }: { readonly variant: string }) => variant === id;
      known.add({ arms: arms.filter(isOwn), comparisons: comparisons.filter(isOwn), admm }, setting);
    }
  const all = [...settings.values()];
  for (const label of new Set(all.map((setting) => setting.label))) {
    const alike = all.filter((setting) => setting.label === label);
    if (alike.length > 1) for (const setting of alike) setting.distinguish();
  }
  return all;
}

function identityOf({ model, data, train, protect }: Setting): string {
  const { path: _, ...images } = data;
  const { lr: __, ...sgd } = train.optimizer.sgd;
  const identity = { model, data: images, train: { ...train, optimizer: { sgd } }, protect };
  return canonicalJson(JSON.parse(JSON.stringify(identity)) as Json);
}

/** Rounds after this mask do not change it, nor do other sparsities of a list of single masks. */
function procedureOf(setting: PruneSpec, step: number, sparsity: number): string {
  if (setting.kind === "iterative") return `iterative ${JSON.stringify(setting.rounds.slice(0, step + 1))}`;
  if (setting.kind === "one-shot") return `one-shot ${sparsity}`;
  const { sparsities: _, ...options } = setting;
  return `admm ${JSON.stringify(options)} ${sparsity}`;
}

function armKey({ lr, start, rewindEpoch, mask }: ArmPlace): string {
  return JSON.stringify([lr, start, rewindEpoch, mask?.procedure]);
}

function pruningKey(lr: number | undefined, mask: MaskId | undefined): string {
  return JSON.stringify([lr, mask?.procedure]);
}

function correlationKey({ lr, measure, p, mask }: CorrelationPlace): string {
  return JSON.stringify([lr, measure, p, mask?.procedure]);
}

/** The same run of two specs is one; a spec in which it is not done does not hide the other. */
function put<T>(into: Map<string, Map<number, T | null>>, key: string, seed: number, value: T | null): void {
  const found = into.get(key) ?? new Map<number, T | null>();
  into.set(key, found);
  if (value !== null || !found.has(seed)) found.set(seed, value);
}
