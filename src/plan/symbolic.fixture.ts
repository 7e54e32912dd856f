import type { MaskTarget, PruneSpec, RetrainSpec, Spec } from "../spec/types.ts";
import type { Arm, Plan, Ref } from "./types.ts";

/**
 * The trainings of a spec written out as terms, straight from the paper's definitions and without keys or tables: an
 * independent account to hold a plan against.
 */
export type Term =
  | { readonly init: number; readonly seed: number; readonly variant: string }
  | {
      readonly train: Term;
      readonly mask?: Term;
      readonly epoch: number;
      /** Epochs of the schedule, and how many of them lie behind the start. */
      readonly budget: number;
      readonly behind: number;
      readonly seed: number;
      readonly variant: string;
    }
  | { readonly admmOf: Term; readonly sparsity: number; readonly epochs: number; readonly seed: number }
  | { readonly maskOf: Term; readonly previous?: Term; readonly target: MaskTarget };

export interface SymbolicArm {
  readonly start: Arm["start"];
  readonly seed: number;
  readonly pruneIndex?: number;
  readonly step?: number;
  readonly term: Term;
}

/** Every arm of a spec, and for every cell the terms it needs by itself. */
export function symbolicArms(spec: Spec): { readonly arms: readonly SymbolicArm[]; readonly cells: readonly Term[][] } {
  const arms: SymbolicArm[] = [];
  const cells: Term[][] = [];
  for (const { setting } of spec.variants) {
    for (const seed of spec.seeds) {
      // What tells variants apart here; the specs of the tests sweep the learning rate only.
      const variant = String(setting.train.optimizer.sgd.lr);
      const final = setting.train.epochs;
      const init = (draw: number): Term => ({ init: draw, seed, variant: "" });
      const train = (from: Term, mask?: Term, { epoch = final, budget = final, behind = 0 } = {}): Term => ({
        train: from,
        ...(mask === undefined ? {} : { mask }),
        epoch,
        budget,
        behind,
        seed,
        variant,
      });
      const dense = train(init(0));
      arms.push({ start: "dense", seed, term: dense });
      const masks = setting.prune.map((prune) => masksOf(prune, dense, (mask) => train(init(0), mask)));
      for (const [pruneIndex, list] of masks.entries()) {
        for (const [step, { mask, sparsity }] of list.entries()) {
          const cellArms = setting.retrain.map((retrain) => {
            const from = startOf(retrain, {
              theta0: init(0),
              theta0b: init(1),
              thetaT: dense,
              at: (epoch) => train(init(0), undefined, { epoch }),
            });
            const stretch = Math.round(final * Math.min(2, 1 / (1 - sparsity)));
            const long = retrain.kind === "scratch-b" ? { epoch: stretch, budget: stretch } : {};
            const short = retrain.kind === "lr-rewind" ? { behind: final - retrain.epochs } : {};
            return { start: retrain.kind, seed, pruneIndex, step, term: train(from, mask, { ...long, ...short }) };
          });
          arms.push(...cellArms);
          cells.push([mask, ...cellArms.map(({ term }) => term)]);
        }
      }
      if (masks.length === 0) cells.push([dense]);
    }
  }
  return { arms, cells };
}

interface SymbolicMask {
  readonly mask: Term;
  readonly sparsity: number;
}

function masksOf(prune: PruneSpec, dense: Term, ticket: (mask: Term) => Term): SymbolicMask[] {
  if (prune.kind === "one-shot")
    return prune.sparsities.map((sparsity) => ({ mask: { maskOf: dense, target: { sparsity } }, sparsity }));
  if (prune.kind === "admm") {
    const epochs = prune.stages * prune.epochsPerStage;
    const seed = "seed" in dense ? dense.seed : -1;
    return prune.sparsities.map((sparsity) => ({ mask: { admmOf: dense, sparsity, epochs, seed }, sparsity }));
  }
  const masks: SymbolicMask[] = [];
  let kept = 1;
  for (const target of prune.rounds) {
    const previous = masks.at(-1)?.mask;
    kept = "sparsity" in target ? 1 - target.sparsity : kept * (1 - target.removeFraction);
    const mask = previous === undefined ? { maskOf: dense, target } : { maskOf: ticket(previous), previous, target };
    masks.push({ mask, sparsity: 1 - kept });
  }
  return masks;
}

function startOf(
  retrain: RetrainSpec,
  weights: {
    readonly theta0: Term;
    readonly theta0b: Term;
    readonly thetaT: Term;
    readonly at: (epoch: number) => Term;
  },
): Term {
  if (retrain.kind === "ticket") return weights.theta0;
  if (retrain.kind === "reinit" || retrain.kind === "scratch-b") return weights.theta0b;
  return retrain.kind === "rewind" ? weights.at(retrain.epoch) : weights.thetaT;
}

/** How many different trainings there are in these terms; epochs of one training are one. */
export function distinctTrainings(terms: readonly Term[]): number {
  const found = new Set<string>();
  const visit = (term: Term): void => {
    if ("init" in term) return;
    if ("train" in term) {
      found.add(JSON.stringify({ ...term, epoch: "any" }));
      visit(term.train);
      if (term.mask !== undefined) visit(term.mask);
    } else if ("admmOf" in term) {
      visit(term.admmOf);
    } else {
      visit(term.maskOf);
      if (term.previous !== undefined) visit(term.previous);
    }
  };
  terms.forEach(visit);
  return found.size;
}

/** The term that an output of a plan's stage stands for, read back from the stages. */
export function termOf(plan: Plan, ref: Ref): Term {
  const stage = plan.stages.get(ref.key);
  if (stage?.kind === "init") return { init: stage.parameters.draw, seed: stage.parameters.seed, variant: "" };
  if (stage?.kind === "mask") {
    const { weights, previous } = stage.inputs;
    const maskOf = termOf(plan, weights);
    const { target } = stage.parameters;
    return previous === undefined ? { maskOf, target } : { maskOf, previous: termOf(plan, previous), target };
  }
  if (stage?.kind === "admm") {
    const { sparsity, recipe, seed } = stage.parameters;
    return { admmOf: termOf(plan, stage.inputs.weights), sparsity, epochs: recipe.epochs, seed };
  }
  if (stage?.kind !== "train") throw new Error(`no weights or mask: ${ref.key}`);
  const { weights, mask } = stage.inputs;
  const { seed, recipe, from = 0 } = stage.parameters;
  const epoch = Number(ref.output.replace("weights@", ""));
  const rest = { epoch, budget: recipe.epochs, behind: from, seed, variant: String(recipe.optimizer.sgd.lr) };
  const train = termOf(plan, weights);
  return mask === undefined ? { train, ...rest } : { train, mask: termOf(plan, mask), ...rest };
}
