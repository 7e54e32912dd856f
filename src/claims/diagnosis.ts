import { type Spread, spreadOf } from "../analysis/spread.ts";
import type { Results } from "../analysis/types.ts";
import { InternalError } from "../core/errors.ts";
import type { SeedCount } from "../stats/condition.ts";
import { evidenceOf, type Judged, judge, type Proposition, seedsToDecide } from "../stats/proposition.ts";
import { ALPHA, CLOSE, NEAR_NULL, SHARE, WELL_ABOVE_NULL } from "./margins.ts";
import { type ClaimSetting, claimSettings } from "./setting.ts";
import { accuracyPart, all, any, correlationPart, required } from "./statements.ts";
import type { ClaimStatement } from "./types.ts";

/**
 * `sufficient`: not inferior in accuracy to any rate of the sweep, and R_p(θ0, θT) at its null. `insufficient`: inferior to a higher rate,
 * and R_p well above its null. `too high`: inferior to a lower rate, or diverging. All else is undecided.
 */
export type DiagnosisOutcome = "sufficient" | "insufficient" | "too high" | "undecided";

/** What dense training gave at one learning rate. */
export interface RateResult {
  readonly lr: number;
  /** Final test accuracy in percent over the seeds that are done. */
  readonly accuracy: Spread | undefined;
  /** R_0.2(θ0, θT) and the mean of its null, in percent. */
  readonly rp: Spread | undefined;
  readonly nullMean: number | undefined;
  /** Seeds in which the loss was no longer finite. */
  readonly diverged: readonly number[];
  /** Accuracy minus that of the rate in question, paired by seed; absent for itself, and where no seed has both. */
  readonly difference?: ClaimStatement;
  /** R_0.2 − null, in percent points. */
  readonly excess?: ClaimStatement;
}

export interface Diagnosis {
  /** The rate in question. */
  readonly lr: number;
  readonly setting: ClaimSetting;
  readonly seeds: readonly number[];
  readonly outcome: DiagnosisOutcome;
  readonly rates: readonly RateResult[];
  /** What was tested, with the evidence. */
  readonly tested: readonly { readonly outcome: DiagnosisOutcome; readonly judged: Judged<ClaimStatement> }[];
  /** When undecided: seeds that would decide one of the three, with means and spreads as observed. */
  readonly seedsToDecide: SeedCount | null;
  /** The rate to train with; undefined when no rate has a result in every seed, and when there is only one. */
  readonly use: number | undefined;
}

type Part = Proposition<ClaimStatement>;

/**
 * Is a learning rate sufficient? Judged with the margins and at the level of the claims.
 * @param results of dense runs of one setting at several learning rates
 * @param lr      one of them
 */
export function diagnose(results: Results, lr: number): Diagnosis {
  const [setting] = claimSettings([results]);
  if (setting === undefined) throw new InternalError("diagnose(): results without a variant");
  const rates = setting.rates.map((rate) => rateResult(results, setting, rate, lr));
  const propositions = hypotheses(
    setting,
    lr,
    rates.filter(({ diverged }) => diverged.length === 0).map((rate) => rate.lr),
  );
  const tested = propositions.map(({ outcome, proposition }) => ({ outcome, judged: judge(proposition, ALPHA) }));
  const diverges = rates.some((rate) => rate.lr === lr && rate.diverged.length > 0);
  const established = tested.find(({ judged }) => judged.outcome === "holds")?.outcome;
  const outcome = diverges ? "too high" : (established ?? "undecided");
  return {
    lr,
    setting,
    seeds: results.spec.seeds,
    outcome,
    rates,
    tested,
    seedsToDecide: outcome === "undecided" ? fewestSeeds(propositions.map(({ proposition }) => proposition)) : null,
    use: outcome === "sufficient" ? lr : rates.length < 2 ? undefined : bestRate(rates, results.spec.seeds.length),
  };
}

