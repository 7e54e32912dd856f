import type { Json } from "../core/canonical-json.ts";
import { type AdmmEpoch, CONVERGED_RESIDUAL, worstLayer } from "../pruners/admm.ts";
import { percent } from "../run/labels.ts";
import { listText } from "./format.ts";
import { cellsOf, type GroupCell, sameCell, variantLabel } from "./groups.ts";
import type { TextTable } from "./text-table.ts";
import type { AdmmResult, Results } from "./types.ts";

/** How far W and Z of an ADMM pruning were apart at its end, in the layer where they were farthest. */
export interface AdmmSummary {
  readonly layer: string;
  /** ||W - Z||_F / ||W||_F */
  readonly residual: number;
  readonly converged: boolean;
}

/** What the record of an ADMM stage says; undefined when it is none that was done. */
export function admmSummary(summary: Json | undefined): AdmmSummary | undefined {
  const admm = field(summary, "admm");
  const [layer, residual] = [field(admm, "layer"), field(admm, "residual")];
  if (typeof layer !== "string" || typeof residual !== "number") return undefined;
  return { layer, residual, converged: residual <= CONVERGED_RESIDUAL };
}

/** The warning about one pruning that has not converged. */
export function notConverged(what: string, { layer, residual }: AdmmSummary): string {
  return (
    `ADMM has not converged in ${what}: ||W - Z|| / ||W|| is ${residualText(residual)} in ${layer}, expected at most ` +
    `${residualText(CONVERGED_RESIDUAL)}; give it more epochsPerStage or stages, or another rho or lrFactor`
  );
}

/** All seeds of ADMM at one sparsity of one variant. */
export interface AdmmGroup {
  readonly variant: string;
  readonly cell: GroupCell;
  /** Those that are done. */
  readonly runs: readonly AdmmResult[];
  /** Seeds whose pruning diverged, failed or is missing. */
  readonly others: readonly AdmmResult[];
}

export function admmGroups(results: Results): readonly AdmmGroup[] {
  return results.spec.variants.flatMap(({ id }) => {
    const ofVariant = results.admm.filter(({ variant }) => variant === id);
    return cellsOf(ofVariant).map((cell) => {
      const all = ofVariant.filter((run) => sameCell(run.cell, cell));
      const runs = all.filter(({ status }) => status === "done");
      return { variant: id, cell, runs, others: all.filter((run) => !runs.includes(run)) };
    });
  });
}

/** The run and layer in which W ended farthest from Z. */
export function worstOf({ runs }: AdmmGroup): AdmmSummary | undefined {
  const worst = runs
    .flatMap(({ epochs }) => {
      const last = epochs.at(-1);
      return last === undefined ? [] : [worstLayer(last)];
    })
    .sort((a, b) => b.residual - a.residual)[0];
  return worst && { ...worst, converged: worst.residual <= CONVERGED_RESIDUAL };
}

/** One sentence for every variant and sparsity with a run that has not converged. */
export function admmWarnings(results: Results): readonly string[] {
  return admmGroups(results).flatMap((group) => {
    const worst = worstOf(group);
    if (worst === undefined || worst.converged) return [];
    const { pruning, sparsity } = group.cell;
    return [`${notConverged(`${variantLabel(results, group.variant)}, ${pruning} ${percent(sparsity)}`, worst)}.`];
  });
}

/** All of that in one sentence, for captions: `ADMM has not converged in lr 0.01, admm 90 %; lr 0.1, admm 70 % and 90 %.` */
export function admmNote(results: Results): string | undefined {
  const places = new Map<string, string[]>();
  for (const group of admmGroups(results)) {
    if (worstOf(group)?.converged ?? true) continue;
    const place = `${variantLabel(results, group.variant)}, ${group.cell.pruning}`;
    places.set(place, [...(places.get(place) ?? []), percent(group.cell.sparsity)]);
  }
  const parts = [...places].map(([place, sparsities]) => `${place} ${listText(sparsities)}`);
  return parts.length === 0 ? undefined : `ADMM has not converged in ${parts.join("; ")}.`;
}

/** Rows: variant and sparsity. */
export function admmTable(results: Results): TextTable {
  return {
    title: "ADMM: how far W is from Z at the end, ||W - Z|| / ||W|| of the worst layer and seed",
    columns: ["variant", "mask", "residual", "layer", "converged"],
    rows: admmGroups(results).map((group) => {
      const worst = worstOf(group);
      return [
        variantLabel(results, group.variant),
        `${group.cell.pruning} ${percent(group.cell.sparsity)}`,
        worst === undefined ? "-" : residualText(worst.residual),
        worst?.layer ?? "-",
        convergedText(group),
      ];
    }),
    heads: 2,
  };
}

/** `3 of 3`, and what became of seeds that are not done. */
export function convergedText({ runs, others }: AdmmGroup): string {
  const converged = runs.filter(({ epochs }) => {
    const last = epochs.at(-1);
    return last !== undefined && worstLayer(last).residual <= CONVERGED_RESIDUAL;
  }).length;
  const rest = others.map(({ seed, status }) => `seed ${seed} ${status}`);
  return [`${converged} of ${runs.length}`, ...rest].join(", ");
}

/** `1.2 %`, `0.034 %`: two digits. */
export function residualText(residual: number): string {
  return `${Number((100 * residual).toPrecision(2))} %`;
}

/** The epochs of a residuals file, checked. */
export function admmEpoch(line: Json): AdmmEpoch | undefined {
  const [epoch, rho, residuals] = [field(line, "epoch"), field(line, "rho"), field(line, "residuals")];
  if (typeof epoch !== "number" || typeof rho !== "number" || typeof residuals !== "object" || residuals === null)
    return undefined;
  const isComplete = Object.values(residuals).every((residual) => typeof residual === "number");
  return isComplete ? { epoch, rho, residuals: residuals as Readonly<Record<string, number>> } : undefined;
}

function field(value: Json | undefined, name: string): Json | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return (value as { readonly [key: string]: Json })[name];
}
