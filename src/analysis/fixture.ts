import { sha256 } from "../core/canonical-json.ts";
import { stream } from "../core/rng.ts";
import type { Cell, Measure, Start } from "../plan/types.ts";
import { percent } from "../run/labels.ts";
import type { Setting, Spec, Variant } from "../spec/types.ts";
import { normalUpperTail } from "../stats/distributions.ts";
import type { ObjectRecord, Provenance } from "../store/types.ts";
import type {
  AdmmResult,
  ArmResult,
  ComparisonResult,
  CorrelationPoint,
  Results,
  StageResult,
  Status,
} from "./types.ts";

/** Made-up results for tests: the paper's pattern (tickets win at the low rate only), with seeded noise. Nothing was trained. */
export interface FixtureOptions {
  readonly seeds?: number;
  readonly rates?: readonly number[];
  readonly prunings?: readonly string[];
  readonly sparsities?: readonly number[];
  readonly starts?: readonly Start[];
  readonly epochs?: number;
  readonly name?: string;
  readonly question?: string;
  /** Final accuracy of an arm in percent, instead of the made-up one. */
  readonly accuracy?: (arm: Pick<ArmResult, "variant" | "seed" | "start" | "cell">) => number;
  /** Status of an arm, `done` by default. */
  readonly status?: (arm: Pick<ArmResult, "variant" | "seed" | "start" | "cell">) => Status;
}

type Options = Required<Omit<FixtureOptions, "accuracy">> & Pick<FixtureOptions, "accuracy">;

const p = [0.1, 0.2, 0.3, 0.4, 0.5];

export function fixtureResults(options: FixtureOptions = {}): Results {
  const all: Options = {
    seeds: 3,
    rates: [0.01, 0.1],
    prunings: ["iterative", "one-shot"],
    sparsities: [0.5, 0.7, 0.9],
    starts: ["ticket", "reinit", "rewind", "fine-tune"],
    epochs: 10,
    name: "fixture",
    question: "Does the winning property hold?",
    status: () => "done",
    ...options,
  };
  const spec = fixtureSpec(all);
  const arms: ArmResult[] = [];
  const comparisons: ComparisonResult[] = [];
  for (const [v, { id }] of spec.variants.entries()) {
    const rate = all.rates[v] ?? 0;
    for (const seed of spec.seeds) {
      arms.push(arm(all, { variant: id, seed, rate, start: "dense" }));
      comparisons.push(comparison({ variant: id, seed, rate, measure: "pre-training" }));
      for (const cell of cells(all, id, seed)) {
        for (const start of all.starts) arms.push(arm(all, { variant: id, seed, rate, start, cell }));
        for (const measure of ["ticket", "reinit", "fine-tune to initial", "fine-tune to pre-trained"] as const)
          comparisons.push(comparison({ variant: id, seed, rate, measure, cell }));
      }
    }
  }
  return {
    spec,
    arms,
    comparisons,
    admm: admmResults(arms),
    connections: [],
    stages: arms.map(stageOf),
    trainings: arms.length,
    trainingsUnshared: 2 * arms.length,
    admmRuns: admmResults(arms).length,
  };
}

