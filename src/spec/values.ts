import { z } from "zod";
import type { Path } from "./problem.ts";

/**
 * The kinds of values a spec holds. Every schema's message reads `expected …`; what was found is added when the message
 * is made (issues.ts).
 */

/** A whole number of at least `least`. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER) {
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  const error = `expected a whole number ${range}`;
  return z.number({ error }).int({ error }).min(least, { error }).max(most, { error });
}

/** A number strictly between 0 and `limit`. */
export function openFraction(limit = 1) {
  const error = `expected a number above 0 and below ${limit}`;
  return z.number({ error }).gt(0, { error }).lt(limit, { error });
}

/** A finite number above 0. */
export function positive() {
  const error = "expected a number above 0";
  return z.number({ error }).gt(0, { error });
}

/** A finite number of at least 1. */
export function atLeastOne() {
  const error = "expected a number of at least 1";
  return z.number({ error }).min(1, { error });
}

/** A finite number of at least 0. */
export function notNegative() {
  const error = "expected a number of at least 0";
  return z.number({ error }).min(0, { error });
}

/** true or false. */
export function flag() {
  return z.boolean({ error: "expected true or false" });
}

/** One of some words. */
export function word<const W extends readonly [string, ...string[]]>(words: W) {
  return z.enum(words, { error: `expected ${words.map((w) => `"${w}"`).join(" or ")}` });
}

/** A text that is not empty. */
export function text(what: string) {
  const error = `expected ${what}`;
  return z.string({ error }).min(1, { error });
}

/** A list in strictly increasing order. */
export function increasing<T extends z.ZodType<number>>(element: T, what: string) {
  return z.array(element, { error: `expected a list of ${what}` }).superRefine(
    (list, context) => {
      const values: unknown = list;
      if (!Array.isArray(values)) return;
      for (const [i, value] of (values as unknown[]).entries()) {
        const before: unknown = i === 0 ? undefined : values[i - 1];
        if (typeof value !== "number" || typeof before !== "number" || value > before) continue;
        if (!element.safeParse(before).success) continue; // wrong by itself, and nothing to compare with
        const message =
          value === before ? "expected each value once" : `expected a value above ${before} (the list must increase)`;
        context.addIssue({ code: "custom", message, path: [i] });
      }
    },
    { when: () => true }, // also when an element is wrong: all problems are told at once
  );
}

/** An increasing list that is not empty. */
export function increasingFractions(what: string) {
  return increasing(openFraction(), what).min(1, { error: `expected a list of ${what}` });
}

/** Ways to mend what people often write for a field, by the field's last name. */
const percentExamples: Readonly<Record<string, string>> = {
  sparsities: "sparsity is the share removed",
  rate: "rate is the share of the remaining weights that a round removes",
  p: "p is a share of the weights",
  alpha: "alpha is a probability",
};

/** The likely mistake behind a wrong value, if there is one. */
export function likelyMistake(path: Path, value: unknown): string | undefined {
  const field = path.findLast((part) => typeof part === "string");
  const share = typeof field === "string" && Object.hasOwn(percentExamples, field) ? percentExamples[field] : undefined;
  if (share !== undefined && typeof value === "number" && value > 1 && value < 100) {
    return `${share}; for ${value} % write ${Number((value / 100).toPrecision(12))}`;
  }
  if (share !== undefined && field === "sparsities" && (value === 0 || value === 1 || value === 100)) {
    return "a mask must remove some weights and keep some; the dense network is always trained and needs no sparsity";
  }
  if (field === "epoch" && value === 0) return "starting again from epoch 0 is the winning ticket: write ticket";
  if (typeof value !== "string") return undefined;
  if (/^(yes|no|on|off)$/i.test(value)) return "write true or false: in YAML 1.2 yes, no, on and off are texts";
  if (value.trim() !== "" && Number.isFinite(Number(value))) return "a number is written without quotes";
  const percent = /^(\d+(?:\.\d+)?) ?%$/.exec(value)?.[1];
  return percent === undefined ? undefined : `write ${Number((Number(percent) / 100).toPrecision(12))}`;
}
