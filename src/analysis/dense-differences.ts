import { percent } from "../run/labels.ts";
import { summarize, tInterval } from "../stats/paired-t.ts";
import { pointsText, seedsText } from "./format.ts";
import type { ArmGroup } from "./groups.ts";

/**
 * What each variant's dense accuracy is above the first one's, paired by seed, with its t interval: the same seed has the same
 * initial weights, data order and augmentation in every variant. The interval is of one difference, not corrected for several.
 * @param dense dense groups with the variant's label, in the order of the spec
 * @param alpha 1 minus the level of the interval
 * @returns one sentence; undefined for one variant, or when no seed is done in two
 */
export function denseDifferenceSentence(
  dense: readonly { readonly label: string; readonly arms: ArmGroup["arms"] }[],
  alpha: number,
): string | undefined {
  const [first, ...others] = dense;
  if (first === undefined) return undefined;
  const parts = others.flatMap(({ label, arms }) => {
    const differences = arms.flatMap(({ seed, finalAccuracy }) => {
      const base = first.arms.find((arm) => arm.seed === seed)?.finalAccuracy;
      return base === undefined || finalAccuracy === undefined ? [] : [finalAccuracy - base];
    });
    return differences.length === 0 ? [] : [`${label} ${differenceText(differences, alpha)}`];
  });
  return parts.length === 0 ? undefined : `Against ${first.label}, paired by seed: ${parts.join("; ")}.`;
}

function differenceText(differences: readonly number[], alpha: number): string {
  const summary = summarize(differences);
  const interval = tInterval(summary, 1 - alpha);
  const details = [
    ...(interval === undefined
      ? []
      : [`${percent(1 - alpha)} CI ${pointsText(interval[0])} to ${pointsText(interval[1])}`]),
    seedsText(summary.n),
  ];
  return `${pointsText(summary.mean)} points (${details.join(", ")})`;
}