function fixtureSpec({ name, question, rates, seeds, prunings, sparsities, epochs }: Options): Spec {
  const seedList = Array.from({ length: seeds }, (_, i) => i);
  const setting = (lr: number): Setting => ({
    data: { name: "fashion-mnist", validation: 0 },
    model: { name: "lenet5" },
    train: {
      epochs,
      batchSize: 64,
      precision: "float32",
      optimizer: { sgd: { lr, momentum: 0.9, weightDecay: 0.0005, nesterov: false } },
      schedule: { milestones: [6, 8], factor: 0.1, warmupEpochs: 0 },
      augment: { crop: 0, flip: false },
    },
    prune: prunings.map((kind) => {
      const pruner = { name: "magnitude", options: {} };
      if (kind === "iterative") return { kind, pruner, rounds: sparsities.map((sparsity) => ({ sparsity })) };
      if (kind === "admm")
        return { kind, sparsities, rho: 1e-4, growth: 10, stages: 4, epochsPerStage: 3, lrFactor: 0.1 };
      return { kind: "one-shot", pruner, sparsities };
    }),
    protect: ["first-conv"],
    retrain: [{ kind: "ticket" }, { kind: "reinit" }, { kind: "rewind", epoch: 2 }, { kind: "fine-tune" }],
    correlation: { p },
  });
  const variants = rates.map(
    (lr, i): Variant => ({
      id: `v${i}`,
      label: `lr ${lr}`,
      values: { "train.optimizer.sgd.lr": lr },
      setting: setting(lr),
    }),
  );
  return {
    name,
    question,
    variants,
    seeds: seedList,
    verdict: { equivalenceMargin: 0.5, minDifference: 0.5, alpha: 0.05 },
    device: "cpu",
    resolved: {
      name,
      question,
      device: "cpu",
      data: { name: "fashion-mnist", validation: 0 },
      model: { name: "lenet5" },
      train: {
        epochs,
        batchSize: 64,
        precision: "float32",
        optimizer: { sgd: { lr: rates[0] ?? 0, momentum: 0.9, weightDecay: 0.0005, nesterov: false } },
        schedule: { milestones: [6, 8], factor: 0.1, warmupEpochs: 0 },
        augment: { crop: 0, flip: false },
      },
      prune: prunings.map((kind) => ({ [kind]: { sparsities, pruner: { name: "magnitude" } } })),
      retrain: ["ticket", "reinit", { rewind: { epoch: 2 } }, "fine-tune"],
      sweep: { "train.optimizer.sgd.lr": rates },
      seeds: seedList,
      verdict: { equivalenceMargin: 0.5, minDifference: 0.5, alpha: 0.05 },
    },
  };
}

function cells({ prunings, sparsities }: Options, variant: string, seed: number): readonly Cell[] {
  return prunings.flatMap((pruning, pruneIndex) =>
    sparsities.map((sparsity, step) => ({
      pruning,
      pruneIndex,
      step,
      sparsity,
      mask: { key: sha256(`mask ${variant} ${seed} ${pruning} ${sparsity}`), output: "mask" },
    })),
  );
}

/** W comes near Z, less at high sparsity: from 0.85 on it is still too far away. */
function admmResults(arms: readonly ArmResult[]): readonly AdmmResult[] {
  const cells = new Map(
    arms.flatMap(({ variant, seed, cell }) =>
      cell?.pruning === "admm" ? [[cell.mask.key, { variant, seed, cell }]] : [],
    ),
  );
  return [...cells.values()].map(({ variant, seed, cell }): AdmmResult => {
    const rate = cell.sparsity > 0.85 ? 0.1 : 0.5;
    const residual = (epoch: number, layer: number) =>
      cell.sparsity * Math.exp(-rate * epoch) * (1 + 0.3 * layer + 0.1 * seed);
    const epochs = Array.from({ length: 12 }, (_, i) => ({
      epoch: i + 1,
      rho: 1e-4 * 10 ** Math.floor(i / 3),
      residuals: {
        "conv2.weight": residual(i + 1, 0),
        "fc1.weight": residual(i + 1, 1),
        "fc2.weight": residual(i + 1, 2),
      },
    }));
    return { variant, seed, cell, status: "done", epochs };
  });
}

interface Point {
  readonly variant: string;
  readonly seed: number;
  readonly rate: number;
  readonly cell?: Cell;
}