/** In the order in which the first that is established gives the outcome; the first two exclude each other. */
function hypotheses(setting: ClaimSetting, lr: number, usable: readonly number[]) {
  const against = (rates: readonly number[], relation: "above" | "below", what: string) =>
    required(
      what,
      "accuracy points",
      rates.flatMap((rate) =>
        accuracyPart(setting, { a: { lr, start: "dense" }, b: { lr: rate, start: "dense" }, relation, bound: -CLOSE }),
      ),
    );
  const excess = (hypothesis: { relation: "above" | "within"; bound: number }) =>
    required("R_p(θ0, θT)", "R_p points", excessPart(setting, lr, hypothesis));
  const others = usable.filter((rate) => rate !== lr);
  const higher = others.filter((rate) => rate > lr);
  const lower = others.filter((rate) => rate < lr);
  const list: readonly { readonly outcome: DiagnosisOutcome; readonly proposition: Part }[] = [
    {
      outcome: "sufficient",
      proposition: all(`lr ${lr} is sufficient`, [
        ...against(others, "above", "dense runs at another learning rate"),
        ...excess({ relation: "within", bound: NEAR_NULL }),
      ]),
    },
    {
      outcome: "insufficient",
      proposition: all(`lr ${lr} is insufficient`, [
        any("less accurate than some higher rate", against(higher, "below", "dense runs at a higher learning rate")),
        ...excess({ relation: "above", bound: WELL_ABOVE_NULL }),
      ]),
    },
    {
      outcome: "too high",
      proposition: any(
        `lr ${lr} is too high: less accurate than some lower rate`,
        against(lower, "below", "dense runs at a lower learning rate"),
      ),
    },
  ];
  return list;
}

function excessPart(setting: ClaimSetting, lr: number, hypothesis: Pick<ClaimStatement, "relation" | "bound">) {
  return correlationPart(setting, { lr, measure: "pre-training", p: SHARE }, "θ0, θT", hypothesis);
}

function rateResult({ arms, comparisons, spec }: Results, setting: ClaimSetting, rate: number, lr: number): RateResult {
  const ids = spec.variants.filter((variant) => variant.setting.train.optimizer.sgd.lr === rate).map(({ id }) => id);
  const dense = arms.filter(({ variant, start }) => ids.includes(variant) && start === "dense");
  const points = comparisons
    .filter(({ variant, measure }) => ids.includes(variant) && measure === "pre-training")
    .flatMap((comparison) => comparison.points.filter(({ p }) => p === SHARE));
  const [difference] =
    rate === lr
      ? []
      : accuracyPart(setting, {
          a: { lr: rate, start: "dense" },
          b: { lr, start: "dense" },
          relation: "above",
          bound: CLOSE,
        });
  const [excess] = excessPart(setting, rate, { relation: "within", bound: NEAR_NULL });
  return {
    lr: rate,
    accuracy: spreadOf(dense.flatMap(({ finalAccuracy }) => finalAccuracy ?? [])),
    rp: spreadOf(points.map(({ rp }) => 100 * rp)),
    nullMean: spreadOf(points.map(({ nullMean }) => 100 * nullMean))?.mean,
    diverged: dense.filter(({ status }) => status === "diverged").map(({ seed }) => seed),
    ...(difference?.kind === "statement" ? { difference: difference.statement } : {}),
    ...(excess?.kind === "statement" ? { excess: excess.statement } : {}),
  };
}

/** The most accurate rate among those whose R_p is near its null and that are within the margin of the best; else the best. */
function bestRate(rates: readonly RateResult[], seeds: number): number | undefined {
  const complete = rates
    .flatMap(({ lr, accuracy, rp, nullMean = 0 }) =>
      accuracy?.n === seeds && rp !== undefined ? [{ lr, accuracy: accuracy.mean, excess: rp.mean - nullMean }] : [],
    )
    .sort((a, b) => b.accuracy - a.accuracy);
  const [best] = complete;
  const near = complete.find(
    ({ accuracy, excess }) => accuracy >= (best?.accuracy ?? 0) - CLOSE && Math.abs(excess) < NEAR_NULL,
  );
  return (near ?? best)?.lr;
}

/** Of the hypotheses that more seeds would establish, the one that needs the fewest; those they would refute decide nothing. */
function fewestSeeds(propositions: readonly Part[]): SeedCount | null {
  const needed = propositions.map((proposition) => seedsToHold(proposition));
  const counts = needed.filter((seeds) => typeof seeds === "number");
  if (counts.length > 0) return Math.min(...counts);
  return needed.includes("more than 1000") ? "more than 1000" : null;
}

/** `seedsToDecide`, where it is the proposition that holds then. */
function seedsToHold(proposition: Part): SeedCount | null {
  const seeds = seedsToDecide(proposition, ALPHA);
  if (typeof seeds !== "number") return seeds;
  return (evidenceOf(proposition, seeds)?.holds ?? 1) <= ALPHA ? seeds : null;
}
