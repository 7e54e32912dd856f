import { pointsText, probabilityText, seedsText } from "../analysis/format.ts";
import { percent } from "../run/labels.ts";
import type { Judged } from "../stats/proposition.ts";
import { effectOf, LEVEL } from "./rows.ts";
import type { ClaimStatement } from "./types.ts";

/** Which of the two p-values is meant: that of a statement, or that of its opposite. */
export type Side = "pHolds" | "pFails";

/** `lr 0.1, iterative 50 %, ticket − dense: −1.80 points (90 % CI −2.30 to −1.30; 3 seeds; asked: below −0.50; p 0.012)`. */
export function statementText({ label, proposition, ...evidence }: Judged<ClaimStatement>, side: Side): string {
  if (proposition.kind !== "statement") return label;
  const { statement } = proposition;
  const effect = effectOf(statement);
  if (effect === undefined) return label;
  const p = evidence[side];
  const details = [
    ...(effect.interval === null ? [] : [`${percent(LEVEL)} CI ${intervalText(effect.interval)}`]),
    `${seedsText(effect.n)}${statement.dropped === 0 ? "" : `, ${statement.dropped} left out`}`,
    `asked: ${askedText(statement)}`,
    p === null ? "no p-value" : `${side === "pFails" ? "p of the opposite" : "p"} ${probabilityText(p.raw)}`,
  ];
  const sides = statement.unit === "R_p points" ? sidesText(statement) : "";
  return `${label}: ${pointsText(effect.mean)} points${sides} (${details.join("; ")})`;
}

/** `−1.80 [−2.30, −1.30]`: effect and interval, for a table. */
export function effectText(statement: ClaimStatement | undefined): string {
  const effect = statement && effectOf(statement);
  if (effect === undefined) return "-";
  if (effect.interval === null) return pointsText(effect.mean);
  return `${pointsText(effect.mean)} [${intervalText(effect.interval).replace(" to ", ", ")}]`;
}

export function intervalText([low, high]: readonly [number, number]): string {
  return `${pointsText(low)} to ${pointsText(high)}`;
}

/** `above +0.50`, `within ±3.00`. */
export function askedText({ relation, bound }: Pick<ClaimStatement, "relation" | "bound">): string {
  return relation === "within" ? `within ±${bound.toFixed(2)}` : `${relation} ${pointsText(bound)}`;
}

/** R_p is never shown without its null. */
function sidesText({ sides }: ClaimStatement): string {
  return sides === undefined ? "" : `, ${sides[0].toFixed(1)} % against a null of ${sides[1].toFixed(1)} %`;
}

/**
 * The statement that an outcome hangs on. For `pFails` the one that refutes most strongly; for `pHolds` the weakest one that has to hold,
 * which is also what is most open. Under "any of" the mirror image. None where nothing was measured.
 */
export function decidingLeaf(judged: Judged<ClaimStatement>, side: Side): Judged<ClaimStatement> | undefined {
  const p = (part: Judged<ClaimStatement>) => part[side]?.raw ?? 1;
  let node = judged;
  while (node.proposition.kind !== "statement") {
    const isLargest = (node.proposition.kind === "all") === (side === "pHolds");
    const sorted = node.parts.filter(hasNumbers).sort((a, b) => p(a) - p(b));
    const next = isLargest ? sorted.at(-1) : sorted[0];
    if (next === undefined) return undefined;
    node = next;
  }
  return hasNumbers(node) ? node : undefined;
}

function hasNumbers({ proposition, parts }: Judged<ClaimStatement>): boolean {
  return proposition.kind === "statement" ? proposition.statement.differences.length > 0 : parts.some(hasNumbers);
}
