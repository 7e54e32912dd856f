import { type AdmmSummary, residualText } from "../analysis/admm.ts";
import { CONVERGED_RESIDUAL } from "../pruners/admm.ts";

/** How an ADMM pruning ended whose mask a claim rests on. */
export interface AdmmPruning extends AdmmSummary {
  readonly lr: number;
  /** `admm 50 %`. */
  readonly mask: string;
  readonly seed: number;
}

/**
 * What must be said beside a claim that rests on masks of ADMM runs which had not converged: `Caution: 3 of 9 ADMM prunings behind this
 * have not converged (lr 0.1, admm 90 %: 3 of 3): ||W − Z|| / ||W|| ends at up to 46 %, in fc2.weight, expected at most 5 %.`
 * @param prunings each once; undefined where all have converged
 */
export function admmCaution(prunings: readonly AdmmPruning[]): string | undefined {
  const open = prunings.filter(({ converged }) => !converged);
  const worst = [...open].sort((a, b) => b.residual - a.residual)[0];
  if (worst === undefined) return undefined;
  const placeOf = ({ lr, mask }: AdmmPruning) => `lr ${lr}, ${mask}`;
  const places = [...new Set(open.map(placeOf))].map((place) => {
    const [some, all] = [open, prunings].map((of) => of.filter((one) => placeOf(one) === place).length);
    return `${place}: ${some} of ${all}`;
  });
  return (
    `Caution: ${open.length} of ${prunings.length} ADMM prunings behind this have not converged (${places.join("; ")}): ` +
    `||W − Z|| / ||W|| ends at up to ${residualText(worst.residual)}, in ${worst.layer}, expected at most ${residualText(CONVERGED_RESIDUAL)}.`
  );
}

/** Each pruning once, however many statements rest on its mask. */
export function distinctPrunings(all: readonly AdmmPruning[]): readonly AdmmPruning[] {
  return [...new Map(all.map((one) => [JSON.stringify([one.lr, one.mask, one.seed]), one])).values()];
}
