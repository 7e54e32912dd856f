import { NEAR_NULL, SHARE, WELL_ABOVE_NULL } from "./margins.ts";
import type { BySeed, ClaimSetting } from "./setting.ts";

/** Whether the runs of a setting are in the regime that the paper's claims are about. */
export interface Regime {
  readonly outcome: "in" | "out" | "unknown";
  /** `out of the paper's regime: R_0.2(θ0, θT) at lr 0.1 is 56.9 points above its null, at most 3 expected`. */
  readonly text: string;
}

/** What is seen of one condition: undefined where a run that it needs is missing. */
interface Condition {
  readonly value: number | undefined;
  readonly holds: (value: number) => boolean;
  /** `R_0.2(θ0, θT) at lr 0.1`. */
  readonly quantity: string;
  /** `at most 3 points from its null`. */
  readonly expected: string;
}

/**
 * The paper's regime (Sections 3.1 and 3.2): at the desirable rate trained weights are uncorrelated with the initial ones, at the insufficient
 * rate they are not, and the desirable rate is the more accurate one. Read off means over the seeds that are there, in percent points:
 * it says what was run, and is no verdict. With a single rate only the first is asked.
 */
export function regimeOf(setting: ClaimSetting): Regime {
  const conditions = conditionsOf(setting);
  const failing = conditions.filter(({ value, holds }) => value !== undefined && !holds(value));
  if (failing.length > 0)
    return { outcome: "out", text: `out of the paper's regime: ${failing.map(words).join("; ")}` };
  const missing = conditions.filter(({ value }) => value === undefined);
  if (missing.length > 0)
    return {
      outcome: "unknown",
      text: `regime unknown: not run are ${missing.map(({ quantity }) => quantity).join(", ")}`,
    };
  return { outcome: "in", text: `in the paper's regime: ${conditions.map(seen).join("; ")}` };
}

function conditionsOf(setting: ClaimSetting): readonly Condition[] {
  const { low, high } = setting;
  const forgets: Condition = {
    value: meanExcess(setting, high),
    holds: (value) => Math.abs(value) <= NEAR_NULL,
    quantity: `R_${SHARE}(θ0, θT) − null at lr ${high ?? ""}`,
    expected: `within ${NEAR_NULL} expected`,
  };
  if (low === undefined) return [forgets];
  return [
    forgets,
    {
      value: meanExcess(setting, low),
      holds: (value) => value > WELL_ABOVE_NULL,
      quantity: `R_${SHARE}(θ0, θT) − null at lr ${low}`,
      expected: `above ${WELL_ABOVE_NULL} expected`,
    },
    {
      value: meanGain(setting, low, high),
      holds: (value) => value > 0,
      quantity: `dense at lr ${high ?? ""} − dense at lr ${low}`,
      expected: "above 0 expected",
    },
  ];
}

function words(condition: Condition): string {
  return `${seen(condition)}, ${condition.expected}`;
}

function seen({ quantity, value = 0 }: Condition): string {
  return `${quantity} ${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(1)} points`;
}

function meanExcess(setting: ClaimSetting, lr: number | undefined): number | undefined {
  const found = setting.correlation({ lr, measure: "pre-training", p: SHARE });
  return meanOf(valuesOf(found).map(({ rp, nullMean }) => rp - nullMean));
}

/** Paired by seed. */
function meanGain(setting: ClaimSetting, low: number, high: number | undefined): number | undefined {
  const [below, above] = [low, high].map((lr) => setting.accuracy({ lr, start: "dense" }));
  const pairs = [...(above ?? [])].flatMap(([seed, value]) => {
    const other = below?.get(seed);
    return value === null || other === null || other === undefined ? [] : [value - other];
  });
  return meanOf(pairs);
}

function valuesOf<T>(found: BySeed<T> | undefined): readonly T[] {
  return [...(found?.values() ?? [])].flatMap((value) => (value === null ? [] : [value]));
}

function meanOf(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}
