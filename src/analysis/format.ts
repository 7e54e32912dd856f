import type { Spread } from "./spread.ts";

/** `88.12`: an accuracy in percent of the test set, without the sign. */
export function accuracyText(accuracy: number): string {
  return accuracy.toFixed(2);
}

/** `+0.31`, `−1.80`, `0.00`: a difference of accuracies in percentage points. */
export function pointsText(difference: number): string {
  const text = Math.abs(difference).toFixed(2);
  if (text === "0.00") return text;
  return `${difference < 0 ? "−" : "+"}${text}`;
}

/** `20.4 %`: R_p or its null, with one decimal. */
export function rpText(share: number): string {
  return `${(100 * share).toFixed(1).replace("-", "−")} %`;
}

/** `2.3` or `340`: z with a decimal where it says something. */
export function zText(z: number): string {
  return z.toFixed(Math.abs(z) < 10 ? 1 : 0).replace("-", "−");
}

/** `0.012`, or `< 0.0001`. */
export function probabilityText(p: number): string {
  return p < 0.0001 ? "< 0.0001" : p.toPrecision(2);
}

/** `3 seeds`. */
export function seedsText(n: number): string {
  return `${n} ${n === 1 ? "seed" : "seeds"}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listText(items: readonly string[]): string {
  if (items.length < 2) return items.join("");
  return `${items.slice(0, -1).join(", ")} and ${items.at(-1) ?? ""}`;
}

/**
 * `88.12 ± 0.31`: mean and standard deviation over seeds; no ± for one seed.
 * @param expected seeds that there should be: ` (n 2)` is added when there are fewer
 */
export function spreadText({ n, mean, sd }: Spread, show: (value: number) => string, expected: number): string {
  // One value has no spread; a sign of it would be made up.
  const spread = sd === null ? show(mean) : `${show(mean).replace(/ %$/, "")} ± ${show(sd)}`;
  return n < expected ? `${spread} (n ${n})` : spread;
}