function arm(options: Options, { variant, seed, rate, start, cell }: Point & { readonly start: Start }): ArmResult {
  const epochs = options.epochs;
  const where = `${variant} ${seed} ${start} ${cell?.pruning ?? ""} ${cell?.sparsity ?? ""}`;
  const base = {
    variant,
    seed,
    start,
    train: sha256(where),
    ...(cell === undefined ? {} : { cell, achievedSparsity: cell.sparsity }),
    ...(start === "rewind" ? { rewindEpoch: 2 } : {}),
    ...(start === "lr-rewind" ? { retrainEpochs: 4 } : {}),
    ...(start === "scratch-b" ? { retrainEpochs: 2 * options.epochs } : {}),
  };
  const status = options.status(base);
  if (status !== "done") return { ...base, status, reason: `made ${status} for a test`, curve: [] };
  const noise = stream(seed, "fixture", where).normal();
  const final = options.accuracy?.(base) ?? patternAccuracy(rate, start, cell) + 0.2 * noise;
  const curve = Array.from({ length: epochs }, (_, i) => {
    const testAccuracy = (final - 30 * Math.exp((-6 * (i + 1)) / epochs) + 30 * Math.exp(-6)) / 100;
    return {
      epoch: i + 1,
      lr: rate,
      trainLoss: 2 / (i + 1),
      trainAccuracy: testAccuracy,
      testLoss: 2.2 / (i + 1),
      testAccuracy,
    };
  });
  return {
    ...base,
    status,
    curve,
    finalAccuracy: final,
    bestAccuracy: final,
    bestEpoch: epochs,
    record: record(where),
  };
}

/** At the low rate tickets stay with dense; at the high one dense is better and only fine-tuning keeps up. */
function patternAccuracy(rate: number, start: Start, cell: Cell | undefined): number {
  const isHigh = rate >= 0.05;
  const dense = isHigh ? 91 : 88;
  const s = cell?.sparsity ?? 0;
  const worse = cell?.pruning === "one-shot" ? 0.3 : 0;
  const loss: Record<Start, number> = {
    dense: 0,
    ticket: isHigh ? 1 + 2 * s ** 2 : 0.1,
    reinit: (isHigh ? 1.2 : 1.5) + 2 * s ** 2,
    "scratch-b": (isHigh ? 1 : 1.3) + 2 * s ** 2,
    rewind: isHigh ? 0.5 + s ** 2 : 0.1,
    "lr-rewind": 0.4 * s,
    "fine-tune": s < 0.8 ? -0.2 : 0.3,
  };
  return dense - loss[start] - (start === "dense" ? 0 : worse);
}

function comparison({ variant, seed, rate, measure, cell }: Point & { readonly measure: Measure }): ComparisonResult {
  const draws = stream(seed, "fixture", variant, measure, cell?.pruning ?? "", String(cell?.sparsity ?? ""));
  const isSparseDense = measure.startsWith("fine-tune to");
  const points = p
    .filter((share) => !isSparseDense || share < 1 - (cell?.sparsity ?? 0))
    .map((share): CorrelationPoint => {
      const nullMean = isSparseDense ? Math.min(1, share / (1 - (cell?.sparsity ?? 0))) : share;
      const excess = rate >= 0.05 && measure !== "fine-tune to pre-trained" ? 0.01 : measure === "reinit" ? 0.005 : 0.3;
      const rp = nullMean + (1 - nullMean) * (excess + 0.004 * draws.normal());
      const z = (rp - nullMean) / 0.003;
      return { p: share, rp, nullMean, z, pValue: normalUpperTail(z) };
    });
  const compare = sha256(`compare ${variant} ${seed} ${measure} ${cell?.pruning ?? ""} ${cell?.sparsity ?? ""}`);
  return { variant, seed, measure, compare, status: "done", points, ...(cell === undefined ? {} : { cell }) };
}

function record(where: string): ObjectRecord {
  const key = sha256(where);
  return { format: 1, key, kind: "train", status: "done", summary: {}, files: {}, provenance };
}

const provenance: Provenance = {
  sweepstake: "0.1.0",
  node: "v20.19.2",
  libtorch: "1.13.1",
  device: "cpu",
  threads: 1,
  precision: "float32",
  hardware: "Imaginary CPU <9000>",
  startedAt: "2025-01-01T00:00:00.000Z",
  finishedAt: "2025-01-01T00:00:36.000Z",
  durationMs: 36_000,
  resumes: 0,
  data: sha256("images"),
};

function stageOf({ variant, seed, start, cell, train, status, record }: ArmResult): StageResult {
  const place = cell === undefined ? "" : `, ${cell.pruning} ${percent(cell.sparsity)}`;
  return {
    key: train,
    kind: "train",
    label: `${variant}, seed ${seed}, ${start}${place}`,
    status,
    ...(record === undefined ? {} : { provenance: record.provenance }),
  };
}
