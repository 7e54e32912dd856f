import { percent } from "../run/labels.ts";
import type { Proposition, Statement } from "../stats/proposition.ts";
import { distinctPrunings } from "./admm.ts";
import { SAME_SPARSITY, SPARSITIES } from "./margins.ts";
import type { ArmPlace, BySeed, ClaimSetting, CorrelationPlace, MaskId, PruningKind } from "./setting.ts";
import type { ClaimStatement } from "./types.ts";

type Part = Proposition<ClaimStatement>;
type Hypothesis = Pick<Statement, "relation" | "bound">;

/** What a claim asks of two accuracies, a − b, paired by seed. */
export interface AccuracyQuestion extends Hypothesis {
  readonly a: ArmPlace;
  readonly b: ArmPlace;
}

/** The statement on a difference of accuracies; none when one of the two was never planned. */
export function accuracyPart(setting: ClaimSetting, { a, b, relation, bound }: AccuracyQuestion): readonly Part[] {
  const [left, right] = [setting.accuracy(a), setting.accuracy(b)];
  if (left === undefined || right === undefined) return [];
  const quantity = differenceText(a, b);
  const place = [...(a.lr === b.lr ? [`lr ${a.lr}`] : []), ...maskText(a.mask, b.mask)];
  const statement = {
    relation,
    bound,
    unit: "accuracy points" as const,
    quantity,
    ...paired(left, right),
    ...admmOf(setting, [a, b]),
  };
  return [{ kind: "statement", label: [...place, quantity].join(", "), statement }];
}

/** The statement on R_p − null; none when it was never planned. */
export function correlationPart(
  setting: ClaimSetting,
  place: CorrelationPlace,
  formula: string,
  { relation, bound }: Hypothesis,
): readonly Part[] {
  const found = setting.correlation(place);
  if (found === undefined) return [];
  const side = (of: "rp" | "nullMean") => new Map([...found].map(([seed, value]) => [seed, value?.[of] ?? null]));
  const quantity = `R_${place.p}(${formula}) − null`;
  const label = [`lr ${place.lr}`, ...(place.mask === undefined ? [] : [place.mask.label]), quantity].join(", ");
  const pairs = paired(side("rp"), side("nullMean"));
  return [
    {
      kind: "statement",
      label,
      statement: { relation, bound, unit: "R_p points", quantity, ...pairs, ...admmOf(setting, [place]) },
    },
  ];
}

function admmOf(setting: ClaimSetting, places: readonly Pick<ArmPlace, "lr" | "mask">[]): Pick<ClaimStatement, "admm"> {
  const admm = distinctPrunings(places.flatMap((place) => setting.prunings(place)));
  return admm.length === 0 ? {} : { admm };
}

/** The parts, or in their place one that nothing is known of: what a claim asks for must have been run to confirm it. */
export function required(what: string, unit: ClaimStatement["unit"], parts: readonly Part[]): readonly Part[] {
  if (parts.length > 0) return parts;
  const statement = { relation: "above" as const, bound: 0, differences: [], dropped: 0, unit, quantity: what };
  return [{ kind: "statement", label: `${what}: not run`, statement }];
}

export function all(label: string, of: readonly Part[]): Part {
  return { kind: "all", label, of };
}

export function any(label: string, of: readonly Part[]): Part {
  return { kind: "any", label, of };
}

/** Masks of one algorithm that were planned at a rate, inside the sparsities that the claims are about. */
export function claimMasks(setting: ClaimSetting, kind: PruningKind, lr: number | undefined): readonly MaskId[] {
  const { from, to } = SPARSITIES;
  return setting.masks(kind, lr).filter(({ sparsity }) => isAtLeast(sparsity, from) && isAtLeast(to, sparsity));
}

/** The mask of another algorithm at the same sparsity. */
export function maskAt(masks: readonly MaskId[], sparsity: number): MaskId | undefined {
  const distance = (mask: MaskId) => Math.abs(mask.sparsity - sparsity);
  const [nearest] = [...masks].sort((x, y) => distance(x) - distance(y));
  return nearest !== undefined && isAtLeast(SAME_SPARSITY, distance(nearest)) ? nearest : undefined;
}

/** Sparsities are decimals, and 1 − 0.85^k is computed. */
export function isAtLeast(value: number, bound: number): boolean {
  return value >= bound - 1e-9;
}

/** Differences in percent points of the seeds that have both. */
function paired(a: BySeed<number>, b: BySeed<number>): Pick<ClaimStatement, "differences" | "dropped" | "sides"> {
  const seeds = new Set([...a.keys(), ...b.keys()]);
  const pairs = [...seeds].flatMap((seed): [number, number][] => {
    const [left, right] = [a.get(seed) ?? null, b.get(seed) ?? null];
    return left === null || right === null ? [] : [[left, right]];
  });
  const differences = pairs.map(([left, right]) => left - right);
  const dropped = seeds.size - pairs.length;
  if (pairs.length === 0) return { differences, dropped };
  const mean = (of: 0 | 1) => pairs.reduce((sum, pair) => sum + pair[of], 0) / pairs.length;
  return { differences, dropped, sides: [mean(0), mean(1)] };
}

/** `ticket − dense`; where the start is the same on both sides, what differs: `ticket at lr 0.1 − at lr 0.01`. */
function differenceText(a: ArmPlace, b: ArmPlace): string {
  if (a.lr !== b.lr) return `${armText(a)} at lr ${a.lr} − at lr ${b.lr}`;
  const [one, other] = [a.mask, b.mask];
  if (one !== undefined && other !== undefined && one.procedure !== other.procedure)
    return `${armText(a)} under ${one.kind} − under ${other.kind}`;
  return `${armText(a)} − ${armText(b)}`;
}

function armText({ start, rewindEpoch }: ArmPlace): string {
  return rewindEpoch === undefined ? start : `${start} (epoch ${rewindEpoch})`;
}

function maskText(a: MaskId | undefined, b: MaskId | undefined): readonly string[] {
  const mask = a ?? b;
  if (mask === undefined) return [];
  if (a === undefined || b === undefined || a.procedure === b.procedure) return [mask.label];
  return [...new Set([percent(a.sparsity), percent(b.sparsity)])];
}
