import { fixtureResults } from "../analysis/fixture.ts";
import type { ArmResult, ComparisonResult, Results, Status } from "../analysis/types.ts";
import { stream } from "../core/rng.ts";
import type { Measure, Start } from "../plan/types.ts";
import { type ClaimSetting, claimSettings } from "./setting.ts";

/** Where something is measured in a made-up world. */
export interface Place {
  readonly rate: number;
  readonly kind?: string;
  readonly sparsity?: number;
}

/** Made-up results with stated means; by default the paper's pattern at every sparsity, at which every claim is true. */
export interface World {
  readonly seeds?: number;
  readonly rates?: readonly number[];
  readonly prunings?: readonly string[];
  readonly sparsities?: readonly number[];
  readonly starts?: readonly Start[];
  /** Mean accuracy in percent. */
  readonly accuracy?: (start: Start, place: Place) => number;
  /** Mean of R_p − null in percent points. */
  readonly excess?: (measure: Measure, place: Place) => number;
  /** Standard deviation of everything, in points. Default 0.02. */
  readonly noise?: number;
  readonly status?: (arm: Pick<ArmResult, "variant" | "seed" | "start" | "cell">) => Status;
  /** False: R_p was not measured. */
  readonly measures?: boolean;
  readonly model?: string;
  readonly data?: string;
}

export function paperAccuracy(start: Start, { rate, kind }: Place): number {
  const isHigh = rate >= 0.05;
  const high: Partial<Record<Start, number>> = {
    dense: 91.7,
    ticket: 90.3,
    reinit: 90.1,
    rewind: 91,
    "fine-tune": 91.8,
  };
  const low: Partial<Record<Start, number>> = {
    dense: 89.6,
    ticket: 89.7,
    reinit: 87.5,
    rewind: 89.7,
    "fine-tune": 89.8,
  };
  const better = kind === "admm" ? 0.1 : kind === "one-shot" ? -0.1 : 0;
  return ((isHigh ? high : low)[start] ?? 80) + better;
}

export function paperExcess(measure: Measure, { rate }: Place): number {
  if (measure === "pre-training" || measure === "ticket") return rate >= 0.05 ? 0.3 : 20;
  return measure === "fine-tune to pre-trained" ? 12 : 0.2;
}

export function worldResults(world: World = {}): Results {
  const { accuracy = paperAccuracy, excess = paperExcess, noise = 0.02, measures = true, model, data, ...rest } = world;
  const rates = rest.rates ?? [0.01, 0.1];
  const draw = (...where: string[]) => noise * stream(7, "world", ...where).normal();
  const placeOf = ({ variant, cell }: Pick<ArmResult, "variant" | "cell">): Place => ({
    rate: rates[Number(variant.slice(1))] ?? 0,
    ...(cell === undefined ? {} : { kind: cell.pruning, sparsity: cell.sparsity }),
  });
  const results = fixtureResults({
    ...{ seeds: 3, prunings: ["iterative", "one-shot", "admm"], sparsities: [0.3, 0.5, 0.7], epochs: 30 },
    ...rest,
    rates,
    accuracy: (arm) => {
      const { variant, seed, start, cell } = arm;
      const where = [variant, String(seed), start, cell?.pruning ?? "", String(cell?.sparsity ?? "")];
      return accuracy(start, placeOf(arm)) + draw(...where);
    },
  });
  const comparisons = results.comparisons.map((comparison): ComparisonResult => {
    const { variant, seed, measure, cell } = comparison;
    const points = comparison.points.map((point) => {
      const where = [
        variant,
        String(seed),
        measure,
        cell?.pruning ?? "",
        String(cell?.sparsity ?? ""),
        String(point.p),
      ];
      return { ...point, rp: point.nullMean + (excess(measure, placeOf(comparison)) + draw(...where)) / 100 };
    });
    return { ...comparison, points };
  });
  const variants = results.spec.variants.map((variant) => ({
    ...variant,
    setting: {
      ...variant.setting,
      ...(model === undefined ? {} : { model: { name: model } }),
      ...(data === undefined ? {} : { data: { name: data, validation: 0 } }),
    },
  }));
  return { ...results, comparisons: measures ? comparisons : [], spec: { ...results.spec, variants } };
}

export function worldSetting(world: World = {}): ClaimSetting {
  const [setting] = claimSettings([worldResults(world)]);
  if (setting === undefined) throw new Error("a world has one setting");
  return setting;
}
