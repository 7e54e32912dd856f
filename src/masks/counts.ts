import { InputError, type Issue } from "../core/errors.ts";

/** What a mask keeps in every layer: `sparsity` of the layer's size, or `removeFraction` of what the previous mask kept. */
export type MaskTarget = { readonly sparsity: number } | { readonly removeFraction: number };

/** A finite decimal number as an exact fraction. */
export interface ExactFraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/**
 * The decimal number that `x` prints as, exactly: 0.1 is 1/10, not the nearest binary fraction. Counts are computed from
 * this, so that 5 weights at sparsity 0.9 are 0.5 weights (rounded up to 1) and not 0.4999999999999999 (rounded to 0).
 * @param x finite
 */
export function exactFraction(x: number): ExactFraction {
  const match = /^(-?\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(x));
  if (match === null) throw new InputError({ where: "", message: `expected a finite number, got ${x}` });
  const [, whole = "0", decimals = "", exponent = "0"] = match;
  const scale = decimals.length - Number(exponent);
  const digits = BigInt(whole + decimals);
  return scale >= 0
    ? { numerator: digits, denominator: 10n ** BigInt(scale) }
    : { numerator: digits * 10n ** BigInt(-scale), denominator: 1n };
}

/**
 * n · fraction, rounded to the nearest integer, halves up; exact in the decimal value of `fraction`.
 * @param n        integer >= 0
 * @param fraction in [0, 1]
 */
export function roundedShare(n: number, fraction: number): number {
  const { numerator, denominator } = checkedFraction(n, fraction);
  return roundHalfUp(BigInt(n) * numerator, denominator);
}

/**
 * Number of a layer's n weights that stay at a sparsity: n · (1 - sparsity), rounded to the nearest integer, halves up
 * (an exact half keeps the weight); exact in the decimal value of `sparsity`. May be 0, see `countForTarget`.
 * @param n        integer >= 0
 * @param sparsity fraction removed, in [0, 1]
 */
export function keptCount(n: number, sparsity: number): number {
  const { numerator, denominator } = checkedFraction(n, sparsity);
  return roundHalfUp(BigInt(n) * (denominator - numerator), denominator);
}

/**
 * Number of weights that stay when a round of iterative pruning removes the share `rate` of the `remaining` ones;
 * rounded as in `keptCount`. A layer so small that the rounded share is 0 stays as it is.
 */
export function keptAfterRemoving(remaining: number, rate: number): number {
  return keptCount(remaining, rate);
}

/**
 * Number of weights that a mask keeps in one layer.
 * @param layer     name, for the error
 * @param size      weights of the layer
 * @param remaining weights that the previous mask keeps; `size` without one
 * @throws InputError when the target keeps no weight, or more than the previous mask does
 */
export function countForTarget(layer: string, size: number, remaining: number, target: MaskTarget): number {
  const issue = targetIssue(layer, size, remaining, target);
  if (issue !== undefined) throw new InputError(issue);
  return rawCount(size, remaining, target);
}

/** What is wrong with a target for one layer, if anything: it keeps no weight, or more than the previous mask does. */
export function targetIssue(layer: string, size: number, remaining: number, target: MaskTarget): Issue | undefined {
  const keep = rawCount(size, remaining, target);
  const asked =
    "sparsity" in target
      ? `sparsity ${target.sparsity} of ${size} weights`
      : `removing ${target.removeFraction} of the ${remaining} weights left (of ${size})`;
  if (keep === 0)
    return {
      where: layer,
      message: `${asked} keeps no weight`,
      hint: "prune less, or protect this layer",
    };
  if (keep > remaining)
    return {
      where: layer,
      message: `${asked} keeps ${keep} weights, but the previous mask has only ${remaining} left`,
      hint: "sparsities of successive masks must not fall: pruned weights stay pruned",
    };
  return undefined;
}

function rawCount(size: number, remaining: number, target: MaskTarget): number {
  return "sparsity" in target ? keptCount(size, target.sparsity) : keptAfterRemoving(remaining, target.removeFraction);
}

function checkedFraction(n: number, fraction: number): ExactFraction {
  if (!Number.isSafeInteger(n) || n < 0)
    throw new InputError({ where: "", message: `expected a number of weights (an integer >= 0), got ${n}` });
  if (!(fraction >= 0 && fraction <= 1))
    throw new InputError({
      where: "",
      message: `expected a fraction in [0, 1], got ${fraction}`,
      ...(fraction > 1 && fraction <= 100 ? { hint: `for ${fraction} % write ${fraction / 100}` } : {}),
    });
  return exactFraction(fraction);
}

function roundHalfUp(numerator: bigint, denominator: bigint): number {
  return Number((2n * numerator + denominator) / (2n * denominator));
}
